"""The sections of the page Groups: all suites, the chosen queries, the claims, the flip."""

from __future__ import annotations

import shlex

import streamlit as st

from attribution_engine.store.findings.groups_views import GroupEffect, QuerySet
from attribution_engine.store.reader import StoreReader
from pages.parts import captions, groups_figures, links, wording
from pages.parts.beside import show_beside
from pages.parts.export import downloads
from pages.parts.figure import figure
from pages.parts.groups_shown import (
    GROUPING_NAMES,
    HOW_STANDARD,
    NO_FLIP,
    GroupsShown,
    cells,
    change_cells,
    change_records,
    columns,
    dots,
    measures,
    swap_cells,
    swap_records,
)
from pages.parts.table import Column, Row, table

INTERVALS = "95%, resampling queries and random blocks of documents"


def choose_grouping(reader: StoreReader, shown: GroupsShown) -> None:
    """By what documents are grouped."""
    known = reader.document_groupings()
    links.show("pick_labels", shown.grouping)
    st.segmented_control(
        "Group documents by",
        known,
        key="pick_labels",
        required=True,
        format_func=lambda one: GROUPING_NAMES.get(one, one),
        on_change=links.change,
        args=("labels", "pick_labels", (), known),
    )


def show_heat(shown: GroupsShown) -> None:
    """All suites and kinds of query against the groups."""
    run = links.view()["run"]
    by = GROUPING_NAMES[shown.grouping].lower()
    st.subheader("Every suite", anchor=False)
    about = captions.caption(
        run, scale="mean ÷ standard deviation of the query's scores", grouped_by=by,
        intervals=INTERVALS, method=shown.method.name,
    )  # fmt: skip
    figure(
        groups_figures.heat(shown.sets, shown.effects, shown.rows),
        key=f"groups heat {run} {shown.grouping}",
        name=f"groups-{run}-{shown.grouping}",
        caption=about,
        alt=f"Heatmap of standardised mean influence, suites across, groups by {by} down",
    )
    signs = (
        "blue and + where it raises, orange and − where it lowers"
        if shown.method.signed
        else "blue and + above zero, orange and − below"
    )
    st.caption(
        f"Each cell is the mean {shown.method.noun.lower()} of a group of documents on the queries "
        f"of a column, {signs}. A star marks "
        "means whose 95% interval does not hold zero."
    )
    n_queries = sum(one.n_queries for one in shown.sets if one.suite)
    st.caption(
        wording.label(
            f"{HOW_STANDARD} Behind it: {wording.whole(n_queries)} queries, "
            f"{wording.whole(shown.n_documents)} documents."
        )
    )
    show_beside("groups", "Difficulty, long", "Ranking of all", "Categories of math")


