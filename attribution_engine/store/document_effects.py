"""What one document does to every query, without going through the scores of all the others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

from attribution_engine.store.effects import both_ends, strength
from attribution_engine.store.queries import Queries
from attribution_engine.store.views import QueryEffect, QueryInfo, StrongestEffects

Scored = tuple[QueryInfo, float, float | None]  # query, influence, per-nat influence
BRANCHES = 50  # queries whose ranks one statement looks up: planning grows faster than their number
WORKERS = 2


class DocumentEffects(Queries):
    """The question what a document does to all queries."""

    def query_effects(self, doc_id: int) -> list[QueryEffect]:
        """What a document does to every query, most helped first. `bar` is its share of the
        largest |per-nat| influence this document has."""
        return list(self._remember(("effects", doc_id), lambda: self._read_effects(doc_id)))

    def strongest_effects(self, doc_id: int, without: int, n: int) -> StrongestEffects:
        """The n queries that a document helps and harms most, one query left out.

        The same as the ends of `query_effects`, with only so many ranks looked up.
        """
        return self._remember(
            ("strongest", doc_id, without, n), lambda: self._read_strongest(doc_id, without, n)
        )

    def _read_strongest(self, doc_id: int, without: int, n: int) -> StrongestEffects:
        pairs = self._influences(doc_id)
        scored = self._scored(pairs) if pairs is not None else []
        others = [one for one in scored if one[0].query_id != without]
        helped = sorted((one for one in others if one[1] > 0), key=_strength)
        harmed = sorted((one for one in others if one[1] < 0), key=_strength)
        chosen = [*helped[:n], *harmed[:n]]
        ranks = self._ranks([(one[0].query_id, one[1]) for one in chosen], doc_id)
        if pairs is None or ranks is None:
            return _ends(self.query_effects(doc_id), without, n)
        largest = _largest(scored)
        made = {one[0].query_id: _effect(one, ranks[one[0].query_id], largest) for one in chosen}
        return StrongestEffects(
            tuple(made[one[0].query_id] for one in helped[:n]),
            tuple(made[one[0].query_id] for one in harmed[:n]),
            len(helped),
            len(harmed),
            len(others),
        )

    def _read_effects(self, doc_id: int) -> list[QueryEffect]:
        pairs = self._influences(doc_id)
        ranks = self._ranks(pairs, doc_id) if pairs is not None else None
        if pairs is None or ranks is None:
            found = self._rows(
                "SELECT query_id, influence, rank FROM influence WHERE doc_id = ?", [doc_id]
            )
            pairs = [(query_id, influence) for query_id, influence, _ in found]
            ranks = {query_id: rank for query_id, _, rank in found}
        scored = self._scored(pairs)
        largest = _largest(scored)
        return [_effect(one, ranks[one[0].query_id], largest) for one in scored]

    def _scored(self, pairs: list[tuple[int, float]]) -> list[Scored]:
        """(query, influence, per-nat influence), most helped first."""
        scored: list[Scored] = []
        for query_id, influence in pairs:
            query = self.query(query_id)
            if query is not None:
                scored.append((query, influence, influence / query.nats if query.nats else None))
        return sorted(scored, key=lambda one: (one[2] is None, -(one[2] or 0.0), one[0].query_id))

    def _influences(self, doc_id: int) -> list[tuple[int, float]] | None:
        """(query_id, influence); None where the store is not kept by document."""
        rows = self._rows("SELECT influence FROM document_influence WHERE doc_id = ?", [doc_id])
        ids = list(self._all_queries())
        if not rows or len(rows[0][0]) != len(ids):
            return None
        return list(zip(ids, rows[0][0], strict=True))

    def _ranks(self, pairs: list[tuple[int, float]], doc_id: int) -> dict[int, int] | None:
        """Rank of the document for each query; None where the two tables do not agree.

        A rank is looked up by query, influence and document: the rows of a query are sorted by
        influence, so that only the few blocks are read that hold this one.
        """
        parts = [pairs[at : at + BRANCHES] for at in range(0, len(pairs), BRANCHES)]
        asked = [self._rank_query(part, doc_id) for part in parts]
        if len(asked) > 1:
            found = [row for rows in _workers().map(self._rows, asked) for row in rows]
        else:
            found = [row for sql in asked for row in self._rows(sql)]
        ranks = dict(found)
        # A number that is not the same to the last bit in both tables: then all are read.
        return ranks if len(found) == len(ranks) == len(pairs) else None

    @staticmethod
    def _rank_query(pairs: list[tuple[int, float]], doc_id: int) -> str:
        # Only numbers that the store gave stand in this text.
        return " UNION ALL ".join(
            f"SELECT {int(query_id)}, rank FROM influence WHERE query_id = {int(query_id)} "
            f"AND influence = {float(influence)!r}::FLOAT AND doc_id = {int(doc_id)}"
            for query_id, influence in pairs
        )


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS, "effects")


def _effect(one: Scored, rank: int, largest: float) -> QueryEffect:
    query, influence, per_nat = one
    return QueryEffect(
        query, influence, per_nat, rank, (per_nat or 0.0) / largest if largest else 0.0
    )


def _strength(one: Scored) -> tuple[float, float, int]:
    return strength(one[0].query_id, one[1], one[2])


def _largest(scored: list[Scored]) -> float:
    return max((abs(one[2]) for one in scored if one[2] is not None), default=0.0)


def _ends(effects: list[QueryEffect], without: int, n: int) -> StrongestEffects:
    """The same from all effects."""
    others = [one for one in effects if one.query.query_id != without]
    ends = both_ends(others)
    return StrongestEffects(
        ends.helped[:n], ends.harmed[:n], len(ends.helped), len(ends.harmed), len(others)
    )
