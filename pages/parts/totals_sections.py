"""The sections of the page Totals and coverage: sums and shares, single queries, slopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.parts import captions, links, wording
from pages.parts.beside import show_beside
from pages.parts.compare_panels import choose
from pages.parts.export import downloads
from pages.parts.figure import figure
from pages.parts.table import Column, Row, table
from pages.parts.totals_columns import figure_columns, tail_columns, test_columns
from pages.parts.totals_shown import (
    Shown,
    behind,
    curves_plot,
    curves_words,
    figure_rows,
    figures_of,
    kinds_of,
    slopes_plot,
    starred,
    tail_groups_of,
    tail_rows,
    test_rows,
)

AMOUNTS = {"total": "Summed influence", "share": "Share of the total"}
DEPTHS = {"percentile": "Top percent", "k": "Number of documents"}
GROUPED = {"kind": "Kind", "suite": "Suite"}
CLICKED = "query clicked on Totals"
TABLE_HEIGHT, FEW_ROWS = 430, 12  # pixels; rows that need no less


def controls(view: Shown) -> None:
    """What is drawn, over what, and which queries side by side."""
    fields = links.view()
    first, second, third = st.columns([3, 3, 2])
    with first:
        choose("Amount", "amount", list(AMOUNTS), AMOUNTS)
    with second:
        choose("Depth", "depth", list(DEPTHS), DEPTHS)
    if fields["amount"] == "total" and not view.no_per_nat:
        units = {
            "per_nat": "Per nat",
            "influence": f"Raw {view.method.bare_unit or 'scores'}",
        }
        with third:
            choose("Unit", "unit", list(units), units)
    first, second, third = st.columns([3, 3, 2], vertical_alignment="bottom")
    known = kinds_of(view.reader)
    for kind in [kind for kind in fields["kind"] if kind not in known]:
        st.warning(
            wording.label(
                f"This run has no queries of the kind “{kind}”, which this view asks for."
            )
        )
    fields["kind"] = [kind for kind in fields["kind"] if kind in known]
    links.show("pick_kinds", fields["kind"] or known)
    first.pills(
        "Kinds of query",
        known,
        selection_mode="multi",
        key="pick_kinds",
        format_func=wording.label,
        on_change=links.change,
        args=("kind", "pick_kinds", (), known),
    )
    with second:
        choose("A line for each", "grouped", list(GROUPED), GROUPED)
    links.show("pick_apart", fields["apart"] == "1")
    third.toggle("Correct and wrong apart", key="pick_apart", on_change=_take_apart)


def _take_apart() -> None:
    links.put(apart="1" if st.session_state["pick_apart"] else "")


def show_curves(view: Shown) -> None:
    """The first plot and the figures behind it."""
    run = links.view()["run"]
    scale = f"{view.axes[1]} by {view.axes[0]}"
    about = captions.caption(run, view.query, scale=scale, method=view.method.name)
    drawn = curves_plot(view)
    if drawn is None:
        st.info(
            "None of the chosen queries has such an amount. Choose the other amount or unit, or "
            "other kinds of query."
        )
        return
    name = f"totals-{run}-{view.amount}-{view.depth}-{view.by}"
    figure(
        drawn,
        key=_key("totals", view),
        name=name,
        caption=about,
        alt="Summed influence of the strongest documents by group of queries, both sides",
    )
    st.caption(curves_words(view))
    st.caption(wording.label(behind(view)))
    if view.amount == "share":
        show_beside("totals", "Share of the positive influence")
    else:
        show_beside("totals", "Summed positive", "Spread of it")
    st.subheader("Means at a few depths", anchor=False)
    _listed("Means by group", figure_columns(view), figure_rows(view), f"figures {run}")
    with st.container(horizontal=True):
        for button, ending, records in (
            ("Export", "figures", lambda: figures_of(view)),
            ("Export the curves", "curves", lambda: _points(view)),
        ):
            downloads(
                f"{name}-{ending}",
                records,
                key=f"totals_{ending}_files",
                caption=about,
                button=button,
                run=run,
            )


def _points(view: Shown) -> list[dict[str, Any]]:
    return [
        {
            "group": one.group,
            "kind": one.kind,
            "outcome": one.outcome,
            "side": one.side,
            "queries": len(one.query_ids),
            view.depth: depth,
            view.amount: mean,
            "low": one.low[place] if one.low else None,
            "high": one.high[place] if one.high else None,
        }
        for one in view.reader.totals_curves(view.by, view.apart, view.depth, view.amount)
        if one.kind in view.kinds
        for place, (depth, mean) in enumerate(zip(one.depths, one.means, strict=True))
    ]


def show_queries(view: Shown) -> None:
    """Every query on both sides; a row opens the query."""
    run = links.view()["run"]
    found = [one for one in view.reader.query_totals() if one.kind in view.kinds]
    raw = bool(view.no_per_nat) or links.unit() == "influence"
    key = "total" if raw else "per_nat"
    unit = view.method.unit if raw else f"{view.noun} ÷ nats of the completion"
    sides = view.sides
    by_query: dict[int, dict[str, Any]] = {}
    for one in found:
        by_query.setdefault(one.query_id, {})[one.side] = one
    rows = []
    for number, of in by_query.items():
        first = next(iter(of.values()))
        rows.append(
            Row(
                str(number),
                [
                    wording.whole(number),
                    first.suite,
                    first.kind,
                    " ".join(wording.verdict({"correct": True, "wrong": False}.get(first.outcome))),
                    *(
                        cell
                        for side in sides
                        for cell in (
                            wording.plain(getattr(of[side], key)),
                            wording.percent(of[side].top_1, 1),
                            wording.percent(of[side].top_5, 1),
                        )
                    ),
                ],
                links.href("query", query=number),
                current=number == view.query,
            )
        )
    st.subheader("Single queries", anchor=False)
    st.caption("Click a row to open the query.")
    with st.container(height=min(TABLE_HEIGHT, 60 + 32 * max(1, len(rows))), border=False):
        opened = table(
            "Totals of single queries",
            [
                Column("Query", "number"),
                Column("Suite"),
                Column("Kind"),
                Column("Completion"),
                *(
                    column
                    for side in sides
                    for column in (
                        Column(f"{sides[side]} sum", "number", f"Size; {unit}"),
                        Column("Top 1 %", "number", "Share of the side's total"),
                        Column("Top 5 %", "number", "Share of the side's total"),
                    )
                ),
            ],
            rows,
            key=f"query totals {run} {key}",
            action="Open this query",
        )
    downloads(
        f"query-totals-{run}",
        lambda: found,
        key="query_total_files",
        caption=captions.caption(run, method=view.method.name),
        run=run,
    )
    if opened is not None:
        links.go("query", query=opened)


def show_slopes(view: Shown) -> None:
    """Slopes of the tails by group, tests between kinds; a dot opens its rank curve."""
    k, n = view.about.k, view.reader.run().n_documents
    drawn = slopes_plot(view)
    if drawn is None:
        st.info(
            "No query of these kinds has a slope: its side needs three documents at the least. "
            "More documents in [corpus] would supply them."
        )
        return
    run = links.view()["run"]
    about = captions.caption(
        run, view.query, k, "slope of log |influence| on log rank", method=view.method.name
    )
    figure(
        drawn,
        key=_key("slopes", view),
        name=f"slopes-{run}-{view.by}",
        caption=about,
        alt="Slopes of single queries by group with means and standard deviations, both sides",
        on_select=lambda: remember_click(_key("slopes", view)),
        selection_mode="points",
    )
    st.caption(
        "Each dot is the slope of log |influence| on log rank over the top "
        f"{wording.whole(k)} of one query{starred(view)}, the large mark the mean of its group ± "
        "one standard deviation; further left is steeper. Click a dot to see the rank curve of its "
        "query."
    )
    st.caption(
        f"Here the top {wording.whole(k)} are {wording.percent(min(1.0, k / n), 2)} of the "
        "documents, in the Procedural paper 0.01 %: slopes of small corpora do not compare with "
        "its. Two conventions describe one power law. The slope s is negative: the value at rank r "
        "goes with r^s (the α of the Procedural paper). The survival exponent α is positive: "
        "P(|influence| > x) ∝ x^(−α), with a density that falls as x^−(α + 1) (Grosse et al. "
        "print the first form). Of an exact law, s = −1/α."
    )
    st.caption(wording.label(behind(view)))
    show_beside("totals", "Slope of the top 500", "Survival exponent of the top")
    _listed("Slopes and exponents by group", tail_columns(view), tail_rows(view), f"tails {run}")
    downloads(
        f"slopes-{run}-groups",
        lambda: tail_groups_of(view),
        key="tail_files",
        caption=about,
        run=run,
        k=k,
    )
    tests = test_rows(view)
    st.subheader("Reasoning against factual", anchor=False)
    if not tests:
        st.info(
            "The test needs reasoning and factual queries with a slope, and this run has not both. "
            'Queries of the kind that is missing (`"kind"` in the rows of a suite) supply it.'
        )
    else:
        st.caption(
            "Welch's t-test of the slopes of both kinds, for all completions and within the same "
            "outcome. Queries are taken as independent of each other; those of a suite are alike, "
            "so p is on the small side."
        )
        _listed("t-tests of slopes", test_columns(), tests, f"tests {run}")
        downloads(
            f"slope-tests-{run}",
            view.reader.slope_tests,
            key="slope_test_files",
            caption=about,
            run=run,
        )
    st.page_link(
        "pages/rank_curves.py",
        label="The rank curves and the fits of each query",
        query_params=links.address_of("rank_curves"),
    )
    if (query := clicked(_key("slopes", view))) is not None:
        links.go("rank_curves", query=query)


def clicked(key: str) -> str | None:
    """The query whose dot was just clicked in a figure; None if none was, or in another one."""
    if st.session_state.get(CLICKED, ("", ""))[0] != key:
        return None
    return str(st.session_state.pop(CLICKED)[1])


def remember_click(key: str) -> None:
    """Callback of a figure: a dot was clicked, which has the number of its query."""
    points = st.session_state[key]["selection"]["points"]
    if points and points[0].get("customdata"):
        st.session_state[CLICKED] = key, str(int(points[0]["customdata"][0]))


def _key(name: str, view: Shown) -> str:
    of = (view.amount, view.depth, view.by, view.apart, view.query, *view.kinds)
    return f"{name} {links.view()['run']} {' '.join(map(str, of))}"


def _listed(name: str, columns: list[Column], rows: Sequence[Sequence[str]], key: str) -> None:
    height: Any = "content" if len(rows) <= FEW_ROWS else TABLE_HEIGHT
    with st.container(height=height, border=False):
        table(name, columns, [Row(str(place), cells) for place, cells in enumerate(rows)], key=key)
