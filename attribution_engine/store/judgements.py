"""What judges have said, as a store keeps it."""

from __future__ import annotations

from dataclasses import asdict

from attribution_engine.judging.kept import Judgement, KeptJudge
from attribution_engine.store.writer import StoreWriter


def known_judgements(store: StoreWriter) -> list[Judgement]:
    """All replies of all judges that the store has."""
    rows = store.connection.execute(
        """SELECT judge, question, prompt_hash, doc_id, "start", "end", reply, verdict
        FROM judgement"""
    ).fetchall()
    return [Judgement(*row) for row in rows]


def keep_judgements(store: StoreWriter, judge: KeptJudge) -> None:
    """Adds the replies that the store lacks."""
    store.insert("judgement", [asdict(one) for one in judge.new])
    judge.new.clear()
