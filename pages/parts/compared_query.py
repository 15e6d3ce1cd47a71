"""The panels of the comparison of one query: figures of agreement, plot, document, top lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

import streamlit as st

from attribution_engine.store.comparison import Comparison
from attribution_engine.store.comparison_views import TOPS, Counterpart, QueryPair
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES
from pages.parts import captions, links, wording
from pages.parts.compare_panels import PLOT_NAMES, flat
from pages.parts.export import downloads
from pages.parts.facts import facts
from pages.parts.table import Column, Row, table

UNSIGNED = {"helpful": "highest scores", "harmful": "lowest scores"}


def in_other(run: str, query: int, **changes: Any) -> dict[str, Any]:
    """The fields of a view of the other run: what holds for this run's corpus is put back."""
    names = ("suite", "task", "find", "place", *links.FILTERS)
    return {**{name: links.DEFAULTS[name] for name in names}, "run": run, "query": query, **changes}


def show_agreement(comparison: Comparison, query_id: int, names: tuple[str, str]) -> None:
    """Correlations and overlaps of the chosen query."""
    found = comparison.agreement(query_id)
    n = f"n = {wording.whole(found.n)} documents"
    unsigned = [
        name
        for name, reader in zip(names, (comparison.here, comparison.there), strict=True)
        if not wording.method(reader.run().method).signed
    ]
    pairs = [
        ("Spearman", wording.decimal(found.spearman, 3), f"of ranks; {n}"),
        ("Pearson", wording.decimal(found.pearson, 3), f"of scores; {n}"),
    ]
    if unsigned:
        pairs.append(
            ("Spearman of sizes", wording.decimal(found.spearman_of_sizes, 3),
             f"signs left out, as “{unsigned[0]}” has none")
        )  # fmt: skip
    facts(pairs, key="agreement")
    rows, tied = [], []
    names_of_sides = wording.method(comparison.here.run().method).side_names
    for side in SIDES:
        overlaps = found.overlaps[side]
        cells = [f"{one.n_both} ({wording.decimal(one.by_chance)})" for one in overlaps]
        rows.append(Row(side, [names_of_sides[side], *cells]))
        tied += [
            f"{wording.whole(count)} documents of “{name}” share the score of its {one.k}th most "
            f"{side}: which of them are in goes by their number."
            for one in overlaps[-1:]
            for name, count in zip(names, (one.tied_first, one.tied_second), strict=True)
            if count
        ]
    table(
        "Documents at the top of both runs",
        [
            Column("At the top of both"),
            *(Column(f"Top {k}", "number", "In both, and in brackets how many chance would give")
              for k in TOPS),
        ],
        rows,
        key="overlaps",
    )  # fmt: skip
    st.caption(
        " ".join(["In both runs; in brackets what chance would give.", *map(wording.label, tied)])
    )
    downloads(
        f"agreement-query{query_id}",
        lambda: [{"side": side, **asdict(one)} for side in SIDES for one in found.overlaps[side]],
        f"export agreement {query_id}",
        captions.caption(names[0], query_id, other_run=names[1], scale="documents in both tops"),
        run=names[0],
        other_run=names[1],
        query_id=query_id,
        n=found.n,
        spearman=found.spearman,
        pearson=found.pearson,
        spearman_of_sizes=found.spearman_of_sizes,
    )


def show_plane(comparison: Comparison, query_id: int, names: tuple[str, str]) -> None:
    """The plot; a click on a point chooses its document."""
    # Loaded here, so that no text waits for the plot library.
    from pages.parts.figure import figure
    from pages.parts.plane import plane_figure

    view, side, k = links.view(), links.side(), int(links.view()["top"])
    plane = comparison.plane(query_id, side, links.plot(), k, links.number("doc"))
    readers = (comparison.here, comparison.there)
    end: str = side
    if not all(wording.method(reader.run().method).signed for reader in readers):
        end = "upper" if side == "helpful" else "lower"
    axes = []
    for name, reader in zip(names, (comparison.here, comparison.there), strict=True):
        method = wording.method(reader.run().method)
        what = method.unit if links.plot() == "score" else f"rank from the {end} end"
        run = wording.one_line(name, 30)
        axes.append(f"{run} · {what if method.name in what else f'{method.name}: {what}'}")
    key = f"plane {view['run']} {view['other']} {query_id} {side} {view['plot']} {k} {view['doc']}"

    def take_point() -> None:
        """A point was clicked."""
        points = st.session_state[key]["selection"]["points"]
        if points and "customdata" in points[0]:
            links.put(doc=str(points[0]["customdata"][0]))

    method = wording.method(comparison.here.run().method)
    scale = method.unit if links.plot() == "score" else f"rank from the {end} end"
    figure(
        plane_figure(
            plane,
            wording.one_line(names[0], 20),
            wording.one_line(names[1], 20),
            (axes[0], axes[1]),
            k,
        ),
        key,
        f"runs-query{query_id}-{view['plot']}",
        captions.caption(
            names[0], query_id, k,
            f"{scale}, {'log–log' if links.plot() == 'rank_log' else 'linear'} axes",
            other_run=names[1],
        ),
        f"{PLOT_NAMES[links.plot()]} of query {query_id} in both runs",
        on_select=take_point,
        selection_mode="points",
    )  # fmt: skip


