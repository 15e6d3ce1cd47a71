"""The tables of the page Exploration: figures by behaviour, the readers' precision and recall."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from attribution_engine.findings.behaviour_figures import OTHER, BehaviourRow
from attribution_engine.store.findings.exploration_views import ReadingScore
from attribution_engine.store.reader import StoreReader
from pages.parts import captions, links, wording
from pages.parts.exploration_words import behaviour, definitions, interval, reader_name
from pages.parts.export import downloads
from pages.parts.table import Column, Row, table

FIGURES = (
    Column("Suites"),
    Column("Behaviour"),
    Column("Mean", "number", "Influence of a span on a query"),
    Column("95% interval", "number", "By drawing documents with replacement; – = fewer than 5"),
    Column("Control", "number", "Mean of text of equal length that does not explore"),
    Column("Difference", "number", "Spans less their controls, mean over those that have one"),
    Column("95% interval", "number", "Of the difference, by drawing documents"),
    Column("Spans", "number", "Each counted under each query whose tail its document is in"),
    Column("Documents", "number", "Different ones; intervals come from drawing these"),
)
# A table of their own: with these the first is wider than a page.
LENGTHS = (
    Column("Suites"),
    Column("Behaviour"),
    Column("Per token", "number", "Influence ÷ tokens, over all of these spans"),
    Column("Above 0", "number", "Share of the spans that raise the log-probability"),
    Column("Tokens", "number", "Mean of a span"),
    Column("Spans", "number", "Each counted under each query whose tail its document is in"),
    Column("With control", "number", "Spans that have one"),
    Column("Queries", "number", "Whose tails the spans' documents are in"),
)
SCORES = (
    Column("Reader"),
    Column("Behaviour"),
    Column("Precision", "number", "Of the spans that the reader gives it, those labelled so"),
    Column("95% interval", "number"),
    Column("Recall", "number", "Of the spans labelled so, those that the reader finds"),
    Column("95% interval", "number"),
    Column("Labelled", "number", "Spans labelled so by hand"),
    Column("Found", "number", "Spans that the reader gives it"),
    Column("Right", "number", "Both"),
)


def table_rows(
    rows: Sequence[BehaviourRow], detector: str, ends: str, measured: str
) -> list[BehaviourRow]:
    """The rows of the table: math and code, then every suite."""
    found = [
        row
        for row in rows
        if (row.detector, row.side, row.level) == (detector, ends, measured)
        and row.domain in ("math", "code", "other")
    ]
    return sorted(found, key=lambda row: (row.suite is not None, row.suite or ""))


def scope_name(row: BehaviourRow) -> str:
    """Which queries a row is over."""
    return row.suite if row.suite is not None else f"all of {row.domain}"


def cells(row: BehaviourRow) -> list[str]:
    """A row of figures in words."""
    return [
        scope_name(row),
        behaviour(row.behaviour),
        wording.signed(row.mean),
        interval(row.low, row.high),
        wording.signed(row.control_mean),
        wording.signed(row.difference),
        interval(row.difference_low, row.difference_high),
        wording.whole(row.n),
        wording.whole(row.n_documents),
    ]


def length_cells(row: BehaviourRow) -> list[str]:
    """A row of `LENGTHS` in words."""
    return [
        scope_name(row),
        behaviour(row.behaviour),
        wording.signed(row.mean_per_token),
        wording.percent(row.share_helpful),
        wording.decimal(row.mean_tokens, 1),
        wording.whole(row.n),
        wording.whole(row.n_control),
        wording.whole(row.n_queries),
    ]


def score_cells(one: ReadingScore) -> list[str]:
    """A row of precision and recall in words."""
    return [
        reader_name(one.reader),
        behaviour(one.behaviour),
        wording.percent(one.precision),
        shares(one.precision_low, one.precision_high),
        wording.percent(one.recall),
        shares(one.recall_low, one.recall_high),
        wording.whole(one.n_labels),
        wording.whole(one.n_found),
        wording.whole(one.n_right),
    ]


def shares(low: float | None, high: float | None) -> str:
    """An interval of shares in words."""
    if low is None or high is None:
        return "–"
    return f"{wording.percent(low)} to {wording.percent(high)}"


def show_figures(rows: Sequence[BehaviourRow], run: str, unit: str, about: str) -> None:
    """Every figure, by suites and behaviour; a row leads to its spans."""
    st.subheader("Every figure", anchor=False)
    st.caption(
        wording.label(f"Means are in {unit}, of a span on a query. A row lists its spans below.")
    )
    with st.container(height=min(460, 70 + 34 * max(1, len(rows))), border=False):
        opened = table(
            "Influence by behaviour",
            FIGURES,
            [
                Row(
                    str(number),
                    cells(row),
                    links.href("exploration", **_asks(row)) if row.behaviour != OTHER else "",
                )
                for number, row in enumerate(rows)
            ],
            key=f"behaviours {run}",
            action="List these spans",
        )
    with st.expander("Per token, by sign and by length"):
        table(
            "Spans by behaviour, per token",
            LENGTHS,
            [Row(str(number), length_cells(row)) for number, row in enumerate(rows)],
            key=f"lengths {run}",
        )
    downloads(
        f"behaviours-{run}", lambda: list(rows), key="behaviour files", caption=about, run=run
    )
    if opened is not None:
        links.go("exploration", **_asks(rows[int(opened)]))


def _asks(row: BehaviourRow) -> dict[str, str]:
    """The fields that list the spans of a row."""
    topic = row.domain if row.suite is None else ""
    return {"suite": row.suite or "", "topic": topic, "task": "", "does": row.behaviour,
            "place": "1"}  # fmt: skip


def show_readers(reader: StoreReader, names: Sequence[str], run: str) -> None:
    """What the behaviours mean, and how well readers tell them."""
    with st.expander("What the behaviours mean"):
        for name, words in definitions(names):
            st.text(f"{name}: {words}")
    scores = reader.reading_scores()
    st.subheader("How well the readers tell them", anchor=False)
    if not scores:
        st.info(
            "This run's store holds no comparison of readers with labels by hand; "
            "`python -m attribution_engine findings` writes it."
        )
        return
    spans = wording.whole(max(one.n_spans for one in scores))
    st.caption(
        "Each reader against labels given by hand to spans of traces, on traces that it was not "
        f"written on ({spans} spans). Precision: of the spans that it gives a behaviour, those "
        "labelled so; recall: of those labelled so, the ones that it finds; both with 95% "
        "intervals. The traces are synthetic, written and labelled by who wrote the rules: on real "
        "traces the rules do worse (about 75 % of what they call exploring after an answer was "
        "right, read by eye; see the method note). The corpus's own marks were not compared: they "
        "are its own words."
    )
    table(
        "Precision and recall of the readers",
        SCORES,
        [Row(str(number), score_cells(one)) for number, one in enumerate(scores)],
        key=f"reading scores {run}",
    )
    downloads(
        "reading-scores",
        lambda: list(scores),
        key="reading files",
        caption=captions.caption(run, labels="by hand, held out"),
        run=run,
    )
