"""The shared pickers in the sidebar: run, query (by suite, task and search) and side."""

from __future__ import annotations

import streamlit as st

from attribution_engine.records import InputError
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, QueryInfo
from pages.parts import links, runs, wording

OF_RUN = ("query", "doc", "place", "suite", "task", "find", *links.FILTERS)
OF_QUERY = ("place",)


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
        args=("run", "pick_run", OF_RUN),
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
    choices = reader.filter_choices()
    for name, known in (
        ("source", choices.sources),
        ("domain", choices.domains),
        ("category", choices.categories),
        ("difficulty", choices.difficulties),
    ):
        for value in [one for one in view[name] if one not in known]:
            st.warning(
                wording.label(f"This link asks for {name} “{value}”, which this run does not have.")
            )
        view[name] = [one for one in view[name] if one in known]
    lacks = wording.method(reader.run().method).lacks
    if view["score"] in lacks:
        view["score"] = "influence"
    if "per_nat" in lacks:
        view["unit"] = "influence"
    suites = {one.suite: one.tasks for one in reader.suites()}
    if view["suite"] not in ("", *suites):
        st.warning(
            wording.label(f"This link asks for suite “{view['suite']}”, which is not in this run.")
        )
        view["suite"] = ""
    if view["task"] not in suites.get(view["suite"], ()):
        view["task"] = ""


def pick_query(reader: StoreReader) -> QueryInfo | None:
    """The chosen query; None, with one line why, where a link names one that is not there."""
    view = links.view()
    if not view["query"]:
        view["query"] = str(next(iter(reader.queries())).query_id)
    number = links.number("query")
    chosen = None if number is None else reader.query(number)
    if chosen:
        view["query"] = str(chosen.query_id)
    with st.sidebar:
        suites = reader.suites()
        links.show("pick_suite", view["suite"])
        suite = st.selectbox(
            "Suite",
            ["", *(one.suite for one in suites)],
            key="pick_suite",
            format_func=lambda name: name or "All suites",
            on_change=_first_of_suite,
            args=(reader,),
        )
        tasks = next((one.tasks for one in suites if one.suite == suite), ())
        task = ""
        if len(tasks) > 1:
            links.show("pick_task", view["task"])
            task = st.selectbox(
                "Task",
                ["", *tasks],
                key="pick_task",
                format_func=lambda name: name or "All tasks",
                on_change=links.change,
                args=("task", "pick_task"),
            )
        links.show("pick_search", view["find"])
        search = st.text_input(
            "Find a query",
            key="pick_search",
            placeholder="words of the prompt, or a number",
            on_change=links.change,
            args=("find", "pick_search"),
        )
        found = {one.query_id: one for one in reader.queries(suite, task, search.strip())}
        if not found:
            st.text("No query matches; the chosen one stays.")
        if chosen and chosen.query_id not in found:
            found = {chosen.query_id: chosen, **found}
        openings = {
            one.suite: wording.shared_opening([q.prompt for q in reader.queries(one.suite)])
            for one in suites
        }
        links.show("pick_query", chosen.query_id if chosen else None)
        st.selectbox(
            f"Query ({len(found)} to choose from)",
            list(found),
            index=0 if chosen else None,
            key="pick_query",
            format_func=lambda one: wording.query_label(found[one], openings[found[one].suite]),
            placeholder="Choose a query",
            on_change=links.change,
            args=("query", "pick_query", OF_QUERY),
        )
        _steps(list(found), chosen)
    if chosen is None:
        say(f"This link names the query “{view['query']}”, which is not in this run.")
        st.text("Choose one of the queries in the sidebar.")
    return chosen


def pick_side(reader: StoreReader) -> None:
    """Helpful or harmful, one click apart."""
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


def _steps(ids: list[int], chosen: QueryInfo | None) -> None:
    """Buttons to the query before and after."""
    at = ids.index(chosen.query_id) if chosen else -1
    before, after = st.columns(2)
    before.button(
        "‹ Previous",
        key="query_before",
        width="stretch",
        disabled=at < 1,
        on_click=_step,
        args=(ids, -1),
    )
    after.button(
        "Next ›",
        key="query_after",
        width="stretch",
        disabled=at + 1 >= len(ids),
        on_click=_step,
        args=(ids, 1),
    )


def _step(ids: list[int], by: int) -> None:
    """The query beside the one of the view when the button is pressed, not when it was drawn."""
    at = ids.index(number) if (number := links.number("query")) in ids else -1
    if 0 <= at + by < len(ids):
        _open_query(ids[at + by])


def _open_query(query_id: int) -> None:
    links.put(query=str(query_id), place=links.DEFAULTS["place"])


def _first_of_suite(reader: StoreReader) -> None:
    """A newly chosen suite shows its first query unless the query is already one of it."""
    found = [one.query_id for one in reader.queries(st.session_state["pick_suite"])]
    links.put(suite=st.session_state["pick_suite"], task="", find="")
    if links.number("query") not in found:
        _open_query(found[0])
