"""What the finding groups reads of the store that it is written into."""

from __future__ import annotations

import duckdb
import numpy as np


def near_groups(connection: duckdb.DuckDBPyConnection) -> np.ndarray | None:
    """[documents] group of near-duplicates, −1 where a document has none; None if all have none."""
    (groups,) = (
        connection.execute(
            "SELECT coalesce(near_group, -1)::INTEGER AS found FROM documents ORDER BY doc_id"
        )
        .fetchnumpy()
        .values()
    )
    found = np.asarray(groups, np.int64)
    return found if (found >= 0).any() else None
