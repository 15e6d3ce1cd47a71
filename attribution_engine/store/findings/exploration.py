"""Reads the finding exploration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from attribution_engine.findings.behaviour_figures import BehaviourRow
from attribution_engine.store.connection import OpenStore
from attribution_engine.store.findings.exploration_views import (
    BehaviourSpan,
    BehaviourSpans,
    ReadingScore,
)
from attribution_engine.store.views import Side

SNIPPET = 400  # characters of a span in a list
_OTHERS = ("suite", "start", "end", "text", "marked_end")  # columns of other tables
_KEPT = [one.name for one in fields(BehaviourSpan) if one.name not in _OTHERS]


class ExplorationFinding(OpenStore):
    """The questions about the finding exploration."""

    def behaviour_rows(self) -> list[BehaviourRow]:
        """What each behaviour does, for every scope, reader, end and level."""
        return self._remember("behaviour rows", self._read_behaviour_rows)

    def _read_behaviour_rows(self) -> list[BehaviourRow]:
        names = ", ".join(one.name for one in fields(BehaviourRow))
        rows = self._records(f"SELECT {names} FROM behaviour_influence ORDER BY rowid")
        return [BehaviourRow(**row) for row in rows]

    def reading_scores(self) -> list[ReadingScore]:
        """How well each reader of behaviours agrees with labels by hand."""
        names = ", ".join(f'"{one.name}"' for one in fields(ReadingScore))
        rows = self._records(f"SELECT {names} FROM reading_score ORDER BY rowid")
        return [ReadingScore(**row) for row in rows]

    def behaviour_spans(
        self,
        detector: str,
        behaviour: str,
        side: Side,
        offset: int,
        limit: int,
        suites: Sequence[str] = (),
        by_cut: bool = False,
        whole: bool = False,
    ) -> BehaviourSpans:
        """Spans that a reader gives a behaviour, the strongest of one sign first.

        Args:
            side: "helpful" = those that raise; suites: of the queries, all if empty.
            by_cut: by their cut influence, those that have it, and not by the sum of their tokens.
            whole: with their whole texts.
        """
        value = "cut_influence" if by_cut else "influence"
        sign, order = (">", "DESC") if side == "helpful" else ("<", "ASC")
        kept = ", ".join(f"s.{name}" for name in _KEPT)
        of_suite = "" if not suites else "AND q.suite IN (SELECT unnest($3::VARCHAR[]))"
        rows = self._records(
            f"""SELECT {kept}, q.suite, b."start", b."end", count(*) OVER () AS total
            FROM behaviour_score s JOIN queries q USING (query_id)
            JOIN behaviour_span b USING (doc_id, span_id, detector)
            WHERE s.detector = $1 AND s.behaviour = $2 AND s.{value} {sign} 0 {of_suite}
            ORDER BY s.{value} {order}, query_id, doc_id, span_id
            LIMIT {int(limit)} OFFSET {int(offset)}""",
            [detector, behaviour, *([list(suites)] if suites else [])],
        )
        total = rows[0]["total"] if rows else 0
        found = [
            BehaviourSpan(**{name: row[name] for name in row if name != "total"}) for row in rows
        ]
        return BehaviourSpans(total, tuple(self._with_texts(found, 0 if whole else SNIPPET)))

    def _with_texts(self, spans: Sequence[BehaviourSpan], limit: int) -> list[BehaviourSpan]:
        """The spans with their texts, up to `limit` characters; 0 = all."""
        places = list(dict.fromkeys((one.doc_id, one.start, one.end) for one in spans))
        rows = self._rows(
            """WITH wanted AS (SELECT unnest($1::INTEGER[]) AS doc_id,
                unnest($2::INTEGER[]) AS first, unnest($3::INTEGER[]) AS past)
            SELECT doc_id, first, past, substr(text, first + 1, CASE WHEN $4 = 0
                THEN past - first ELSE least($4, past - first) END), first + length(
                rtrim(substr(text, first + 1, past - first), chr(9) || chr(10) || chr(13) || ' '))
            FROM documents JOIN wanted USING (doc_id)
            WHERE doc_id IN (SELECT unnest($1::INTEGER[]))""",
            [*(list(column) for column in zip(*places)), limit] if places else [[], [], [], 0],
        )
        texts = {tuple(row[:3]): (row[3], max(row[4], row[1] + 1)) for row in rows}
        found = []
        for one in spans:
            text, end = texts.get((one.doc_id, one.start, one.end), ("", one.end))
            found.append(replace(one, text=text, marked_end=end))
        return found
