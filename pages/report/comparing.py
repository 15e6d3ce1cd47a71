"""The views of Compare as sections: two queries, two runs, one or two documents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from attribution_engine.records import InputError
from attribution_engine.store import query_pairs
from attribution_engine.store.comparison import Comparison
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES
from pages.parts import captions, comparisons, runs, wording
from pages.parts.compare_panels import agreement_row, pearson_words
from pages.report import rows
from pages.report.address import View
from pages.report.heats import document_heat
from pages.report.section import Plot, Section, Table

MOST = 200  # rows of a long table
MOST_SCORES = 2_000_000  # of all shared queries, up to which the runs are compared on each
PLOTS = {"rank_log": "ranks, both axes logarithmic", "rank": "ranks", "score": "scores"}


def compare(reader: StoreReader, view: View, section: Section) -> Section:
    """What the page Compare shows in the view's mode."""
    query = rows.query_of(reader, view)
    if query is None:
        return rows.without_query(section, view)
    modes = {"runs": _runs, "queries": _queries, "documents": _heats, "document": _heats}
    return modes[view["mode"]](reader, view, section, query)


def _heats(reader: StoreReader, view: View, section: Section, query: Any) -> Section:
    """One document under two queries, or two documents under one."""
    one_document = view["mode"] == "document"
    second = rows.query_of(reader, view, "query2") if one_document else query
    if second is None:
        return rows.without_query(section, view, "query2")
    method = wording.method(reader.run().method)
    content: list[Any] = []
    facts = rows.about_query(query)
    lost = []
    pairs = [(query, "doc"), (second, "doc" if one_document else "doc2")]
    for of, name in pairs:
        doc_id = view.number(name)
        doc = None if doc_id is None else reader.document(of.query_id, doc_id)
        if doc is None:
            lost.append(f"The document “{view[name]}” is not in this run.")
            continue
        unit = f" {method.bare_unit}".rstrip()
        facts.append(
            (f"Document {doc.doc_id} under query {of.query_id}",
             wording.written(doc.influence, method) + unit,
             f"{method.unit}; rank {wording.whole(doc.rank)}")
        )  # fmt: skip
        content.append(document_heat(reader, of.query_id, doc, view))
    caption = captions.caption(
        view["run"], f"{query.query_id} and {second.query_id}" if one_document else query.query_id,
        scale=f"{method.noun.lower()}, {method.unit}", method=method.name,
        citation=section.note.citation,
    )  # fmt: skip
    texts = rows.query_texts(query)
    if second is not query:
        texts += rows.query_texts(second)
    return replace(
        section, caption=caption, facts=facts, texts=texts, content=content,
        missing=" ".join(dict.fromkeys(lost)),
    )  # fmt: skip


def _queries(reader: StoreReader, view: View, section: Section, query: Any) -> Section:
    """Every document by its score on two queries."""
    from pages.parts.query_figures import queries_figure

    other = rows.query_of(reader, view, "query2")
    if other is None:
        return rows.without_query(section, view, "query2")
    method = wording.method(reader.run().method)
    score, k, side = view.score, int(view["top"]), view.side
    if score == "per_nat" and not (query.nats and other.nats):
        words = "One of these queries has no completion with nats, so it has no per-nat score."
        return replace(section, missing=words)
    a, b = query.query_id, other.query_id
    plane = reader.query_plane(a, b, score, k, side, view.plot)
    number, chosen = view.number("doc"), None
    if number is not None:
        chosen = reader.under_both(a, b, number, side, score)
        if chosen is not None:
            plane = query_pairs.with_chosen(plane, chosen, score, k)
    lost = f"The document “{view['doc']}” is not in this run." if view["doc"] and not chosen else ""
    names = (f"query {a}", f"query {b}")
    name = method.score_names[score].lower()
    what = (
        f"{name}: {method.score_units[score]}"
        if view.plot == "score"
        else f"rank by {name} from the {side} end"
    )
    axes = "logarithmic axes" if view.plot == "rank_log" else "linear axes"
    caption = captions.caption(
        view["run"], f"{a} and {b}", k, f"{what}, {axes}", end=side,
        citation=section.note.citation,
    )  # fmt: skip
    found = reader.two_tops(a, b, side, score, k)
    content: list[Any] = [
        Plot(
            queries_figure(plane, names, what, k),
            f"queries-{a}-{b}",
            caption,
            f"Every document on {names[0]} and on {names[1]}: {what}",
            f"Each document has one place: across by {what} on {names[0]}, upwards by that on "
            f"{names[1]}. The nearer to a rising line, the more the two completions draw on the "
            "same documents.",
        ),
        rows.beside(reader, f"Top {k} of {names[0]}", found.first, score, names[1]),
        rows.beside(reader, f"Top {k} of {names[1]}", found.second, score, names[0]),
    ]
    facts = [
        *rows.about_query(query),
        *rows.about_query(other),
        *_correlation(reader, a, b, method),
        *rows.place_of(chosen, names, (method, method), score, side),
        (f"In the top {k} of both", str(found.n_both),
         f"chance would give {wording.decimal(found.by_chance)}"),
    ]  # fmt: skip
    texts = rows.query_texts(query) + rows.query_texts(other)
    return replace(
        section, caption=caption, missing=lost, facts=facts, texts=texts, content=content
    )


