"""The finding groups: computed from a run's scores and written into its store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import Claim
from attribution_engine.findings.document_groups import GroupedDocuments, grouped_documents
from attribution_engine.findings.group_cells import cells_of
from attribution_engine.findings.group_claims import contrasts, group_claims
from attribution_engine.findings.group_means import Draws
from attribution_engine.findings.group_rows import GroupMeasures
from attribution_engine.findings.run_scores import RunScores
from attribution_engine.findings.suite_domains import suite_domains
from attribution_engine.store.finding_reads_groups import near_groups
from attribution_engine.store.writer import StoreWriter


def fill(store: StoreWriter, scores: RunScores, options: FindingOptions) -> Iterator[Claim]:
    """Fills `document_group`, `group_influence` (but for sources) and `group_contrast`."""
    grouped = grouped_documents(scores.groupings, scores.n_tokens)
    cells = cells_of(scores.groupings, scores.n_documents)
    domains = suite_domains(scores.queries)
    near = near_groups(store.connection)
    draws = Draws.of(scores.n_documents, near, options.blocks, options.resamples, options.seed)
    measures = GroupMeasures(scores, grouped, cells, draws, domains, options.top)
    for one in grouped:
        store.insert("document_group", _groups(one))
    store.insert("suite_domain", ({"suite": s, "about": about} for s, about in domains.items()))
    store.insert("group_influence", map(_plain, measures.rows()))
    found = contrasts(measures.about, cells)
    store.insert("group_contrast", map(_plain, found))
    yield from group_claims(scores, found, measures.about, cells)


def _groups(grouped: GroupedDocuments) -> Iterator[dict[str, object]]:
    for group in grouped.groups:
        yield {
            "grouping": grouped.name,
            "value": group.value,
            **{label: group.labels.get(label) for label in ("domain", "category", "difficulty")},
            "n": group.n,
            "n_tokens": group.n_tokens,
            "n_pooled": grouped.n_pooled if group.pooled else 0,
            "exact": grouped.is_exact(group),
        }


def _plain(row: Any) -> dict[str, object]:
    """The fields of a record; there may be tens of thousands, and `asdict` copies each value."""
    return {each.name: getattr(row, each.name) for each in fields(row)}
