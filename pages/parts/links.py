"""The address of a view: what is looked at, kept over page switches, reloads and the back button.

Every field of the view is written to the address, defaults too, so that a link says exactly what
its sender saw. Widgets read the view and change it in their callbacks; nothing else is bound.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, MutableMapping
from typing import Any, cast
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from attribution_engine.store.comparison_views import Plot
from attribution_engine.store.views import DocumentFilter, Score, Side, Unit
from pages.parts import view_values
from pages.parts.view_fields import (
    DEFAULTS,
    FIELDS,
    FILTERS,
    LISTS,
    MARKS,
    OF_ONE_RUN,
    RANKING_PAGE,
    SETTLED_BY_PAGES,
)

__all__ = [
    "DEFAULTS",
    "FIELDS",
    "FILTERS",
    "MARKS",
    "OF_ONE_RUN",
    "RANKING_PAGE",
    "SETTLED_BY_PAGES",
]

VIEW, WRITTEN, ACTED = "view", "address as written", "a widget was used"
DRAWN, SETTLED = "address that the page is drawn with", "address that a page has settled"
PROBLEMS = "what a link asked for in vain"
WENT = "address that the browser went back or forward to"
GIVEN = "values given to widgets"


def view() -> MutableMapping[str, Any]:
    """The fields of the view of this session."""
    return cast(MutableMapping[str, Any], st.session_state.setdefault(VIEW, dict(DEFAULTS)))


def went() -> bool:
    """Whether this run is drawn because the browser went back or forward in its history."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def arrive(page: str) -> None:
    """Takes the view over from the address if someone followed a link or went back.

    Not when a widget was used: the browser may then still send the address of a moment ago. Who
    goes back gets what the address says, whatever was used, written or half drawn before.
    """
    # Its own for each run: the one before, stopped but not yet at its end, may write to its own.
    st.session_state[VIEW] = dict(view())
    st.session_state.pop(DRAWN, None)
    acted = st.session_state.pop(ACTED, False)
    arrived = {name: st.query_params.get_all(name) for name in st.query_params}
    if went():
        st.session_state[WENT] = _last_step()[0] + 1, page, arrived
    elif acted:
        st.session_state.pop(PROBLEMS, None)  # said once; now something else is looked at
        return
    elif arrived == st.session_state.get(WRITTEN):
        return
    if arrived:
        take(page, arrived)


def take(page: str, address: Mapping[str, list[str]]) -> None:
    """Makes the view what an address of a page says; keeps what it asks for in vain."""
    fields, st.session_state[PROBLEMS] = view_values.taken(page, address, view())
    view().update(fields)


def problems() -> list[tuple[str, str]]:
    """Fields of the last link that hold what no such field can, with what they held."""
    return list(st.session_state.get(PROBLEMS, []))


def keep(page: str, open_field: str = "") -> None:
    """Writes the view to the address.

    Where a page has settled a field that was open, such as the document, what was drawn before it
    (menu, citation) starts over, once.

    Args:
        open_field: a field that the page will settle; until then nothing is written, so that the
            browser's history holds no address without it.
    """
    address = address_of(page)
    if open_field and not view()[open_field]:
        st.session_state[DRAWN] = address
        return
    # Who went back may meanwhile have been sent the address of the page that was left.
    if went() or {name: st.query_params.get_all(name) for name in st.query_params} != address:
        st.query_params.from_dict(address)
    st.session_state[WRITTEN] = address
    drawn = st.session_state.setdefault(DRAWN, address)
    if drawn != address and st.session_state.get(SETTLED) != address:
        st.session_state[SETTLED] = address
        st.rerun()


def step(page: str) -> dict[str, Any]:
    """For `history.js`: where the browser last went back or forward to, and what is drawn for it.

    The number tells a step from an earlier one to the same address.
    """
    number, to, arrived = _last_step()
    fields = [[name, one] for name, values in arrived.items() for one in values]
    return {"number": number, "page": to, "fields": fields, "address": href(page)}


def _last_step() -> tuple[int, str, dict[str, list[str]]]:
    return cast(tuple[int, str, dict[str, list[str]]], st.session_state.get(WENT, (0, "", {})))


def address_of(page: str, **changes: Any) -> dict[str, list[str]]:
    """The address of a page with this view, some fields changed."""
    fields: Mapping[str, Any] = {**view(), **_with_span(changes)}
    return {
        name: [str(v) for v in fields[name]] or [""] if name in LISTS else [str(fields[name])]
        for name in view_values.fields_of(page, str(fields["present"]))
        if name in FIELDS[page] or fields[name]
    }


def open_address(page: str, address: Mapping[str, list[str]], **more: list[str]) -> None:
    """Opens a page at an address as it was kept, some fields written over."""
    # In full at once: an entry of the history with some of its fields would be one too many.
    take(page, {"size": [view()["size"]], **address, **more})
    go(page)


def go(page: str, **changes: Any) -> None:
    """Opens another page, some fields of the view changed."""
    view().update(_with_span(changes))
    st.switch_page(f"pages/{page}.py", query_params=address_of(page))


def change(
    name: str, key: str, resets: Iterable[str] = (), options: Collection[Any] | None = None
) -> None:
    """Callback of a widget: takes its value over, and puts other fields back to their default.

    Args:
        options: what the widget offers. The browser may send something else, such as a label of
            the run that was open before; that is not taken over.
    """
    value = st.session_state[key]
    if isinstance(value, str) and options is None:
        st.session_state.setdefault(GIVEN, {})[key] = value  # typed
    if options is not None and name in LISTS:
        value = [one for one in value or () if one in options]
    elif options is not None and value is not None and value not in options:
        put()
        return
    put(**{name: DEFAULTS[name] if value is None else value})
    put(**{other: DEFAULTS[other] for other in resets})


def put(**changes: Any) -> None:
    """Changes the view, in the callback of a widget.

    Not where the browser went back: it sends along what its widgets showed, and one that had not
    been drawn anew yet seems to have been used.
    """
    if went():
        return
    st.session_state[VIEW] = {**view(), **_with_span(changes)}
    st.session_state[ACTED] = True


def _with_span(changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The changes, and no marked passage where they lead to another document."""
    moved = any(name in changes and str(changes[name]) != view()[name] for name in ("run", "doc"))
    return {"span": "", **changes} if moved else changes


def show(key: str, value: Any) -> None:
    """Gives a widget the value of the view.

    Only where it differs: setting it again would throw away what someone is typing meanwhile.
    What the browser says may be of a moment ago: a value given since may still be on its way.
    """
    given = st.session_state.setdefault(GIVEN, {})
    held = key in st.session_state and st.session_state[key] == value
    if not held or given.get(key, value) != value:
        st.session_state[key] = given[key] = value


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
    return view_values.number(view(), name)


def real(name: str) -> float | None:
    """A field that holds a finite number; None if it holds anything else."""
    return view_values.real(view(), name)


def passage() -> tuple[int, int] | None:
    """The characters (start, end) of the document that the field `span` names."""
    return view_values.passage(view())


def only() -> DocumentFilter:
    """The filter of the ranking."""
    return view_values.only(view())


def folds() -> bool:
    """Whether near-duplicates stand behind the first of them."""
    return view_values.folds(view())


def href(page: str, **changes: Any) -> str:
    """A link to a page with this view, some fields changed."""
    return f"{page}?{urlencode(address_of(page, **changes), doseq=True)}"