def show_set(reader: StoreReader, shown: GroupsShown) -> None:
    """The chosen queries: a plot with intervals, and a table whose rows open Rankings."""
    view = links.view()
    run, names = view["run"], {one.name: one for one in shown.sets}
    st.subheader("One suite, or one kind of query", anchor=False)
    first, second = st.columns([2, 3])
    with first:
        links.show("pick_asked", shown.set_.name)
        st.selectbox(
            "Queries",
            list(names),
            key="pick_asked",
            format_func=lambda one: wording.one_line(_set_words(names.get(one)), 80),
            on_change=links.change,
            args=("asked", "pick_asked", (), list(names)),
        )
    with second:
        offered = measures(shown)
        links.show("pick_measure", shown.measure)
        st.segmented_control(
            "What is plotted",
            list(offered),
            key="pick_measure",
            required=True,
            format_func=lambda one: offered.get(one, one),
            on_change=links.change,
            args=("measure", "pick_measure", (), list(offered)),
        )
    words = shown.set_.words
    about = captions.caption(
        run, None, shown.k if shown.measure == "top" else None, measures(shown)[shown.measure],
        queries=words, grouped_by=GROUPING_NAMES[shown.grouping].lower(),
        intervals="95%, Wilson" if shown.measure == "top" else INTERVALS,
        method=shown.method.name,
    )  # fmt: skip
    if shown.measure == "top" and shown.k is None:
        st.info(
            "No ends can be told apart on these queries: their scores are all equal, or the run "
            "has a single document. Another suite, or a larger corpus, would have ends."
        )
    else:
        figure(
            dots(shown),
            key=f"groups dots {run} {shown.grouping} {shown.set_.name} {shown.measure}",
            name=f"groups-{run}-{words}-{shown.measure}",
            caption=about,
            alt=f"{measures(shown)[shown.measure]} of every group on {words}, with intervals",
        )
    if shown.measure == "top":
        st.caption(
            "How often a group is among the documents at either end of the ranking, over its share "
            "of the corpus: 1 is as often as in the corpus. Intervals are Wilson's, counting only "
            "the different documents at that end, since queries of a suite share theirs."
        )
    else:
        st.caption(
            "Each point is the mean over the group's documents, averaged over the queries; the bar "
            "is its 95% interval, by resampling queries and random blocks of documents together "
            "(near-duplicates in one block). Open grey points are those whose interval holds zero."
        )
    st.caption(wording.label(shown.behind))
    _show_table(reader, shown, about)


def _set_words(one: QuerySet | None) -> str:
    if one is None:
        return ""
    return f"{one.words} ({one.about} suite)" if one.about in ("math", "code") else one.words


def _show_table(reader: StoreReader, shown: GroupsShown, about: str) -> None:
    run = links.view()["run"]
    query = _query_of(reader, shown)
    rows = [
        Row(str(place), cells(group, shown.measure), _href(group, query))
        for place, group in enumerate(shown.groups)
    ]
    st.caption(
        "A row opens the ranking of one of these queries, filtered to the documents of that group. "
        "The mean is the one that is plotted; an export has all of them."
    )
    with st.container(height=480 if len(rows) > 13 else "content", border=False):
        opened = table(
            f"Groups on {shown.set_.words}",
            columns(shown),
            rows,
            key=f"groups {run} {shown.grouping} {shown.set_.name}",
            action="Open the ranking",
        )
    downloads(
        f"groups-{run}-{shown.grouping}-{shown.set_.words}",
        lambda: shown.groups,
        key=f"groups files {shown.grouping} {shown.set_.name}",
        caption=about,
        run=run,
        queries=shown.set_.words,
        grouping=shown.grouping,
    )
    if opened is not None:
        links.go("rankings", **_filter(shown.groups[int(opened)], query))


def _query_of(reader: StoreReader, shown: GroupsShown) -> int:
    """The chosen query, if it is one of the set; else the first of the set."""
    now = links.number("query")
    mine = [
        one.query_id
        for one in reader.queries()
        if (one.suite == shown.set_.suite if shown.set_.suite else one.kind == shown.set_.kind)
    ]
    return now if now in mine or not mine else mine[0]  # type: ignore[return-value]


def _filter(group: GroupEffect, query: int) -> dict[str, object]:
    """The fields of a ranking that shows the documents of a group."""
    labels = {
        "domain": group.domain, "category": group.category, "difficulty": group.difficulty
    }  # fmt: skip
    others: dict[str, object] = dict.fromkeys(
        ("correct", "answer", "low", "high", "group", "text", "suite", "task", "outcome", "find"),
        "",
    )
    return {
        **others, "source": [], "behaviour": [], "place": "1", "doc": "", "query": str(query),
        **{name: [value] if value else [] for name, value in labels.items()},
    }  # fmt: skip


def _href(group: GroupEffect, query: int) -> str:
    return links.href("rankings", **_filter(group, query)) if group.exact else ""


