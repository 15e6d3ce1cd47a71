"""Reads one store for the explorer: every question the pages ask, answered in records."""

from __future__ import annotations

from attribution_engine.store.document_effects import DocumentEffects
from attribution_engine.store.documents import Documents
from attribution_engine.store.findings.answers import AnswersFinding
from attribution_engine.store.findings.claims import Claims
from attribution_engine.store.findings.correlations import CorrelationsFinding
from attribution_engine.store.findings.exploration import ExplorationFinding
from attribution_engine.store.findings.groups import GroupsFinding
from attribution_engine.store.findings.relations import RelationsFinding
from attribution_engine.store.findings.sources import SourcesFinding
from attribution_engine.store.findings.tokens import TokensFinding
from attribution_engine.store.findings.totals import TotalsFinding
from attribution_engine.store.found_documents import FoundInCorpus
from attribution_engine.store.query_pairs import QueryPairs
from attribution_engine.store.ranking_rows import RankingRows
from attribution_engine.store.trust import Trust


class FindingsReader(
    CorrelationsFinding,
    TotalsFinding,
    AnswersFinding,
    RelationsFinding,
    SourcesFinding,
    GroupsFinding,
    TokensFinding,
    ExplorationFinding,
    Claims,
):
    """The questions of the pages of findings."""


class StoreReader(
    Documents, DocumentEffects, QueryPairs, FoundInCorpus, RankingRows, Trust, FindingsReader
):
    """Answers questions about one store. Safe to share between threads.

    Raises:
        InputError: the file is missing, broken, of another schema or still being written.
    """
