"""Searches the whole corpus for documents, whatever they do to a query."""

from __future__ import annotations

import numpy as np

from attribution_engine.store.connection import LABELS
from attribution_engine.store.document_masks import DocumentMasks
from attribution_engine.store.passages import snippets
from attribution_engine.store.query_views import FoundDocument, FoundDocuments

ORDER = "in the order of the corpus"


class FoundInCorpus(DocumentMasks):
    """The question which documents hold some words."""

    def search_documents(self, text: str, offset: int = 0, limit: int = 20) -> FoundDocuments:
        """A page of the documents that a search finds, by number; of all for an empty search."""
        ids = self._found_ids(text.strip())
        page = ids[offset : offset + limit].tolist()
        with self._cursor() as cursor:
            shown = snippets(cursor, page, {}, text)
            rows = cursor.execute(
                f"""SELECT doc_id, {LABELS}, n_tokens FROM documents d
                WHERE doc_id IN (SELECT unnest(?::INTEGER[])) ORDER BY doc_id""",
                [page],
            ).fetchall()
        found = tuple(FoundDocument(*(*row, shown[row[0]].text)) for row in rows)
        return FoundDocuments(len(ids), offset, found, ORDER)

    def _found_ids(self, text: str) -> np.ndarray:
        if text:
            return np.flatnonzero(self._matching(text))

        def read() -> np.ndarray:
            with self._cursor() as cursor:
                rows = cursor.execute("SELECT doc_id FROM documents ORDER BY doc_id").fetchnumpy()
            return np.asarray(rows["doc_id"], np.int32)

        return self._remember("all documents", read, heavy=True)
