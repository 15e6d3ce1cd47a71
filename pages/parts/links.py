"""The address of a view: what is looked at, kept over page switches, reloads and the back button.

Every field of the view is written to the address, defaults too, so that a link says exactly what
its sender saw. Widgets read the view and change it in their callbacks; nothing else is bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, cast
from urllib.parse import urlencode

import streamlit as st

from attribution_engine.store.comparison_views import PLOTS, TOPS, Plot
from attribution_engine.store.views import DocumentFilter, Score, Side, Unit

VIEW, WRITTEN, ACTED = "view", "address as written", "a widget was used"
LISTS = frozenset({"source", "domain", "category", "difficulty", "marks", "kind"})
DEFAULTS: dict[str, Any] = {
    "run": "",
    "query": "",
    "side": "helpful",
    "score": "influence",
    "source": [],
    "domain": [],
    "category": [],
    "difficulty": [],
    "text": "",
    "place": "1",
    "doc": "",
    "alignment": "predicted",
    "marks": ["connective", "code"],
    "unit": "per_nat",
    "kind": [],
    "suite": "",
    "task": "",
    "find": "",
    "mine": "",
    "other": "",
    "plot": "rank_log",
    "top": "10",
    "spread": "mean",
    "share": "",
}
ALLOWED: dict[str, tuple[str, ...]] = {
    "side": ("helpful", "harmful"),
    "score": ("influence", "per_nat", "normed"),
    "alignment": ("predicted", "update"),
    "unit": ("per_nat", "influence"),
    "mine": ("", "1"),
    "plot": PLOTS,
    "top": tuple(map(str, TOPS)),
    "spread": ("mean", "seeds", "query"),
}
RANKING_PAGE = 50  # documents
MARKS = ("connective", "code", "markdown", "number", "operator")
SHARED = ("run", "query", "side", "suite", "task", "find")
FILTERS = ("source", "domain", "category", "difficulty", "text")
RANKING = (*SHARED, "score", *FILTERS, "place")
FIELDS: dict[str, tuple[str, ...]] = {
    "overview": SHARED,
    "rankings": RANKING,
    "document": (*RANKING, "doc", "alignment", "marks"),
    "rank_curves": (*SHARED, "unit", "kind", "mine"),
    "compare": (*SHARED, "other", "plot", "top", "doc"),
    "trust": (*SHARED, "spread", "share"),
    "method": SHARED,
}


def view() -> MutableMapping[str, Any]:
    """The fields of the view of this session."""
    return cast(MutableMapping[str, Any], st.session_state.setdefault(VIEW, dict(DEFAULTS)))


def arrive(page: str) -> None:
    """Takes the view over from the address if someone followed a link or went back.

    Not when a widget was used: the browser may then still send the address of a moment ago.
    """
    if st.session_state.pop(ACTED, False):
        return
    arrived = {name: st.query_params.get_all(name) for name in st.query_params}
    if not arrived or arrived == st.session_state.get(WRITTEN):
        return
    for name in FIELDS[page]:
        values = arrived.get(name)
        if name in LISTS:
            # An empty list is written as one empty value: a missing field means the default.
            chosen: Any = DEFAULTS[name] if values is None else [v for v in values if v]
        else:
            chosen = values[-1] if values else DEFAULTS[name]
            if name in ALLOWED and chosen not in ALLOWED[name]:
                chosen = DEFAULTS[name]
        view()[name] = chosen
    view()["place"] = str(max(1, number("place") or 1))
    view()["marks"] = [mark for mark in view()["marks"] if mark in MARKS]


def keep(page: str) -> None:
    """Writes the view to the address."""
    address = address_of(page)
    if {name: st.query_params.get_all(name) for name in st.query_params} != address:
        st.query_params.from_dict(address)
    st.session_state[WRITTEN] = address


def address_of(page: str, **changes: Any) -> dict[str, list[str]]:
    """The address of a page with this view, some fields changed."""
    fields: Mapping[str, Any] = {**view(), **changes}
    return {
        name: [str(v) for v in fields[name]] or [""] if name in LISTS else [str(fields[name])]
        for name in FIELDS[page]
    }


def go(page: str, **changes: Any) -> None:
    """Opens another page, some fields of the view changed."""
    view().update(changes)
    st.switch_page(f"pages/{page}.py", query_params=address_of(page))


def change(name: str, key: str, resets: Iterable[str] = ()) -> None:
    """Callback of a widget: takes its value over, and puts other fields back to their default."""
    value = st.session_state[key]
    put(**{name: DEFAULTS[name] if value is None else value})
    put(**{other: DEFAULTS[other] for other in resets})


def put(**changes: Any) -> None:
    """Changes the view, in the callback of a widget."""
    view().update(changes)
    st.session_state[ACTED] = True


def show(key: str, value: Any) -> None:
    """Gives a widget the value of the view.

    Only where it differs: setting it again would throw away what someone is typing meanwhile.
    """
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def side() -> Side:
    """The chosen end of the ranking."""
    return cast(Side, view()["side"])


def score() -> Score:
    """The chosen score of the ranking."""
    return cast(Score, view()["score"])


def unit() -> Unit:
    """The chosen unit of the rank curves."""
    return cast(Unit, view()["unit"])


def plot() -> Plot:
    """The chosen plot of the comparison."""
    return cast(Plot, view()["plot"])


def number(name: str) -> int | None:
    """A field that holds a whole number; None if it holds anything else."""
    value = str(view()[name])
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def only() -> DocumentFilter:
    """The filter of the ranking."""
    fields = view()
    return DocumentFilter(
        tuple(fields["source"]),
        tuple(fields["domain"]),
        tuple(fields["category"]),
        tuple(fields["difficulty"]),
        fields["text"].strip(),
    )


def href(page: str, **changes: Any) -> str:
    """A link to a page with this view, some fields changed."""
    return f"{page}?{urlencode(address_of(page, **changes), doseq=True)}"
