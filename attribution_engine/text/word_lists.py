"""The lists of words that token classes are read by: data, which a file of yours can replace."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from attribution_engine.records import InputError

SHIPPED: Final = Path(__file__).with_name("words.toml")
LONGEST: Final = 80  # characters of a word or phrase
MOST: Final = 5_000  # words of a list
# Sections of a file; what stands in [connectives] are groups of any name.
KEYS: Final[dict[str, tuple[str, ...]]] = {
    "connectives": (),
    "operators": ("signs", "joining", "commands"),
    "fences": ("prose",),
}

List = tuple[str, str, tuple[str, ...]]  # section, name, words


@dataclass(frozen=True, slots=True)
class WordLists:
    """Lists by section and name, in lower case."""

    lists: tuple[List, ...]

    def words(self, section: str, name: str = "") -> tuple[str, ...]:
        """The words of a list, or of all lists of a section."""
        return tuple(
            word
            for of, called, words in self.lists
            if of == section and name in ("", called)
            for word in words
        )

    def rows(self) -> list[dict[str, Any]]:
        """As the table `word_list` keeps them."""
        return [{"kind": of, "name": name, "words": words} for of, name, words in self.lists]


@cache
def shipped() -> WordLists:
    """The lists that ship with the project."""
    return _parsed(SHIPPED, ())


def load(path: Path) -> WordLists:
    """Lists of a file; a section that it leaves out is the shipped one.

    Raises:
        InputError: the file is missing, no TOML, or holds what is no list of words.
    """
    return _parsed(path, shipped().lists)


def from_rows(rows: Iterable[tuple[str, str, Iterable[str]]]) -> WordLists:
    """Lists as a store keeps them; the shipped ones where it keeps none."""
    found = tuple((section, name, tuple(words)) for section, name, words in rows)
    return WordLists(found) if found else shipped()


def _parsed(path: Path, missing: tuple[List, ...]) -> WordLists:
    raw = _read(path)
    for section in raw:
        if section not in KEYS:
            raise InputError(
                f"{path}: [{section}] is no section of word lists; known are "
                f"{', '.join(f'[{name}]' for name in KEYS)}"
            )
    found: list[List] = []
    for section in KEYS:
        if section in raw:
            found += _section(path, section, raw[section])
        found += [
            one
            for one in missing
            if one[0] == section
            and (section not in raw or (KEYS[section] and one[1] not in raw[section]))
        ]
    return WordLists(tuple(found))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: is not TOML: {reason}; correct that line") from None
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give the path of a file of word lists"
        ) from None


def _section(path: Path, section: str, values: Any) -> Iterator[List]:
    if not isinstance(values, dict) or (not values and section == "connectives"):
        raise InputError(
            f'{path}: [{section}] holds no list; add a line such as contrast = ["but", "yet"]'
        )
    group_of: dict[str, str] = {}
    for name, words in values.items():
        where = f"{path}: {section}.{name}"
        if KEYS[section] and name not in KEYS[section]:
            raise InputError(f"{where} is not a known list; known are {', '.join(KEYS[section])}")
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise InputError(f'{where} must be a list of texts such as ["but", "yet"]')
        if not words and section == "connectives":
            raise InputError(f"{where} is empty; fill it in or remove the line")
        if len(words) > MOST:
            raise InputError(f"{where} has {len(words)} words; the most is {MOST}")
        plain = tuple(" ".join(word.lower().split()) for word in words)
        for word in plain:
            _check(where, section, word)
            if word in group_of:
                raise InputError(
                    f"{where} has “{word}”, which stands in {group_of[word]} already; keep one"
                )
            group_of[word] = name
        yield section, name, plain


def _check(where: str, section: str, word: str) -> None:
    if not word:
        raise InputError(f"{where} has an empty word; remove it")
    if len(word) > LONGEST:
        raise InputError(f"{where} has a word of {len(word)} characters; the most is {LONGEST}")
    if not word.isprintable():
        raise InputError(f"{where} has a word with a sign that cannot be printed; remove it")
    if section == "operators" and " " in word:
        raise InputError(f"{where} has “{word}” with a blank inside; an operator has none")
    if where.endswith(".joining") and len(word) > 1:
        raise InputError(f"{where} has “{word}”; a sign that joins words is a single character")
