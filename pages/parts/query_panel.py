"""The chosen query: prompt, completion, whether it is right, and how many nats it takes."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from attribution_engine.store.views import QueryInfo
from pages.parts import wording

FOLDER = Path(__file__).parent

_panel = st.components.v2.component(
    "influence_query",
    html=(FOLDER / "query_panel.html").read_text(encoding="utf-8"),
    css=(FOLDER / "query_panel.css").read_text(encoding="utf-8"),
    js=(FOLDER / "query_panel.js").read_text(encoding="utf-8"),
)


def query_panel(run: str, query: QueryInfo) -> None:
    """Draws the query. Its texts reach the page as text only."""
    task = f" · {query.task}" if query.task != query.suite else ""
    reference = "" if query.reference is None else f"reference answer: {query.reference}"
    _panel(
        key="query_panel",
        data={
            "id": f"{run}/{query.query_id}",
            "verdict": list(wording.verdict(query.correct)),
            "name": f"Query {query.query_id} · {query.suite}{task} · {query.kind}",
            "size": f"{wording.plain(query.nats)} nats over {query.n_tokens} tokens "
            f"({wording.plain(query.nats_per_token)} nats per token)",
            "reference": wording.one_line(reference, 80),
            "prompt": query.prompt,
            "completion": query.completion,
        },
    )
