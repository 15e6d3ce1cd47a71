"""A query as a section: its text by nats, what helps and harms it, its sources, its neighbours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, Side
from pages.parts import captions, wording
from pages.report import rows
from pages.report.address import View
from pages.report.heats import query_heat
from pages.report.section import Plot, Section, Table

LISTED = 10  # documents of either end
MOST = 200  # rows of a long table


def query(reader: StoreReader, view: View, section: Section) -> Section:
    found = rows.query_of(reader, view)
    if found is None:
        return rows.without_query(section, view)
    run = reader.run()
    method = wording.method(run.method)
    k = int(view["top"])
    content: list[Any] = []
    heat = query_heat(reader, found)
    if heat:
        content.append(heat)
    for side in SIDES:
        page = reader.rankings(found.query_id, side, "influence", 0, LISTED)
        content.append(rows.ranked(reader, rows.end_name(side, method), page.documents, method))
    sides: tuple[Side, ...] = SIDES if method.signed else ("helpful",)
    shares = {side: reader.query_sources(found.query_id, side, k) for side in sides}
    if any(shares.values()):
        content += _sources(shares, view, method, found.query_id, k)
    neighbours = reader.query_neighbours(found.query_id)
    if neighbours:
        content.append(
            Table(
                "Queries that draw on the same documents",
                ("Query", "Pearson", "Spearman", "Suite", "Prompt"),
                [
                    [str(one.query.query_id), wording.decimal(one.pearson, 3),
                     wording.decimal(one.spearman, 3), one.query.suite,
                     wording.one_line(one.query.prompt, 240)]
                    for one in neighbours[:MOST]
                ],
                frozenset((0, 1, 2)),
                neighbours,
                f"Correlation of {method.noun.lower()} over "
                f"{wording.whole(neighbours[0].n)} documents.",
            )
        )  # fmt: skip
    texts = [] if heat else rows.query_texts(found)
    caption = captions.caption(view["run"], found.query_id, k, method=method.name,
                               citation=section.note.citation)  # fmt: skip
    return replace(
        section, caption=caption, facts=rows.about_query(found), texts=texts, content=content
    )


def _sources(
    shares: dict[Side, Any], view: View, method: wording.Method, query_id: int, k: int
) -> list[Any]:
    from pages.parts.query_figures import sources_figure

    names: dict[Side, str] = {
        side: wording.SIDE_NAMES[side] if method.signed else method.side_names[side]
        for side in shares
    }
    table_rows, records = [], []
    for side, found in shares.items():
        for one in found:
            interval = f"{wording.decimal(one.low)} to {wording.decimal(one.high)}"
            table_rows.append(
                [one.source or "(none)", names[side], wording.whole(one.n_top),
                 wording.percent(one.share_corpus, 1), wording.decimal(one.multiplier), interval]
            )  # fmt: skip
            records.append({"side": side, **{
                name: getattr(one, name)
                for name in ("source", "n_top", "share_top", "share_corpus", "multiplier", "low",
                             "high")
            }})  # fmt: skip
    words = (
        f"Share of a source among the top {k} documents of an end ÷ its share of the corpus, with "
        "95% intervals (Wilson). 1 = as often as in the corpus."
    )
    scale = "share of the top k ÷ share of the corpus, logarithmic axis"
    return [
        Plot(
            sources_figure(shares, names, k),
            f"sources-query-{query_id}-top-{k}",
            captions.caption(view["run"], query_id, k, scale),
            f"Multiplier of each source in the top {k} of query {query_id}",
            words,
        ),
        Table(
            f"Sources of the top {k} documents",
            ("Source", "End", f"In top {k}", "Corpus", "Multiplier", "95% interval"),
            table_rows,
            frozenset((2, 3, 4, 5)),
            records,
            words,
        ),
    ]
