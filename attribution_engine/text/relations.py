"""How a document relates to a query, by rules: what it shares with the prompt and the working."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from attribution_engine.text.code_regions import code_regions
from attribution_engine.text.procedures import READ_AT_MOST, Worked, procedure_of, worked

WORDING: Final = 5  # words in a row that are the prompt's, numbers being alike
SHARED_WORDS: Final = 3  # different words of the prompt that say that two texts are about one thing
ABOUT: Final = 2  # different words of mathematics that make a text one about mathematics
# In the order in which they are listed; what each means, as a reader is told.
RELATIONS: Final[dict[str, str]] = {
    "formula": "states the procedure of the query with names (two or more) instead of numbers, "
    "outside of code",
    "code": "carries out the procedure of the query in program code",
    "same steps": "works the procedure of the query through on numbers, outside of code",
    "same sum": "holds a sum of the query with the same numbers",
    "other sums": "holds sums outside of code, none of them the procedure",
    "other code that computes": "holds code that computes, but not the procedure",
    "code that does not compute": "holds code without a sum",
    "mathematics in words": "speaks of mathematics without a sum",
    "same wording": f"has {WORDING} words in a row from the prompt, any number for any other",
    "same words only": "shares words with the prompt, and nothing of the above",
    "nothing of these": "none of the above",
}
PROCEDURE: Final = ("formula", "code")  # what Procedural counts: in code or as a formula
_WORD: Final = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")
_MATHEMATICS: Final = frozenset(
    "algebra angle arithmetic average bracket calculate coefficient denominator difference digit "
    "divide divided divisible division divisor equation equations even formula fraction geometry "
    "gradient integer integers mathematics maths matrix multiply multiplied multiplication number "
    "numbers numerator odd percent plus polynomial prime probability product proof quotient ratio "
    "remainder slope solve square subtract subtraction sum theorem times triangle unknown "
    "variable".split()
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for of a query.

    Attributes:
        procedure: the way to its result, of two operations at least; None where none is known.
        sums: those of its prompt and completion, of numbers, as they are written.
        wordings: runs of `WORDING` words of its prompt; words: of its prompt, of four letters at
            least; both without what is common to the prompts of most suites.
    """

    procedure: Worked | None
    sums: frozenset[str]
    wordings: frozenset[tuple[str, ...]]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """What is known of a document, whatever the query.

    Attributes:
        shapes: of its sums, with one of them as it is written; keys are (shape, names among its
            operands, whether in code), two names standing for more.
        sums: of numbers, as they are written.
    """

    shapes: dict[tuple[str, int, bool], str]
    sums: frozenset[str]
    has_code: bool
    wordings: frozenset[tuple[str, ...]]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Common:
    """Words and runs of words that say nothing of one task: those of most suites' prompts."""

    wordings: frozenset[tuple[str, ...]] = frozenset()
    words: frozenset[str] = frozenset()


def common_to_all(prompts: Iterable[tuple[str, str]]) -> Common:
    """What prompts of more than half of the suites hold ("Question: … Think step by step").

    Args:
        prompts: (suite, prompt).
    """
    wordings: dict[tuple[str, ...], set[str]] = {}
    words: dict[str, set[str]] = {}
    known: set[str] = set()
    for suite, prompt in prompts:
        known.add(suite)
        mine = _words(prompt)
        for run in _wordings(mine):
            wordings.setdefault(run, set()).add(suite)
        for word in mine:
            words.setdefault(word, set()).add(suite)
    most = max(1.0, len(known) / 2)
    return Common(
        frozenset(run for run, suites in wordings.items() if len(suites) > most),
        frozenset(word for word, suites in words.items() if len(suites) > most),
    )


def asked(prompt: str, completion: str, common: Common | None = None) -> Asked:
    """What is looked for of a query."""
    shared = common or Common()
    words = _words(prompt)
    whole = f"{prompt}\n{completion}"
    sums = worked(whole)
    return Asked(
        procedure_of(whole, sums),
        frozenset(one.written for one in sums if one.of_numbers),
        _wordings(words) - shared.wordings,
        frozenset(word for word in words if len(word) > 3 and word.isalpha()) - shared.words,
    )


def read_document(text: str) -> ReadDocument:
    """What a document holds that relations go by; its first `READ_AT_MOST` characters count."""
    text = text[:READ_AT_MOST]
    code = code_regions(text)
    sums = worked(text, code)
    shapes: dict[tuple[str, int, bool], str] = {}
    for one in sums:
        shapes.setdefault((one.shape, min(one.n_names, 2), one.in_code), one.written)
    words = _words(text)
    return ReadDocument(
        shapes,
        frozenset(one.written for one in sums if one.of_numbers),
        bool(code[0]),
        _wordings(words),
        frozenset(words),
    )


def relations(query: Asked, document: ReadDocument) -> dict[str, str]:
    """The relations of a document to a query, each with what shows it, as written; never empty."""
    found: dict[str, str] = {}
    shape = query.procedure.shape if query.procedure is not None else ""
    for (one, n_names, in_code), written in document.shapes.items():
        # A sum of one name is an equation to be solved, or a result with its unit: no formula.
        if one == shape and (in_code or n_names != 1):
            name = "code" if in_code else "formula" if n_names else "same steps"
            found.setdefault(name, written)
    if same := sorted(query.sums & document.sums):
        found["same sum"] = same[0]
    if not found.keys() & {"formula", "same steps", "same sum"}:
        sums = [text for (_, n_names, code), text in document.shapes.items()
                if not n_names and not code]  # fmt: skip
        if sums:
            found["other sums"] = sums[0]
    if "code" not in found and document.has_code:
        code = [text for (_, _, in_code), text in document.shapes.items() if in_code]
        found["other code that computes" if code else "code that does not compute"] = (
            code[0] if code else ""
        )
    about = sorted(_MATHEMATICS & document.words)
    if len(about) >= ABOUT and not document.shapes:
        found["mathematics in words"] = ", ".join(about[:5])
    if alike := sorted(query.wordings & document.wordings):
        found["same wording"] = " ".join(alike[0])
    shared = sorted(query.words & document.words)
    if not found and len(shared) >= min(SHARED_WORDS, max(1, len(query.words))):
        found["same words only"] = ", ".join(shared[:5])
    return found or {"nothing of these": ""}


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _wordings(words: list[str]) -> frozenset[tuple[str, ...]]:
    """Runs of words, numbers being alike; not runs that are mostly numbers."""
    masked = ["#" if word[0].isdigit() else word for word in words]
    runs = zip(*(masked[first:] for first in range(WORDING)))
    return frozenset(run for run in runs if run.count("#") * 2 <= WORDING)
