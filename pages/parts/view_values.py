"""What the fields of a view mean, apart from any session: the same for pages and for notes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import DocumentFilter
from pages.parts import wording
from pages.parts.view_fields import (
    ABSENT,
    ALLOWED,
    DEFAULTS,
    FIELDS,
    LISTS,
    MARKS,
    OF_ONE_RUN,
    ONLY_IF_SET,
)

Fields = Mapping[str, Any]
LACKED = {"per_nat": "per-nat", "normed": "norm-corrected"}
LOOKS_LIKE_NUMBER = re.compile(r"#?([0-9]{1,9})")


def fields_of(page: str, present: str) -> tuple[str, ...]:
    """The fields of a page's address; one that is presented keeps the tags it was chosen by."""
    return (*FIELDS.get(page, ()), *ONLY_IF_SET, *(["tag"] if present else []))


def taken(
    page: str, address: Mapping[str, list[str]], before: Fields
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """A view changed to what an address of a page says, and what that asks for in vain.

    Fields that the page does not have stay as they were before; where the address is of another
    run, those that mean something in one run only are open again.
    """
    fields: dict[str, Any] = {
        name: list(value) if name in LISTS else value for name, value in before.items()
    }
    if "run" in address and address["run"][-1:] != [before["run"]]:
        fields.update({name: DEFAULTS[name] for name in OF_ONE_RUN})
    problems = [(name, "") for name in address if name not in DEFAULTS]
    for name in fields_of(page, "".join(address.get("present", []))):
        values = address.get(name)
        if name in LISTS:
            # An empty list is written as one empty value: a missing field is of an older link.
            fields[name] = list(ABSENT[name]) if values is None else [v for v in values if v]
            continue
        fields[name] = values[-1] if values else ABSENT[name]
        if name in ALLOWED and fields[name] not in ALLOWED[name]:
            problems.append((name, fields[name]))
            fields[name] = ABSENT[name]
    for name in (name for name in ("place", "low", "high", "group", "span") if fields[name]):
        if not _is_written_right(fields, name):
            problems.append((name, fields[name]))
            fields[name] = DEFAULTS[name]
    problems += [("marks", mark) for mark in fields["marks"] if mark not in MARKS]
    fields["marks"] = [mark for mark in fields["marks"] if mark in MARKS]
    return fields, problems


def _is_written_right(fields: Fields, name: str) -> bool:
    if name in ("low", "high"):
        return real(fields, name) is not None
    if name == "span":
        return passage(fields) is not None
    found = number(fields, name)
    return found is not None and (name != "place" or found > 0)


def number(fields: Fields, name: str) -> int | None:
    """A field that holds a whole number; None if it holds anything else."""
    value = str(fields[name])
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def real(fields: Fields, name: str) -> float | None:
    """A field that holds a finite number; None if it holds anything else."""
    try:
        value = float(fields[name])
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def passage(fields: Fields) -> tuple[int, int] | None:
    """The characters (start, end) of the document that the field `span` names."""
    start, _, end = str(fields["span"]).partition("-")
    if not all(part.isascii() and part.isdecimal() for part in (start, end)):
        return None
    # No further than this, and no longer to read: a link may hold millions of digits.
    if max(len(start), len(end)) > 20:
        return None
    return (int(start), int(end)) if int(start) < int(end) < 10**9 else None


def only(fields: Fields) -> DocumentFilter:
    """The filter of the ranking."""
    return DocumentFilter(
        sources=tuple(fields["source"]),
        domains=tuple(fields["domain"]),
        categories=tuple(fields["category"]),
        difficulties=tuple(fields["difficulty"]),
        text=fields["text"].strip(),
        behaviours=tuple(fields["behaviour"]),
        correct={"yes": True, "no": False}.get(fields["correct"]),
        with_answer=fields["answer"] == "1",
        low=real(fields, "low"),
        high=real(fields, "high"),
        group=number(fields, "group"),
    )


def folds(fields: Fields) -> bool:
    """Whether near-duplicates stand behind the first of them."""
    return bool(fields["fold"] == "1" and not fields["group"])


def known_to(
    reader: StoreReader, fields: Fields, asks_unit: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """The fields to change since a run does not have what they ask for, and what that was.

    Each line goes on from "This link" or the like.

    Args:
        asks_unit: the unit is asked for; otherwise it is only what a view starts with.
    """
    choices = reader.filter_choices()
    changes: dict[str, Any] = {}
    said = []
    for name, known in (
        ("source", choices.sources),
        ("domain", choices.domains),
        ("category", choices.categories),
        ("difficulty", choices.difficulties),
        ("behaviour", choices.behaviours),
    ):
        said += [
            f"asks for {name} “{value}”, which this run does not have."
            for value in fields[name]
            if value not in known
        ]
        changes[name] = [one for one in fields[name] if one in known]
    method = wording.method(reader.run().method)
    for name in ("score", "unit"):
        if fields[name] in method.lacks:
            if name == "score" or asks_unit:
                said.append(
                    f"asks for the {LACKED[fields[name]]} score, which {method.name} does not have."
                )
            changes[name] = "influence"
    if fields["relation"] and reader.relations_about() is None:
        said.append(
            f"asks for documents with the relation “{fields['relation']}”, and this run's store "
            "holds no relations."
        )
        changes["relation"] = ""
    suites = {one.suite: one.tasks for one in reader.suites()}
    suite = fields["suite"]
    if suite not in ("", *suites):
        said.append(f"asks for suite “{suite}”, which is not in this run.")
        changes["suite"] = changes["task"] = ""
    elif fields["task"] not in ("", *suites.get(suite, ())):
        where = f"not in suite “{suite}”" if suite else "of a suite that it does not name"
        said.append(f"asks for task “{fields['task']}”, which is {where}.")
        changes["task"] = ""
    return changes, said
