"""The shared pickers in the sidebar: run, query (by suite, task, outcome and search) and side."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

import streamlit as st

from attribution_engine.records import InputError
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.remembered import Remembered
from attribution_engine.store.views import SIDES, QueryInfo
from pages.parts import links, runs, view_values, wording

OF_RUN = (
    *("query", "query2", "doc", "doc2", "place", "part"),
    *("suite", "task", "outcome", "find", *links.FILTERS, *links.OF_ONE_RUN),
)
OF_LIST = ("part",)
SIDED = ("document", "compare")  # pages that show one end of a ranking, as chosen in the sidebar
OUTCOMES = {"": "All", "correct": "✓ Correct", "wrong": "✗ Wrong"}
REMEMBERED_LISTS = 16  # of a run: lists of queries to choose from, and the openings of its suites

_lists: WeakKeyDictionary[StoreReader, Remembered[Mapping[Any, str]]] = WeakKeyDictionary()


def pick_run() -> StoreReader | None:
    """The reader of the chosen run; None, with one line why, where there is none."""
    view = links.view()
    try:
        stores = runs.stores()
    except InputError as error:
        say(str(error))
        return None
    view["run"] = view["run"] or next(iter(stores))
    known = view["run"] in stores
    links.show("pick_run", view["run"] if known else None)
    st.sidebar.selectbox(
        "Run",
        list(stores),
        index=0 if known else None,
        key="pick_run",
        placeholder="Choose a run",
        on_change=links.change,
        args=("run", "pick_run", OF_RUN, list(stores)),
    )
    if not known:
        say(f"This link names the run “{view['run']}”, which is not in the runs folder.")
        st.text("Choose one of the runs in the sidebar.")
        return None
    try:
        return runs.reader_of(stores[view["run"]])
    except InputError as error:
        say(str(error))
        st.text("The other runs in the sidebar can still be opened.")
        return None


def drop_unknown(reader: StoreReader) -> None:
    """Takes out of the view what a link filters by and this run does not have, and says so."""
    view = links.view()
    asks_unit = view["unit"] in st.query_params.get_all("unit")
    changes, said = view_values.known_to(reader, view, asks_unit)
    for line in said:
        st.warning(wording.label(f"This view {line}"))
    view.update(changes)


def pick_query(reader: StoreReader, page: str = "") -> QueryInfo | None:
    """The chosen query; None, with one line why, where a link names one that is not there.

    Args:
        page: that is shown; where it is a ranking, another query starts at its first document.
    """
    view = links.view()
    if not view["query"]:
        view["query"] = str(next(iter(_choices(reader, "", "", "", ""))))
    number = links.number("query")
    chosen = None if number is None else reader.query(number)
    if chosen:
        view["query"] = str(chosen.query_id)
    with st.sidebar:
        _narrow(reader, page)
        found = _choices(reader, view["suite"], view["task"], view["find"], view["outcome"])
        n_found = len(found)
        if not found:
            st.text("No query matches; the chosen one stays.")
        if chosen and chosen.query_id not in found:
            opening = _openings(reader).get(chosen.suite, "")
            found = {chosen.query_id: wording.query_label(chosen, opening), **found}
        links.show("pick_query", chosen.query_id if chosen else None)
        st.selectbox(
            f"Query ({wording.whole(n_found)} to choose from)",
            list(found),
            index=0 if chosen else None,
            key="pick_query",
            format_func=found.__getitem__,
            placeholder="Choose a query",
            on_change=_take_query,
            args=(page,),
        )
        _steps(list(found), chosen, page)
    if chosen is None:
        say(f"This link names the query “{view['query']}”, which is not in this run.")
        st.text("Choose one of the queries in the sidebar.")
    return chosen


def _narrow(reader: StoreReader, page: str) -> None:
    """The pickers that say which queries there are to choose from, two in a row."""
    view = links.view()
    suites = {one.suite: one for one in reader.suites()}
    tasks = suites[view["suite"]].tasks if view["suite"] else ()
    first, second = st.columns(2, gap="xsmall") if len(tasks) > 1 else (st.container(), None)
    links.show("pick_suite", view["suite"])
    first.selectbox(
        "Suite",
        ["", *suites],
        key="pick_suite",
        format_func=lambda name: name or "All suites",
        on_change=_first_of_suite,
        args=(reader, page),
    )
    if second is not None:
        links.show("pick_task", view["task"])
        second.selectbox(
            "Task",
            ["", *tasks],
            key="pick_task",
            format_func=lambda name: name or "All tasks",
            on_change=links.change,
            args=("task", "pick_task", OF_LIST, ("", *tasks)),
        )
    first, second = st.columns([5, 6], gap="xsmall")
    links.show("pick_outcome", view["outcome"])
    first.selectbox(
        "Answers",
        list(OUTCOMES),
        key="pick_outcome",
        format_func=OUTCOMES.__getitem__,
        on_change=links.change,
        args=("outcome", "pick_outcome", OF_LIST, tuple(OUTCOMES)),
    )
    links.show("pick_search", view["find"])
    second.text_input(
        "Find a query",
        key="pick_search",
        placeholder="words or number",
        on_change=links.change,
        args=("find", "pick_search", OF_LIST),
    )


def _choices(
    reader: StoreReader, suite: str, task: str, search: str, outcome: str
) -> Mapping[Any, str]:
    """The queries to choose from, by number, as they are listed."""
    openings = _openings(reader)

    def read() -> Mapping[Any, str]:
        found = reader.queries(suite, task, search.strip(), outcome=outcome)
        return MappingProxyType(
            {one.query_id: wording.query_label(one, openings[one.suite]) for one in found}
        )

    return _lists[reader].get((suite, task, search.strip(), outcome), read)


def _openings(reader: StoreReader) -> Mapping[Any, str]:
    """What all prompts of a suite begin with, which a list of them leaves out."""

    def read() -> Mapping[Any, str]:
        prompts: dict[str, list[str]] = {}
        for one in reader.queries():
            prompts.setdefault(one.suite, []).append(one.prompt)
        return MappingProxyType(
            {suite: wording.shared_opening(texts) for suite, texts in prompts.items()}
        )

    kept = _lists.setdefault(reader, Remembered(REMEMBERED_LISTS))
    return kept.get("openings", read)


def pick_side(reader: StoreReader, page: str = "document") -> None:
    """Helpful or harmful, one click apart, where a page shows one of them."""
    if page not in SIDED:
        return
    names = wording.method(reader.run().method).side_names
    links.show("pick_side", links.side())
    st.sidebar.segmented_control(
        "Side of the ranking",
        SIDES,
        key="pick_side",
        required=True,
        format_func=names.__getitem__,
        on_change=links.change,
        args=("side", "pick_side", ("place",)),
        width="stretch",
    )


def say(problem: str) -> None:
    """One clear line about what cannot be shown."""
    st.error(wording.label(problem))


def _steps(ids: list[int], chosen: QueryInfo | None, page: str) -> None:
    """Buttons to the query before and after."""
    at = ids.index(chosen.query_id) if chosen else -1
    before, after = st.columns(2, gap="xsmall")
    before.button(
        "‹ Previous",
        key="query_before",
        width="stretch",
        disabled=at < 1,
        on_click=_step,
        args=(ids, -1, page),
    )
    after.button(
        "Next ›",
        key="query_after",
        width="stretch",
        disabled=at + 1 >= len(ids),
        on_click=_step,
        args=(ids, 1, page),
    )


def _step(ids: list[int], by: int, page: str) -> None:
    """The query beside the one of the view when the button is pressed, not when it was drawn."""
    at = ids.index(number) if (number := links.number("query")) in ids else -1
    if 0 <= at + by < len(ids):
        _open_query(ids[at + by], page)


def _take_query(page: str) -> None:
    """Where the run has changed meanwhile, the browser may send a label of the old one."""
    query_id = st.session_state["pick_query"]
    if isinstance(query_id, int):
        _open_query(query_id, page)


def _open_query(query_id: int, page: str) -> None:
    links.put(query=str(query_id), place=links.DEFAULTS["place"])
    if page == "rankings":
        links.put(doc="")


def _first_of_suite(reader: StoreReader, page: str) -> None:
    """A newly chosen suite shows its first query unless the query is already one of it."""
    suite = st.session_state["pick_suite"]
    if suite not in ("", *(one.suite for one in reader.suites())):
        links.put()  # of the run that was open before
        return
    found = list(_choices(reader, suite, "", "", links.view()["outcome"]))
    links.put(suite=suite, task="", find="", part=links.DEFAULTS["part"])
    if found and links.number("query") not in found:
        _open_query(found[0], page)
