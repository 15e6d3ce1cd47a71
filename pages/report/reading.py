"""Rankings and documents as sections."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

from attribution_engine.store.document_views import DocumentView
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, RunInfo, Side
from pages.parts import captions, figures, wording
from pages.parts.view_fields import RANKING_PAGE
from pages.report import rows
from pages.report.address import View
from pages.report.heats import document_heat
from pages.report.section import Plot, Section, Table

OTHER_QUERIES = 8  # at either end, as on the document's page
MOST = 200  # rows of a long table


def rankings(reader: StoreReader, view: View, section: Section) -> Section:
    query = rows.query_of(reader, view)
    if query is None:
        return rows.without_query(section, view)
    run = reader.run()
    method = wording.method(run.method)
    score = view.score if view.score in method.score_names else "influence"
    both, place = view["tails"] == "both", view.number("place") or 1
    sides: tuple[Side, ...] = SIDES if both else (view.side,)
    shape = reader.distribution(query.query_id, score)
    scale = f"{method.score_names[score]} ({method.score_units[score]})"
    caption = captions.caption(view["run"], query.query_id, shape.tail or None, scale,
                               method=method.name, citation=section.note.citation)  # fmt: skip
    content: list[Any] = [
        Plot(
            figures.distribution(shape, method.score_names[score], method.signed),
            f"distribution-query-{query.query_id}",
            captions.caption(view["run"], query.query_id, shape.tail or None,
                             f"{scale}, number of documents on a logarithmic axis",
                             method=method.name),
            f"Histogram of the scores of query {query.query_id}",
            f"How many documents have which score, {method.score_units[score]}; the dotted lines "
            "are where both tails begin. "
            f"{wording.whole(shape.n_positive)} documents are above 0, "
            f"{wording.whole(shape.n_negative)} below.",
        )
    ]  # fmt: skip
    offset = (place - 1) * RANKING_PAGE
    for side in sides:
        page = reader.rankings(
            query.query_id, side, score, offset, RANKING_PAGE, view.only, view.folds, both
        )
        count = f"{wording.whole(page.total)} documents"
        if view.only.restricts:
            count += f" of {wording.whole(run.n_documents)} pass the filter"
        words = (
            f"{count}, ordered by {method.score_names[score].lower()} "
            f"({method.score_units[score]}); ranks are global."
        )
        content.append(
            rows.ranked(reader, rows.end_name(side, method), page.documents, method, words)
        )
    facts = [*rows.about_query(query), *_filters(view)]
    missing = ""
    if view["doc"]:
        number = view.number("doc")
        doc = None if number is None else reader.document(query.query_id, number)
        if doc is None:
            missing = f"The document “{view['doc']}” is not in this run."
        else:
            facts += _scores(doc, run, method, f"Document {doc.doc_id}: ")
            content.append(document_heat(reader, query.query_id, doc, view))
    return replace(
        section, caption=caption, missing=missing, facts=facts, texts=rows.query_texts(query),
        content=content,
    )  # fmt: skip


def _filters(view: View) -> list[tuple[str, str, str]]:
    names = ("source", "domain", "category", "difficulty", "behaviour", "correct", "answer",
             "low", "high", "group", "text")  # fmt: skip
    return [
        (
            f"Filter: {name}",
            ", ".join(view[name]) if isinstance(view[name], list) else view[name],
            "",
        )
        for name in names
        if view[name]
    ]


def document(reader: StoreReader, view: View, section: Section) -> Section:
    query, doc_id = rows.query_of(reader, view), view.number("doc")
    if query is None:
        return rows.without_query(section, view)
    if doc_id is None and not view["doc"]:
        top = reader.rankings(query.query_id, view.side, view.score, 0, 1, view.only).documents
        doc_id = top[0].doc_id if top else None
    doc = None if doc_id is None else reader.document(query.query_id, doc_id)
    if doc is None:
        return replace(section, missing=f"The document “{view['doc']}” is not in this run.")
    run = reader.run()
    method = wording.method(run.method)
    facts = [
        *_scores(doc, run, method),
        *((label, getattr(doc, name), "") for label, name in rows.LABELS if getattr(doc, name)),
        *((str(name), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
           "metadata") for name, value in doc.metadata.items() if value is not None),
        *rows.about_query(query),
    ]  # fmt: skip
    unit = method.bare_unit
    content: list[Any] = [document_heat(reader, query.query_id, doc, view)]
    spans = reader.document_spans(query.query_id, doc.doc_id) if doc.alignments else None
    if spans and spans.spans:
        content.append(
            Table(
                "Spans of the document",
                ("Characters", "Kind", "Behaviour", method.noun, "Cut", "Text"),
                [
                    [f"{one.start}–{one.end}", one.kind, one.behaviour,
                     wording.signed(one.influence), wording.signed(one.cut_influence),
                     wording.one_line(doc.text[one.start : one.end], 160)]
                    for one in sorted(spans.spans, key=lambda one: -one.influence)[:MOST]
                ],
                frozenset((0, 3, 4)),
                spans.spans,
                f"Sums of {spans.alignment} token scores{f', {unit}' if unit else ''}, the most "
                "helpful first. Cut: the document's influence less that without the span.",
                partial(reader.span_rows, query.query_id, doc.doc_id),
            )
        )  # fmt: skip
    if run.n_queries > 1:
        content += _other_queries(reader, query.query_id, doc.doc_id, method)
    caption = captions.caption(
        view["run"], query.query_id, scale=f"{method.noun.lower()}, {method.unit}",
        document=doc.doc_id, method=method.name, citation=section.note.citation,
    )  # fmt: skip
    return replace(
        section, caption=caption, facts=facts, texts=rows.query_texts(query), content=content
    )


def _scores(
    doc: DocumentView, run: RunInfo, method: wording.Method, of: str = ""
) -> list[tuple[str, str, str]]:
    """The scores and ranks of a document; `of` stands before their names."""
    unit = f" {method.bare_unit}".rstrip()
    found = [
        (method.noun, wording.written(doc.influence, method) + unit, method.unit),
        ("Rank", f"{wording.whole(doc.rank)} of {wording.whole(run.n_documents)}",
         method.first_rank),
        *([("Per-nat", wording.written(doc.per_nat, method), method.score_units["per_nat"])]
          if "per_nat" in method.score_names else []),
        *([("Norm-corrected", wording.written(doc.normed, method),
            f"rank {wording.whole(doc.rank_normed)}")] if "normed" in method.score_names else []),
    ]  # fmt: skip
    return [(of + name, value, small) for name, value, small in found]


def _other_queries(
    reader: StoreReader, query_id: int, doc_id: int, method: wording.Method
) -> list[Table]:
    """The queries that the document helps and harms most, as its page lists them."""
    found = reader.strongest_effects(doc_id, query_id, OTHER_QUERIES)
    if not method.signed:
        return [rows.effects(f"Other queries: the {OTHER_QUERIES} highest", found.helped, method)]
    return [
        rows.effects(f"{title} most, of {wording.whole(n)} other queries", listed, method)
        for title, n, listed in (
            ("Helps", found.n_helped, found.helped),
            ("Harms", found.n_harmed, found.harmed),
        )
    ]
