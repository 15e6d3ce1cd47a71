"""One table of a TOML file: typed reads that say in one line where a value is wrong."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attribution_engine.records import InputError

LARGEST = 2**31 - 1  # what the store's INTEGER columns hold


class Section:
    """One table of the TOML file: typed reads that say where a value is wrong."""

    def __init__(self, file: Path, name: str, values: dict[str, Any], known: Sequence[str]) -> None:
        self.file = file
        self.name = name
        self.values = values
        for key in values:
            if key not in known:
                raise self.error(key, f"is not a known key; {_nearest(key, known)}")

    def error(self, key: str, problem: str) -> InputError:
        """One line: file, dotted key, what is wrong and the mend."""
        dotted = f"{self.name}.{key}" if self.name else key
        return InputError(f"{self.file}: {dotted} {problem}")

    def string(self, key: str, default: str | None = None) -> str | None:
        value = self.values.get(key, default)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.error(key, f"must be text in quotes, not {_kind(value)}")
        if not value and key not in ("separator", "notes"):
            raise self.error(key, "is empty; fill it in or remove the line")
        return value

    def required(self, key: str, example: str) -> str:
        value = self.string(key)
        if value is None:
            raise self.error(key, f"is missing; add a line such as {key} = {example}")
        return value

    def choice(self, key: str, default: str, choices: Sequence[str]) -> str:
        value = self.string(key) or default
        if value not in choices:
            raise self.error(key, f'= "{value}" is unknown; choose one of {listed(choices)}')
        return value

    def integer(self, key: str, default: int | None, least: int) -> int | None:
        value = self.values.get(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(key, f"must be a whole number, not {_kind(value)}")
        if value < least:
            raise self.error(key, f"= {value} is too small; the least is {least}")
        if value > LARGEST:
            raise self.error(key, f"= {value} is too large; the most is {LARGEST}")
        return value

    def number(self, key: str, default: float) -> float:
        """A finite number above 0."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"must be a number, not {_kind(value)}")
        if not (value > 0 and math.isfinite(value)):
            raise self.error(key, f"= {value} must be a finite number above 0")
        return float(value)

    def strings(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(key, 'must be a list of texts such as ["one", "two"]')
        if len(set(value)) < len(value):
            raise self.error(key, "names something twice; name each once")
        return tuple(value)


def listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names) or "none"


def _nearest(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def _kind(value: Any) -> str:
    """A TOML value's type in a reader's words."""
    names = {bool: "true or false", str: "text", list: "a list", dict: "a section"}
    for type_, name in names.items():
        if isinstance(value, type_):
            return name
    return f"the number {value}" if isinstance(value, int | float) else "a date or time"
