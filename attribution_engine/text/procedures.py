"""The procedure that a text works out or states: its sums, put together by their results.

"7 - 4 = 3. Then 3 * 9 = 27" is worked as (7 - 4) * 9, whose shape is ((# - #) * #). A document that
says m = (y2 - y1) / (x2 - x1), or in code dy = y2 - y1; dx = x2 - x1; return dy / dx, states the
procedure of every slope between two points, on whatever numbers.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from attribution_engine.text.code_regions import Region, code_regions
from attribution_engine.text.expressions import NUMBER, OPERATOR, plain

READ_AT_MOST: Final = 200_000  # characters of a text, from its beginning
BACK: Final = 4  # sums back to which a result is followed
LARGEST: Final = 6  # operations of a procedure
LONGEST: Final = 40  # tokens of one side of an equation
_NAME_IN_CODE: Final = r"[A-Za-z_][\w.]*(?:\[[^\[\]\n]{1,12}\])?"
_NAME_IN_PROSE: Final = r"[A-Za-z](?:_?[0-9]|_[A-Za-z])?(?![A-Za-z])"
_SCAN: Final = {
    is_code: re.compile(
        rf"(?P<number>{NUMBER})|(?P<name>{name})|(?P<sign>{OPERATOR})|(?P<bracket>[()])"
        rf"|(?P<equals>==?|:=|≈)|(?P<space>[ \t]+)|(?P<other>[^\W\d_]+|[\s\S])"
    )
    for is_code, name in ((True, _NAME_IN_CODE), (False, _NAME_IN_PROSE))
}
_FRACTION: Final = re.compile(r"\\[dt]?frac\s*\{([^{}]{1,60})\}\s*\{([^{}]{1,60})\}")
_SUBSCRIPT: Final = re.compile(r"_\{(\w)\}")
_LAST_NUMBER: Final = re.compile(rf"(-?{NUMBER})(?!.*\d)", re.DOTALL)
_SIGNS: Final = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "/", ast.Mod: "%",
    ast.Pow: "^",
}  # fmt: skip

# A leaf is a number or a name as written; a node is (sign, left, right).
Tree = str | tuple[str, "Tree", "Tree"]
CodeRegions = tuple[list[Region], list[Region]]  # code, and the fences around it


@dataclass(frozen=True, slots=True)
class Worked:
    """One sum of a text, its operands followed back to the sums whose results they are.

    Attributes:
        shape: with # for every operand, as ((#-#)*#).
        written: with its operands.
        n_operations: at least 1.
        n_names: different names among the operands; 0: it is of numbers.
        in_code: whether it stands in program code.
        result: the number that it is said to equal; empty where none is said.
    """

    shape: str
    written: str
    n_operations: int
    n_names: int
    in_code: bool
    result: str = ""

    @property
    def of_numbers(self) -> bool:
        """Whether every operand is a number."""
        return self.n_names == 0


def worked(text: str, code: CodeRegions | None = None) -> list[Worked]:
    """Every sum of a text, in its order, code after what stands outside of it.

    Args:
        text: `READ_AT_MOST` characters of it are read.
        code: its `code_regions`, where they are known.
    """
    text = text[:READ_AT_MOST]
    regions, fences = code or code_regions(text)
    prose, at = [], 0
    for start, end in sorted((one.start, one.end) for one in (*regions, *fences)):
        prose.append(text[at:start])
        at = max(at, end)
    prose.append(text[at:])
    found = list(_worked("\n".join(prose), False))
    for region in regions:
        found += _worked(text[region.start : region.end], True)
    return found


def procedure_of(text: str, sums: Sequence[Worked] | None = None) -> Worked | None:
    """The longest way on numbers to the result of a text, its last number; None if of one step.

    Where no sum leads to that number, the longest of all.

    Args:
        sums: those of the text, where they are known.
    """
    known = [
        one
        for one in (worked(text) if sums is None else sums)
        if one.of_numbers and one.n_operations >= 2
    ]
    last = _LAST_NUMBER.search(plain(text))
    to_result = [one for one in known if last is not None and one.result == last[1]]
    return max(to_result or known, key=lambda one: one.n_operations, default=None)


def _worked(text: str, in_code: bool) -> Iterator[Worked]:
    """The sums of a piece that is all code or all prose."""
    results: deque[tuple[str, Tree]] = deque(maxlen=BACK)
    for sides in _equations(_spelt(text), in_code):
        trees = [_tree(side) for side in sides]
        latest = dict(results)
        made = [_with(tree, latest) if isinstance(tree, tuple) else tree for tree in trees]
        stated = [one for one in trees if isinstance(one, str) and _is_number(one)]
        for tree, whole in zip(trees, made):
            if isinstance(tree, tuple) and isinstance(whole, tuple):
                n = _n_operations(whole)
                if n > LARGEST:
                    whole, n = tree, _n_operations(tree)
                if n > LARGEST:
                    continue
                names = {leaf.lstrip("-") for leaf in _leaves(whole) if not _is_number(leaf)}
                said = stated[-1] if stated else ""
                yield Worked(_shape(whole), _written(whole), n, len(names), in_code, said)
        sums = [tree for tree in made if isinstance(tree, tuple)]
        for place, leaf in enumerate(trees):
            if not isinstance(leaf, str) or not sums:
                continue
            if _is_number(leaf):
                # y2 - y1 = 3 - 4 = -1: the sum of numbers is the way to it; an equation to be
                # solved, 7x + 5 = 19, is no way to 19.
                of_numbers = [one for one in sums if _of_numbers(one)]
                results += [(leaf, of_numbers[-1])] if of_numbers else []
            elif place == 0:  # x = …, not … = c, which says nothing of how c comes about
                results.append((leaf, sums[-1]))


def _spelt(text: str) -> str:
    text = _SUBSCRIPT.sub(r"_\1", text)
    for _ in range(2):  # a fraction within a fraction
        text = _FRACTION.sub(r"((\1) / (\2))", text)
    return plain(text)


def _equations(text: str, in_code: bool) -> Iterator[list[tuple[str, ...]]]:
    """Sides of every equation, or the one side of a sum that equals nothing."""
    sides: list[list[str]] = [[]]
    last = ""
    for match in _SCAN[in_code].finditer(text):
        kind, token = match.lastgroup, match.group()
        if kind == "space":
            continue
        joins = kind in ("number", "name") and last in ("number", "name")
        called = token == "(" and last == "name"
        if joins and last == "number" and kind == "name" and text[match.start() - 1] != " ":
            sides[-1].append("*")  # 7x
        elif kind == "other" or joins or called:
            if any(sides):
                yield [tuple(side) for side in sides]
            sides = [[]]
        if kind == "equals":
            sides.append([])
        elif kind != "other":
            sides[-1].append(token)
        last = kind or ""
    if any(sides):
        yield [tuple(side) for side in sides]


@lru_cache(maxsize=65_536)
def _tree(tokens: tuple[str, ...]) -> Tree | None:
    """What the tokens of a side say, dangling signs and brackets left out."""
    if not 1 <= len(tokens) <= LONGEST:
        return None
    tokens = _trimmed(tokens)
    leaves: list[str] = []
    parts = []
    for token in tokens:
        if token[0].isalnum() or token[0] == "_":
            leaves.append(token)
            parts.append(f"v{len(leaves) - 1}")
        else:
            parts.append("**" if token == "^" else token)
    if not leaves:
        return None
    try:
        return _read(ast.parse(" ".join(parts), mode="eval").body, leaves)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _trimmed(tokens: tuple[str, ...]) -> tuple[str, ...]:
    kept = list(tokens)
    while kept and (kept[-1] not in ")" and not (kept[-1][0].isalnum() or kept[-1][0] == "_")):
        kept.pop()
    while kept and kept[0] in ("*", "/", "//", "%", "^", "**", ")", "+"):
        kept.pop(0)
    while kept and kept.count("(") > kept.count(")") and kept[0] == "(":
        kept.pop(0)
    while kept and kept.count(")") > kept.count("(") and kept[-1] == ")":
        kept.pop()
    return tuple(kept)


def _read(node: ast.expr, leaves: list[str]) -> Tree:
    if isinstance(node, ast.Name):
        return leaves[int(node.id[1:])]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _read(node.operand, leaves)
        return f"-{inner}" if isinstance(inner, str) else inner
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        return _SIGNS[type(node.op)], _read(node.left, leaves), _read(node.right, leaves)
    raise ValueError("no sum")


def _with(tree: Tree, results: dict[str, Tree]) -> Tree:
    """A sum whose operands are the sums that they are results of, the latest of each."""
    if isinstance(tree, str):
        return results.get(tree, tree)
    return tree[0], _with(tree[1], results), _with(tree[2], results)


def _n_operations(tree: Tree) -> int:
    return 0 if isinstance(tree, str) else 1 + _n_operations(tree[1]) + _n_operations(tree[2])


def _leaves(tree: Tree) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    else:
        yield from _leaves(tree[1])
        yield from _leaves(tree[2])


def _is_number(leaf: str) -> bool:
    return leaf.lstrip("-")[:1].isdigit()


def _of_numbers(tree: Tree) -> bool:
    return all(map(_is_number, _leaves(tree)))


def _shape(tree: Tree) -> str:
    return "#" if isinstance(tree, str) else f"({_shape(tree[1])}{tree[0]}{_shape(tree[2])})"


def _written(tree: Tree, whole: bool = True) -> str:
    if isinstance(tree, str):
        return tree
    text = f"{_written(tree[1], False)} {tree[0]} {_written(tree[2], False)}"
    return text if whole else f"({text})"
