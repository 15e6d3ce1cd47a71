"""The facts of a document: its scores and labels above its text, its metadata below."""

from __future__ import annotations

import json

import streamlit as st

from attribution_engine.store.document_views import DocumentView
from attribution_engine.store.reader import StoreReader
from pages.parts import wording
from pages.parts.facts import facts


def show_scores(reader: StoreReader, document: DocumentView) -> None:
    """The labels of the corpus, and three scores with their ranks."""
    method = wording.method(reader.run().method)
    unit = f" {method.bare_unit}".rstrip()
    effect = (
        "raises" if document.influence > 0 else "lowers" if document.influence < 0 else "leaves"
    )
    n_documents = wording.whole(reader.run().n_documents)
    labels = (
        ("source", document.source),
        ("domain", document.domain),
        ("category", document.category),
        ("difficulty", document.difficulty),
    )
    named = [f"{name} {wording.one_line(value, 120)}" for name, value in labels if value]
    tokens = f"{wording.whole(document.n_tokens)} tokens"
    st.caption(wording.label(" · ".join([tokens, *named])))
    facts(
        [
            (method.noun, wording.written(document.influence, method) + unit, method.unit
             + (f"; {effect} log p of the completion" if method.signed else "")),
            ("Rank", f"{wording.whole(document.rank)} of {n_documents}", method.first_rank),
            *([("Per-nat", wording.written(document.per_nat, method),
                method.score_units["per_nat"])] if "per_nat" in method.score_names else []),
            *([("Norm-corrected", wording.written(document.normed, method),
                f"rank {wording.whole(document.rank_normed)}; gradient norm "
                f"{wording.plain(document.gradient_norm)}")]
              if "normed" in method.score_names else []),
        ],
        key="document_facts",
    )  # fmt: skip


def show_about(document: DocumentView) -> None:
    """How long the document is, what of it is trained on, and its metadata."""
    st.subheader("About this document", anchor=False)
    facts(
        [
            ("Tokens the model saw", wording.whole(document.n_tokens)),
            ("Characters", wording.whole(len(document.text)),
             f"{wording.whole(document.seen_chars)} of them seen by the model"),
            ("Trained on", trained_on(document)),
            ("Source", document.source or "–"),
            ("Domain", document.domain or "–"),
            ("Category", document.category or "–"),
            ("Difficulty", document.difficulty or "–"),
            *((name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
              for name, value in document.metadata.items()),
        ],
        key="document_metadata",
    )  # fmt: skip


def trained_on(document: DocumentView) -> str:
    """How much of the text has a loss."""
    n = sum(end - start for start, end in document.loss_ranges)
    if n == len(document.text):
        return "the whole text: no prompt"
    answers = len(document.loss_ranges)
    where = f" in {wording.whole(answers)} answers" if answers > 1 else ""
    return f"{wording.whole(n)} characters{where}; the rest is prompt, without loss"
