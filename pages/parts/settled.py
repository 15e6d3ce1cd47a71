"""What a page shows where its address leaves a field open: settled before the address is written.

So the address says what its reader sees, whatever a page may begin with some day, and stands in
the browser's history once: the back button does not lead to the same page with a field less.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import QueryInfo, Side
from pages.parts import links, runs

# What pages begin with is imported where it is asked for: some of it draws, with a large library.


def settle(page: str, reader: StoreReader, query: QueryInfo | None) -> None:
    """Fills the fields of the view that the page settles by itself and that are open."""
    view = links.view()
    if view["other"] == view["run"]:
        view["other"] = ""  # a run beside itself says nothing
    if page not in STARTS or all(view[name] for name in links.SETTLED_BY_PAGES[page]):
        return
    found = STARTS[page](reader, query)
    view.update({name: value for name, value in found.items() if value and not view[name]})


def _sources(reader: StoreReader, query: QueryInfo | None) -> dict[str, Any]:
    from pages.parts.sources_shown import sources_shown

    shown = sources_shown(reader, links.view())
    return {} if shown is None else {"whose": shown.whose.key, "k": str(shown.k)}


def _answers(reader: StoreReader, query: QueryInfo | None) -> dict[str, Any]:
    about = reader.answers_about()
    return {} if about is None else {"within": str(about.claim_k)}


def _groups(reader: StoreReader, query: QueryInfo | None) -> dict[str, Any]:
    known = reader.document_groupings() if reader.claims("groups") else []
    return {"labels": known[0]} if known else {}


def _tokens(reader: StoreReader, query: QueryInfo | None) -> dict[str, Any]:
    scopes = reader.token_scopes()
    return {"among": scopes[0].name} if scopes else {}


def _exploration(reader: StoreReader, query: QueryInfo | None) -> dict[str, Any]:
    from pages.parts.exploration_words import chosen

    name, does, _ = chosen(reader, links.view())
    return {"reader": name, "does": does}


def _totals(reader: StoreReader, query: QueryInfo | None) -> dict[str, Any]:
    if reader.totals_about() is None:
        return {}
    from pages.parts.totals_runs import first_other

    return {"other": first_other(reader, links.view()["run"])}


def _trust(reader: StoreReader, query: QueryInfo | None) -> dict[str, Any]:
    from pages.parts.trust_plots import shares_removed

    shares = shares_removed(reader.trust())
    return {"share": shares[-1]} if shares else {}


def _compare(reader: StoreReader, query: QueryInfo | None) -> dict[str, Any]:
    from pages.parts import compare_panels, comparisons

    view = links.view()
    mode, here = view["mode"], view["run"]
    found: dict[str, Any] = {}
    if mode == "runs" and not view["other"]:
        others = [name for name in runs.stores() if name != here]
        found["other"] = comparisons.first_readable(others) if others else ""
    if query is None:
        return found
    if mode in ("queries", "document") and not view["query2"]:
        found["query2"] = compare_panels.first_other_query(reader, query)
    ends: dict[str, dict[str, Side]] = {
        "document": {"doc": links.side()},
        "documents": {"doc": "helpful", "doc2": "harmful"},
    }
    for name, side in ends.get(mode, {}).items():
        if not view[name]:
            found[name] = compare_panels.first_document(reader, query.query_id, side)
    return found


STARTS: dict[str, Callable[[StoreReader, QueryInfo | None], dict[str, Any]]] = {
    "sources": _sources,
    "answers": _answers,
    "groups": _groups,
    "tokens": _tokens,
    "exploration": _exploration,
    "totals": _totals,
    "trust": _trust,
    "compare": _compare,
}