def _correlation(
    reader: StoreReader, a: int, b: int, method: wording.Method
) -> list[tuple[str, str, str]]:
    """Pearson and Spearman of two queries over all documents."""
    found = next((one for one in reader.query_neighbours(a) if one.query.query_id == b), None)
    if found is None:
        return [("Correlation", "–", "none of these two queries is in this run's store")]
    noun, n = method.noun.lower(), f"n = {wording.whole(found.n)} documents"
    return [
        ("Pearson", wording.decimal(found.pearson, 3), f"of {noun}; {n}"),
        ("Spearman", wording.decimal(found.spearman, 3), f"of ranks by {noun}; {n}"),
    ]


def _runs(reader: StoreReader, view: View, section: Section, query: Any) -> Section:
    """Rank against rank of one query in two runs."""
    from pages.parts.plane import plane_figure

    stores = runs.stores()
    if view["other"] not in stores:
        words = f"The other run “{view['other']}” is not in the runs folder, or cannot be read."
        return replace(section, missing=words)
    try:
        there = runs.reader_of(stores[view["other"]])
        comparison = comparisons.comparison_of(reader, there)
    except InputError as error:
        return replace(section, missing=str(error))
    pair = comparison.pair(query.query_id)
    if pair is None or not comparison.documents().n_shared:
        words = f"Query {query.query_id} and its documents are not in both runs."
        return replace(section, missing=words)
    side, k, names = view.side, int(view["top"]), (view["run"], view["other"])
    methods = [wording.method(one.run().method) for one in (reader, there)]
    plane = comparison.plane(query.query_id, side, view.plot, k, view.number("doc"))
    axes = [
        f"{wording.one_line(name, 30)} · {method.name}: "
        + (method.unit if view.plot == "score" else f"rank from the {side} end")
        for name, method in zip(names, methods, strict=True)
    ]
    caption = captions.caption(
        f"{names[0]} and {names[1]}", query.query_id, k, PLOTS[view.plot], end=side,
        citation=section.note.citation,
    )  # fmt: skip
    number, lost, chosen = view.number("doc"), [], None
    if view["doc"]:
        chosen = None if number is None else comparison.document(query.query_id, number, side)
        if chosen is None:
            lost.append(f"The document “{view['doc']}” is not in the open run.")
    if not pair.same_completion:
        lost.append("The completions of this query differ between the runs, so the two explain "
                    "different texts.")  # fmt: skip
    agreement = comparison.agreement(query.query_id)
    tops = comparison.tops(query.query_id, side, k)
    overlaps = [
        [wording.SIDE_NAMES[one], wording.whole(each.k), wording.whole(each.n_both),
         wording.decimal(each.by_chance)]
        for one in SIDES
        for each in agreement.overlaps[one]
    ]  # fmt: skip
    content: list[Any] = [
        Plot(
            plane_figure(plane, names[0], names[1], (axes[0], axes[1]), k),
            f"runs-query-{query.query_id}-{view.plot}",
            caption,
            f"Query {query.query_id} in both runs, {PLOTS[view.plot]}",
            "Each document has one place: across by the first run, upwards by the second. The "
            "nearer to a rising line, the more the runs agree.",
        ),
        Table("At the top of both runs", ("Side", "k", "In both", "By chance"), overlaps,
              frozenset((1, 2, 3))),
        rows.beside(reader, f"Top {k} of {names[0]}", tops[0], "influence", names[1]),
        rows.beside(there, f"Top {k} of {names[1]}", tops[1], "influence", names[0]),
    ]  # fmt: skip
    facts = [
        *rows.about_query(query),
        ("Spearman", wording.decimal(agreement.spearman, 3), "of ranks"),
        ("Pearson", wording.decimal(agreement.pearson, 3), "of scores"),
        ("Documents in both", wording.whole(agreement.n), ""),
        *rows.place_of(chosen, names, (methods[0], methods[1]), "influence", side),
    ]
    if len(comparison.queries()) * agreement.n <= MOST_SCORES:
        content.append(_shared_queries(comparison))
    else:
        lost.append("Left out: the list of all shared queries, which would take long to compute.")
    texts = rows.query_texts(query)
    return replace(
        section, caption=caption, missing=" ".join(lost), facts=facts, texts=texts, content=content
    )


def _shared_queries(comparison: Comparison) -> Table:
    """All shared queries by how far the runs agree on them."""
    found = comparison.agreements()
    names = wording.method(comparison.here.run().method).side_names
    return Table(
        "All shared queries",
        ("Query", "Spearman", "Pearson", *(f"{names[side]} 10" for side in SIDES), "Suite",
         "Kind", "Completion", "Prompt"),
        [
            [
                str(pair.query.query_id),
                wording.decimal(agreement.spearman, 3),
                wording.decimal(agreement.pearson, 3),
                *(str(agreement.overlaps[side][0].n_both) for side in SIDES),
                pair.query.suite,
                pair.query.kind,
                "same" if pair.same_completion else "differs",
                wording.one_line(pair.query.prompt, 240),
            ]
            for pair, agreement in found[:MOST]
        ],
        frozenset((0, 1, 2, 3, 4)),
        [agreement_row(pair, agreement) for pair, agreement in found],
        "The query with the best agreement first. Correlations over all shared documents; 10: of "
        f"the 10 outermost documents of either run, those in both. {pearson_words(found)}".rstrip(),
    )  # fmt: skip