def show_document(comparison: Comparison, pair: QueryPair, names: tuple[str, str]) -> None:
    """The chosen document in both runs, with a link into each."""
    number = links.number("doc")
    if number is None:
        st.caption("Click a point of the plot to see which document it is.")
        return
    one = comparison.document(pair.query.query_id, number, links.side())
    if one is None:
        st.caption(f"Document {number} is not in the open run.")
        return
    side = links.side()
    mine, other = (wording.method(r.run().method) for r in (comparison.here, comparison.there))
    here = f"rank {wording.whole(one.rank)}, score {wording.written(one.document.influence, mine)}"
    there = f"rank {wording.whole(one.other_rank)}, score {wording.written(one.other_score, other)}"
    with st.container(border=True):
        facts(
            [
                (f"Document {number}", "", one.document.snippet),
                (names[0], here, f"from the {side} end"),
                (names[1], there if one.other_doc is not None else "not in this run",
                 "" if one.other_doc in (None, number) else f"document {one.other_doc} there"),
            ],
            key="compared_document",
        )  # fmt: skip
        left, right = st.columns(2)
        left.page_link(
            "pages/document.py",
            label=f"Read it in {wording.label(names[0])}",
            query_params=links.address_of("document", doc=number),
        )
        if one.other_doc is not None:
            right.page_link(
                "pages/document.py",
                label=f"Read it in {wording.label(names[1])}",
                query_params=links.address_of(
                    "document", **in_other(names[1], pair.there, doc=one.other_doc)
                ),
            )


def show_top(
    reader: StoreReader, listed: Sequence[Counterpart], names: tuple[str, str], **to: Any
) -> None:
    """The top documents of one run, with their ranks in the other.

    Args:
        reader: of the run.
        names: of the run and of the other.
        to: fields of the view that lead into the run.
    """
    side, k = links.side(), int(links.view()["top"])
    method = wording.method(reader.run().method)
    # Blue and orange say raises and lowers: a method without a sign has no bars.
    kind: Literal["bar", "number"] = "bar" if method.signed else "number"
    end = wording.SIDE_NAMES[side] if method.signed else UNSIGNED[side]
    st.markdown(f"**{wording.label(names[0])}** · {wording.label(method.name)} · {end}")
    rows = []
    for one in listed:
        score, rank = one.document.influence, wording.whole(one.other_rank)
        if one.other_rank is not None and one.other_rank <= k:
            rank = f"● {rank}"
        size = wording.written(score, method)
        cells = [
            wording.whole(one.rank),
            (size, one.document.bar) if method.signed else size,
            rank if one.other_doc is not None else "not there",
            one.document.source or "–",
            one.document.snippet,
        ]
        doc_id = one.document.doc_id
        rows.append(Row(str(doc_id), cells, links.href("document", **{**to, "doc": doc_id})))
    in_both = f"In “{names[1]}”, from the same end; ● if it is in the top {k} there too"
    with st.container(height=640 if len(rows) > TOPS[0] else "content", border=False):
        opened = table(
            f"Top documents of {names[0]}",
            [
                Column("Rank", "number", f"From the {side} end"),
                Column("Score", kind, method.unit),
                Column("Rank in the other", "number", in_both),
                Column("Source"),
                Column("Document", "snippet"),
            ],
            rows,
            key=f"top {names} {links.view()['query']} {side} {k}",
            action="Read this document in this run",
        )
    query_id = int(to.get("query", links.view()["query"]))
    downloads(
        f"top{k}-query{query_id}-{side}",
        lambda: flat(reader, listed),
        f"export top {names}",
        captions.caption(names[0], query_id, k, method.unit, side=side, other_run=names[1]),
        run=names[0],
        other_run=names[1],
        query_id=query_id,
        side=side,
    )
    if opened is not None:
        links.go("document", **{**to, "doc": opened})
