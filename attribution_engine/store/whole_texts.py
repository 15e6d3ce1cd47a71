"""Documents in full, for files: the whole text, metadata, norm and behaviours of each."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attribution_engine.store.connection import OpenStore

MOST_TEXT = 50_000_000  # characters of all texts of one file: they are in memory at once
LEFT_OUT = "The texts of one file are bounded at {:,} characters together; this one is beyond."


@dataclass(frozen=True, slots=True)
class WholeDocument:
    """What a file says of a document besides what a table shows.

    Attributes:
        behaviours: names that its spans have, in the order of the text.
        text: the whole text; None where it would be too much for one file, which
            `text_left_out` says then, and is empty otherwise.
    """

    gradient_norm: float | None
    behaviours: tuple[str, ...]
    metadata: dict[str, Any]
    n_characters: int
    text: str | None
    text_left_out: str = ""


class WholeTexts(OpenStore):
    """The question for documents in full."""

    def whole_documents(
        self, ids: Sequence[int], most_text: int = MOST_TEXT
    ) -> dict[int, WholeDocument]:
        """Documents by number, in the order asked for; a number that is not there is left out.

        Args:
            most_text: characters of all texts; from the first document beyond it, none has its.
        """
        wanted = list(dict.fromkeys(ids))
        facts = {
            row[0]: row[1:]
            for row in self._rows(
                """SELECT doc_id, gradient_norm, metadata::VARCHAR, length(text) FROM documents
                WHERE doc_id IN (SELECT unnest(?::INTEGER[]))""",
                [wanted],
            )
        }
        kept, n_kept = [], 0
        for doc_id in (one for one in wanted if one in facts):
            n_kept += facts[doc_id][2]
            if n_kept > most_text:
                break
            kept.append(doc_id)
        texts = dict(
            self._rows(
                "SELECT doc_id, text FROM documents WHERE doc_id IN (SELECT unnest(?::INTEGER[]))",
                [kept],
            )
        )
        behaviours: dict[int, dict[str, None]] = {}
        for doc_id, name in self._rows(
            """SELECT doc_id, behaviour FROM spans
            WHERE doc_id IN (SELECT unnest(?::INTEGER[])) AND behaviour <> '' AND "start" < "end"
            GROUP BY ALL ORDER BY doc_id, min(("start", "end", span_id))""",
            [wanted],
        ):
            behaviours.setdefault(doc_id, {})[name] = None
        return {
            doc_id: WholeDocument(
                norm,
                tuple(behaviours.get(doc_id, ())),
                json.loads(metadata or "{}"),
                length,
                texts.get(doc_id),
                "" if doc_id in texts else LEFT_OUT.format(most_text),
            )
            for doc_id, (norm, metadata, length) in ((one, facts[one]) for one in wanted
                                                     if one in facts)
        }  # fmt: skip

    def with_texts(
        self, records: Sequence[Any], most_text: int = MOST_TEXT
    ) -> list[dict[str, Any]]:
        """Records of documents, as a table shows them, as rows of a file with the whole texts.

        Args:
            records: dataclasses with a `doc_id`.
        """
        found = self.whole_documents([one.doc_id for one in records], most_text)
        return [{**_fields(one), **_fields(found[one.doc_id])} for one in records]


def _fields(record: Any) -> dict[str, Any]:
    return {each.name: getattr(record, each.name) for each in dataclasses.fields(record)}
