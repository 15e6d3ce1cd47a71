"""Reads one store for the explorer: every question the pages ask, answered in records."""

from __future__ import annotations

from attribution_engine.store.document_effects import DocumentEffects
from attribution_engine.store.documents import Documents
from attribution_engine.store.found_documents import FoundInCorpus
from attribution_engine.store.query_pairs import QueryPairs
from attribution_engine.store.ranking_rows import RankingRows
from attribution_engine.store.trust import Trust


class StoreReader(Documents, DocumentEffects, QueryPairs, FoundInCorpus, RankingRows, Trust):
    """Answers questions about one store. Safe to share between threads.

    Raises:
        InputError: the file is missing, broken, of another schema or still being written.
    """
