"""A ranking as rows of a file: every number of the table and the whole text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from attribution_engine.store.rankings import Rankings
from attribution_engine.store.views import DocumentFilter, Score, Side
from attribution_engine.store.whole_texts import LEFT_OUT, MOST_TEXT, WholeTexts

PART = 1_000  # documents that are read at once


@dataclass(frozen=True, slots=True)
class RankingRow:
    """One document of an exported ranking.

    Attributes:
        place: in the exported ranking, from 1; `rank` and `rank_normed` are among all documents.
        near_duplicates: further documents of the run that are nearly the same.
        behaviours, text, text_left_out: as in `WholeDocument`.
    """

    place: int
    doc_id: int
    rank: int
    rank_normed: int
    influence: float
    per_nat: float | None
    normed: float | None
    source: str
    domain: str
    category: str
    difficulty: str
    n_tokens: int
    near_group: int | None
    near_duplicates: int
    gradient_norm: float | None
    behaviours: tuple[str, ...]
    metadata: dict[str, Any]
    n_characters: int
    text: str | None
    text_left_out: str


class RankingRows(Rankings, WholeTexts):
    """The rows of a ranking with their texts."""

    def ranking_rows(
        self,
        query_id: int,
        side: Side = "helpful",
        score: Score = "influence",
        offset: int = 0,
        limit: int = 10_000,
        only: DocumentFilter | None = None,
        fold: bool = False,
        both: bool = False,
        most_text: int = MOST_TEXT,
    ) -> list[RankingRow]:
        """What `rankings` answers, with the whole text of each document.

        Args:
            most_text: characters of all texts; from the first document beyond it, none has its.
        """
        found: list[RankingRow] = []
        left = most_text
        while len(found) < limit:
            part = min(PART, limit - len(found))
            start = offset + len(found)
            page = self.rankings(query_id, side, score, start, part, only, fold, both).documents
            whole = self.whole_documents([one.doc_id for one in page], left)
            left -= sum(each.n_characters for each in whole.values())
            found += [
                RankingRow(
                    place=start + at,
                    doc_id=one.doc_id,
                    rank=one.rank,
                    rank_normed=one.rank_normed,
                    influence=one.influence,
                    per_nat=one.per_nat,
                    normed=one.normed,
                    source=one.source,
                    domain=one.domain,
                    category=one.category,
                    difficulty=one.difficulty,
                    n_tokens=one.n_tokens,
                    near_group=one.group,
                    near_duplicates=one.n_near,
                    gradient_norm=each.gradient_norm,
                    behaviours=each.behaviours,
                    metadata=each.metadata,
                    n_characters=each.n_characters,
                    text=each.text,
                    text_left_out=each.text_left_out and LEFT_OUT.format(most_text),
                )
                for at, one in enumerate(page, 1)
                for each in (whole[one.doc_id],)
            ]
            if len(page) < part:
                break
        return found
