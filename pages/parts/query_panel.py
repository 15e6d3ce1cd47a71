"""The chosen query: prompt, completion, whether it is right, and how many nats it takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from attribution_engine.store.split_views import QueryItem
from attribution_engine.store.views import QueryInfo
from pages.parts import wording

FOLDER = Path(__file__).parent
ITEM_CHARACTERS = 4_000  # of an item's prompt and of its completion; the rest is counted
# The same of each part of a query; the page Query has all of it.
QUERY_CHARACTERS = 200_000

_panel = st.components.v2.component(
    "influence_query",
    html=(FOLDER / "query_panel.html").read_text(encoding="utf-8"),
    css=(FOLDER / "query_panel.css").read_text(encoding="utf-8"),
    js="\n".join(
        (FOLDER / name).read_text(encoding="utf-8") for name in ("query_panel.js", "unseen.js")
    ),
)


def query_panel(
    run: str, query: QueryInfo, items: Sequence[QueryItem], method: wording.Method
) -> None:
    """Draws the query, and the items of a set query. Their texts reach the page as text only."""
    task = f" · {query.task}" if query.task != query.suite else ""
    reference = "" if query.reference is None else f"reference answer: {query.reference}"
    start, end = query.span or (0, len(query.completion))
    _panel(
        key="query_panel",
        data={
            "id": f"{run}/{query.query_id}",
            "verdict": list(wording.verdict(query.correct)) if not items and query.n_tokens else [],
            "name": f"Query {query.query_id} · {query.suite}{task} · {query.kind}",
            "size": size_of(query, items),
            "reference": wording.one_line(reference, 80),
            "prompt": shortened(query.prompt, QUERY_CHARACTERS),
            # The completion of a set only names its items, which are listed by themselves.
            "completion": [] if items else [
                shortened(part, QUERY_CHARACTERS) for part in
                (query.completion[:start], query.completion[start:end], query.completion[end:])
            ],
            "marked": "span" if query.span else "all" if query.n_tokens else "nothing",
            "key": key_of(query, items, method),
            "items": [_item(one) for one in items],
            "itemsTitle": _items_title(items),
        },
    )  # fmt: skip


def size_of(query: QueryInfo, items: Sequence[QueryItem]) -> str:
    """How much there is to explain, in words; nothing for a query without tokens."""
    if not query.n_tokens:
        return ""
    if items:
        return (
            f"mean of {wording.plain(query.nats)} nats an item; {wording.whole(query.n_tokens)} "
            "tokens in all"
        )
    part = " of the completion explained" if query.span else ""
    return (
        f"{wording.plain(query.nats)} nats over {wording.whole(query.n_tokens)} tokens{part} "
        f"({wording.plain(query.nats_per_token)} nats per token)"
    )


def key_of(query: QueryInfo, items: Sequence[QueryItem], method: wording.Method) -> list[str]:
    """What the numbers are about: words before, the marked word, words after."""
    if not query.n_tokens:
        return ["No completion is explained here: every document is weighed by itself.", "", ""]
    by_words = not method.signed
    if items:
        n = sum(one.in_set for one in items)
        about = (
            "documents are compared with the words of "
            if by_words
            else "influence explains the mean log-probability of "
        )
        answered = f"the {wording.whole(n)} correctly answered of {wording.whole(len(items))} items"
        return [f"A set: {about}", answered, "."]
    if by_words:
        return ["Prompt, then ", "completion", ": documents are compared with the words of both."]
    if query.span:
        return ["Prompt, then completion; influence explains ", "the marked part", " of it only."]
    return ["Prompt, then ", "completion", " (marked): influence explains the completion."]


def _item(one: QueryItem) -> dict[str, Any]:
    facts = [
        "no token to explain"
        if one.nats is None
        else f"{wording.plain(one.nats)} nats over {wording.whole(one.n_tokens)} tokens"
    ]
    if one.reference is not None:
        facts.append(f"reference: {wording.one_line(one.reference, 60)}")
    return {
        "item": wording.whole(one.item),
        "inSet": one.in_set,
        "verdict": list(wording.verdict(one.correct)),
        "facts": " · ".join(facts),
        "line": wording.one_line(one.prompt, 160),
        "prompt": shortened(one.prompt),
        "completion": shortened(one.completion) or "(empty)",
    }


def _items_title(items: Sequence[QueryItem]) -> str:
    n = sum(one.in_set for one in items)
    return f"Items: {wording.whole(n)} in the set, {wording.whole(len(items) - n)} not in it"


def shortened(text: str, most: int = ITEM_CHARACTERS) -> str:
    """A text, or its beginning and how many characters follow."""
    rest = len(text) - most
    return text if rest <= 0 else f"{text[:most]}… ({wording.whole(rest)} more)"
