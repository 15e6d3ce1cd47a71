"""The reader is put together from many classes: none may take another's method away by chance."""

from __future__ import annotations

from collections import defaultdict

from attribution_engine.store.reader import StoreReader


def test_no_two_parts_of_the_reader_have_a_method_of_the_same_name() -> None:
    defined: dict[str, list[str]] = defaultdict(list)
    for part in StoreReader.__mro__[:-1]:
        for name in vars(part):
            if not name.startswith("__"):
                defined[name].append(part.__name__)
    assert {name: parts for name, parts in defined.items() if len(parts) > 1} == {}