def show_contrasts(reader: StoreReader) -> None:
    """What the claims compare."""
    found = reader.group_contrasts()
    st.subheader("What the claims rest on", anchor=False)
    if not found:
        st.info(
            "No two groups can be held against each other on math or on code suites here. A run "
            "with such a suite, and documents that state `domain`, `difficulty` and `category`, "
            "would supply them."
        )
        return
    run = links.view()["run"]
    about = captions.caption(
        run, scale="standard deviations of a query's scores", intervals=INTERVALS
    )
    figure(
        groups_figures.contrasts(found),
        key=f"groups contrasts {run}",
        name=f"group-contrasts-{run}",
        caption=about,
        alt="Differences between groups of documents on math and code suites, with intervals",
    )
    st.caption(
        "Each point is a difference between two groups of documents on all math suites or all code "
        "suites of the run; for a domain on the other's suites it is the mean itself. Right of "
        "zero speaks for the claim, an interval across zero for neither."
    )
    n_queries = sum(
        max(one.n_queries for one in found if one.about == which)
        for which in {one.about for one in found}
    )
    st.caption(
        f"Behind it: {wording.whole(n_queries)} queries of math and code suites, "
        f"{wording.whole(reader.run().n_documents)} documents."
    )
    downloads(f"group-contrasts-{run}", lambda: found, key="contrast files", caption=about, run=run)


def show_flip(reader: StoreReader, shown: GroupsShown) -> None:
    """What a flip would change, and the command that writes it."""
    st.subheader("Flip", anchor=False)
    run, view = reader.run(), links.view()
    suite = shown.set_.suite if view["asked"] else ""
    plan = reader.flip_plan(suite) if shown.method.signed else []
    if not plan:
        st.info(NO_FLIP if shown.method.signed else "Scores of this method have no sign: they do "
                "not say which group to take out. A run of a gradient method, such as ek-fac, "
                "would.")  # fmt: skip
        return
    whose = f"the suite {suite}" if suite else "all math and code suites"
    st.text(
        f"In each domain, the level of difficulty with the lowest mean on {whose} goes out, and "
        "as many tokens of the level with the highest come in; the rest stays."
    )
    show_beside("groups", "Accuracy on", "How the flip")
    table(
        "What would be swapped",
        [
            Column("Domain"), Column("Out"), Column("In"),
            Column("Then", "number", "How often each document that comes in stands in the set"),
        ],
        [Row(str(at), swap_cells(swap)) for at, swap in enumerate(plan)],
        key=f"flip {view['run']} {suite}",
    )  # fmt: skip
    about = captions.caption(
        view["run"], scale="first-order change of log-probability", queries=whose,
        method=shown.method.name,
    )  # fmt: skip
    downloads(
        f"flip-{view['run']}-swaps",
        lambda: swap_records(plan),
        key=f"flip swap files {suite}",
        caption=about,
        run=view["run"],
    )
    changed = change_records(plan, shown.sets, run.n_documents)
    unit = f" ({shown.method.bare_unit})" if shown.method.bare_unit else ""
    table(
        "Expected change to first order",
        [
            Column("Suite"), Column("About"), Column("Queries", "number"),
            Column(f"Change{unit}", "number",
                   "Of the mean log-probability of the suite's completions"),
        ],
        [Row(one["suite"], change_cells(one)) for one in changed],
        key=f"flip changes {view['run']} {suite}",
    )  # fmt: skip
    downloads(
        f"flip-{view['run']}",
        lambda: changed,
        key=f"flip files {suite}",
        caption=about,
        run=view["run"],
    )
    st.caption(
        "To first order: influence × change of weight, where a document weighs one of all "
        "documents. It says which way the completions should move; a flip is no small change, so "
        "read the sign, and train to know."
    )
    asked = f" --suite {shlex.quote(suite)}" if suite else ""
    st.code(
        f"python -m attribution_engine flip {shlex.quote(reader.path.name)}{asked} "
        "--output train.jsonl",
        language=None,
    )
    st.caption(
        "Writes the training set as JSONL, with a report of what changed beside it. "
        "`--mode reweight` changes weights and repeats nothing."
    )
