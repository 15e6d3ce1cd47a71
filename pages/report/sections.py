"""From notes to what they show: each page's view, read again from its run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from attribution_engine.findings.faithfulness import EXPERIMENTS
from attribution_engine.notes import Note
from attribution_engine.records import InputError
from attribution_engine.store.reader import StoreReader
from pages.parts import captions, figures, runs, trust_plots, wording
from pages.parts.note_address import address_now, missing, readable_runs
from pages.parts.run_facts import run_facts
from pages.parts.trust_facts import QUESTIONS, TITLES
from pages.parts.trust_figures import method_name
from pages.report.address import View, view_in, view_of
from pages.report.asking import query
from pages.report.comparing import compare
from pages.report.finding_answers import answers
from pages.report.finding_correlations import correlations
from pages.report.finding_exploration import exploration
from pages.report.finding_groups import groups
from pages.report.finding_sources import sources
from pages.report.finding_tokens import tokens
from pages.report.finding_totals import totals
from pages.report.reading import document, rankings
from pages.report.searching import search
from pages.report.section import Plot, Section, Table

MOST = 400  # rows of a long table


def sections_of(notes: Sequence[Note]) -> list[Section]:
    """The sections of a report, in the order of the notes. None of them fails."""
    ids = readable_runs()
    return [_section(note, ids) for note in notes]


def _section(note: Note, ids: dict[str, str]) -> Section:
    view = view_of(note.page, address_now(note, ids))
    caption = captions.caption(view["run"] or note.run, view["query"], citation=note.citation)
    empty = Section(note, caption, missing(note, ids) if note.run else "")
    draw = DRAWN.get(note.page)
    if draw is None:
        return empty
    try:
        stores = runs.stores()
        if view["run"] not in stores:
            words = f"The run “{view['run']}” is not in the runs folder, or cannot be read."
            return replace(empty, missing=empty.missing or words)
        reader = runs.reader_of(stores[view["run"]])
        view, lacking = view_in(reader, view)
        drawn = draw(reader, view, empty)
        return replace(drawn, missing=" ".join(filter(None, (lacking, drawn.missing))))
    except InputError as error:
        return replace(empty, missing=str(error))
    except KeyError:  # a score that the run does not have of this query
        return replace(empty, missing="This run does not have what the note shows.")


def _overview(reader: StoreReader, view: View, section: Section) -> Section:
    run = reader.run()
    method = wording.method(run.method)
    suites, sources = reader.suites(), reader.sources()
    content = [
        Table(
            "Suites",
            ("Suite", "Kind", "Queries", "Correct", "Accuracy", "Mean nats"),
            [
                [one.suite, one.kinds, wording.whole(one.n_queries),
                 f"{one.n_correct} of {one.n_known}" if one.n_known else "no reference",
                 wording.percent(one.accuracy), wording.plain(one.mean_nats)]
                for one in suites
            ],
            frozenset((2, 3, 4, 5)),
            suites,
            "Nats: −log p of the completion, mean over the suite.",
        ),
        Table(
            "Documents by source",
            ("Source", "Documents", "Share", "Tokens"),
            [
                [one.source, wording.whole(one.n_documents), wording.percent(one.share, 1),
                 wording.whole(one.n_tokens)]
                for one in sources
            ],
            frozenset((1, 2, 3)),
            sources,
        ),
    ]  # fmt: skip
    facts = [(*fact, "")[:3] for fact in run_facts(run, method, view["run"])]
    texts = [("Notes of the run", run.notes)] if run.notes else []
    return replace(section, facts=facts, texts=texts, content=content)  # type: ignore[arg-type]


def _rank_curves(reader: StoreReader, view: View, section: Section) -> Section:
    method = wording.method(reader.run().method)
    kinds, fits = reader.kind_curves(view.unit), reader.rank_fits()
    if not kinds:
        return replace(section, missing="This run has no rank curves.")
    query_id = view.number("query")
    names = list(dict.fromkeys(one.kind for one in kinds))
    shown = [kind for kind in view["kind"] if kind in names] or names
    mine = [one for one in reader.rank_curves(view.unit) if one.query_id == query_id]
    axis = figures.rank_axes(method)[view.unit]
    top = max((fit.k for fit in fits), default=0)
    caption = captions.caption(
        view["run"], query_id, top or None, f"{axis} against rank, both logarithmic",
        method=method.name, citation=section.note.citation,
    )  # fmt: skip
    slopes = reader.slope_groups()
    listed = [fit for fit in fits if view["mine"] != "1" or fit.query_id == query_id]
    content: list[Any] = [
        Plot(
            figures.rank_curves(kinds, mine, axis, shown, method.side_names),
            "rank-curves",
            caption,
            "Log-log plot of influence against rank by kind of query, both ends",
            f"Size of {method.noun.lower()} against rank, from both ends of the ranking, on "
            "logarithmic axes. Lines are the mean over the queries of a kind, bands one standard "
            f"deviation, both of the logarithm; the thin line is query {query_id}.",
        ),
        Table(
            f"Slopes over the top {wording.whole(top)}",
            ("Kind", "Side", "Slope", "Standard deviation", "Queries"),
            [
                [one.kind, method.side_names[one.side], wording.decimal(one.mean),
                 wording.decimal(one.deviation), wording.whole(one.n_queries)]
                for one in slopes
            ],
            frozenset((2, 3, 4)),
            slopes,
            "Slope of log |influence| against log rank.",
        ),
        Table(
            "Fits by query",
            ("Query", "Suite", "Kind", "Side", "Documents", "Slope", "Interval", "R²",
             "Survival exponent", "KS", "KS p"),
            [
                [str(one.query_id), one.suite, one.kind, method.side_names[one.side],
                 wording.whole(one.n), wording.decimal(one.slope),
                 f"{wording.decimal(one.slope_low)} to {wording.decimal(one.slope_high)}",
                 wording.decimal(one.r_squared), wording.decimal(one.survival_exponent),
                 wording.decimal(one.ks_statistic, 3), wording.plain(one.ks_p)]
                for one in listed[: MOST]
            ],
            frozenset((0, 4, 5, 6, 7, 8, 9, 10)),
            listed,
        ),
    ]  # fmt: skip
    return replace(section, caption=caption, content=content)


def _trust(reader: StoreReader, view: View, section: Section) -> Section:
    report = reader.trust()
    if not report.tested:
        return replace(section, missing="Not tested: this run's store holds no test of its scores.")
    query_id = view.number("query")
    content: list[Any] = [
        Table(
            "What the tests say",
            ("Test", "Question", "Standing", "Finding"),
            [
                [TITLES[name], QUESTIONS[name], one.standing, one.sentence]
                for name, one in report.verdicts.items()
            ],
        )
    ]
    for experiment in EXPERIMENTS:
        if not any(row.experiment == experiment for row in report.rows):
            continue
        plot = trust_plots.trust_plot(report, experiment, query_id, view["spread"])
        if plot.figure is not None:
            caption = captions.caption(view["run"], query_id, scale=plot.scale,
                                       test=TITLES[experiment],
                                       method=method_name(report.method))  # fmt: skip
            content.append(Plot(plot.figure, f"trust-{experiment}", caption, plot.alt, plot.words))
    means = [row for row in report.rows if row.query_id is None and row.seed is None]
    content.append(
        Table(
            "Every mean of every test",
            ("Test", "Method", "Quantity", "Suite", "Condition", "Figure", "Low", "High", "Unit",
             "n", "How"),
            [
                [TITLES.get(one.experiment, one.experiment), method_name(one.method), one.quantity,
                 one.suite or "–", one.condition or "–", wording.decimal(one.figure, 3),
                 wording.decimal(one.low, 3), wording.decimal(one.high, 3), one.unit,
                 wording.whole(one.n), one.how]
                for one in means
            ],
            frozenset((5, 6, 7, 9)),
            means,
        )
    )  # fmt: skip
    return replace(section, content=content)


DRAWN: dict[str, Callable[[StoreReader, View, Section], Section]] = {
    "overview": _overview,
    "rankings": rankings,
    "document": document,
    "query": query,
    "search": search,
    "compare": compare,
    "rank_curves": _rank_curves,
    "correlations": correlations,
    "totals": totals,
    "answers": answers,
    "sources": sources,
    "groups": groups,
    "tokens": tokens,
    "exploration": exploration,
    "trust": _trust,
}
