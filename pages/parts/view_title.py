"""What a view is called, in one line, from its fields."""

from __future__ import annotations

from pages.parts import links, wording
from pages.parts.navigation import PAGES

MODES = {
    "runs": "Query {query} in two runs",
    "queries": "Queries {query} and {query2}",
    "documents": "Documents {doc} and {doc2} on query {query}",
    "document": "Document {doc} on queries {query} and {query2}",
}


def title_of(page: str) -> str:
    """The title of the view as this page shows it; holds no text of a document or a prompt."""
    view = links.view()
    query = view["query"]
    words = PAGES[page]
    if page == "rankings":
        ends = "helpful and harmful" if view["tails"] == "both" else view["side"]
        words = f"Most {ends} documents of query {query}"
        if links.only().restricts:
            words += ", filtered"
        if view["place"] != "1":
            words += f", page {view['place']}"
    elif page == "document":
        words = f"Document {view['doc']} on query {query}"
        if span := links.passage():
            words += f", characters {span[0]} to {span[1]}"
    elif page == "query":
        words = f"Query {query}"
    elif page == "search" and view["look"]:
        words = f"Search “{view['look']}”"
    elif page == "answers" and query:
        words += f", places of query {query}"
    elif page == "rank_curves" and query:
        words += f" with query {query}"
    elif page == "compare":
        words = MODES[view["mode"]].format_map(view)
        if view["mode"] == "runs":
            words += f": {view['run']} and {view['other']}"
    return wording.one_line(words, 160)
