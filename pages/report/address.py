"""The view that an address means, without a session: what `links` reads, for notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from attribution_engine.store.comparison_views import Plot
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import DocumentFilter, Score, Side, Unit
from pages.parts import view_values
from pages.parts.view_fields import DEFAULTS


@dataclass(frozen=True, slots=True)
class View:
    """The fields of a view; `view[name]` is a field as the address has it."""

    page: str
    fields: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    @property
    def side(self) -> Side:
        """The chosen end of the ranking."""
        return cast(Side, self["side"])

    @property
    def score(self) -> Score:
        """The chosen score of the ranking."""
        return cast(Score, self["score"])

    @property
    def unit(self) -> Unit:
        """The chosen unit of the rank curves."""
        return cast(Unit, self["unit"])

    @property
    def plot(self) -> Plot:
        """The chosen plot of the comparison."""
        return cast(Plot, self["plot"])

    @property
    def folds(self) -> bool:
        """Whether near-duplicates stand behind the first of them."""
        return view_values.folds(self.fields)

    @property
    def passage(self) -> tuple[int, int] | None:
        """The characters (start, end) that the field `span` names."""
        return view_values.passage(self.fields)

    @property
    def only(self) -> DocumentFilter:
        """The filter of the ranking."""
        return view_values.only(self.fields)

    def number(self, name: str) -> int | None:
        """A field that holds a whole number; None if it holds anything else."""
        return view_values.number(self.fields, name)


def view_of(page: str, address: Mapping[str, list[str]]) -> View:
    """The view of an address; what no field can hold is as if it were not there."""
    return View(page, view_values.taken(page, address, DEFAULTS)[0])


def view_in(reader: StoreReader, view: View) -> tuple[View, str]:
    """A view without what a run does not have, and in words what that is."""
    changes, said = view_values.known_to(reader, view.fields)
    words = " ".join(f"This view {line} It is left out." for line in said)
    return replace(view, fields={**view.fields, **changes}), words
