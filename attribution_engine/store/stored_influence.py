"""The scores of a store as one matrix on disk."""

from __future__ import annotations

from typing import IO

import duckdb
import numpy as np


def stored_influence(connection: duckdb.DuckDBPyConnection, file: IO[bytes]) -> np.ndarray:
    """[queries, documents] float32 in a file; queries and documents are numbered from 0 on."""
    n_queries, n_documents = (
        connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        for table in ("queries", "documents")
    )
    influence = np.memmap(file, np.float32, "w+", shape=(n_queries, n_documents))
    for query in range(n_queries):
        found = connection.execute(
            "SELECT doc_id, influence FROM influence WHERE query_id = ?", [query]
        ).fetchnumpy()
        influence[query, found["doc_id"]] = found["influence"]
    return influence
