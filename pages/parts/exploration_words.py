"""What the page Exploration says in words: behaviours, readers, ends, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attribution_engine.findings.behaviour_figures import AFTER, OTHER, BehaviourRow
from attribution_engine.findings.exploration import preferred
from attribution_engine.store.reader import StoreReader
from attribution_engine.text.behaviours import BEHAVIOURS, DEFINITIONS
from pages.parts import wording

NAMES: Final = {
    "explores_after_answer": "explores after an answer",
    "explores_before_answer": "explores before an answer",
    OTHER: "none of these",
}
READERS: Final = {"corpus": "Corpus's own marks", "rules": "Rule-based detector"}
ENDS: Final = {"both": "Both ends", "helpful": "▲ Helpful", "harmful": "▼ Harmful"}
MEASURES: Final = {"tokens": "Sum of its tokens", "cut": "Cut influence"}
OF_THE_RUN: Final = (
    "This run's store holds no spans with token scores, so there is nothing to draw. Put “span” "
    "and “token” into `levels` of `[influence]` and run again; the methods bm25 and self-influence "
    "have no token scores."
)
NO_CUTS: Final = (
    "No span of these was cut out of its document. Set `cut_documents` in `[influence]` to the "
    "number of documents at either end of each ranking whose spans are to be cut, and run again: "
    "each of them is then scored again without each of its spans."
)
METHOD: Final = (
    "Spans are the steps of the documents at either end of each ranking: only these have token "
    "scores. A span counts under each query whose ranking its document is at an end of. The sum of "
    "its tokens is additive: what the loss on these tokens taught, with the rest of the text in "
    "place. Cut influence is counterfactual: the document's influence less that of the document "
    "scored again without the span, so that what follows is read without it too. A control is text "
    "of equal length (within a quarter, or two tokens, then scaled) that neither explores nor has "
    "the behaviour: a step of the same document, else successive steps of it, else a step of "
    "another document at the same end. Intervals are 95%, by drawing documents with replacement; "
    "queries are not drawn. How the paper found its spans and summed their influence is not known: "
    "both definitions are ours."
)


def behaviour(name: str) -> str:
    """A behaviour as pages write it; those of a corpus keep their own name."""
    return NAMES.get(name, name.replace("_", " "))


def reader_name(name: str) -> str:
    """Who read the behaviours."""
    return READERS.get(name, f"Judge {name}")


def definitions(names: Sequence[str]) -> list[tuple[str, str]]:
    """The behaviours with what they mean; those of a corpus are its own."""
    own = "named so by the corpus, which says what it means"
    return [(behaviour(one), DEFINITIONS.get(one, own)) for one in names if one != OTHER]


def readers_of(rows: Sequence[BehaviourRow]) -> list[str]:
    """The readers, the preferred one first."""
    found = list(dict.fromkeys(row.detector for row in rows))
    first = preferred(found)
    return [first, *(one for one in found if one != first)] if found else []


def behaviours_of(rows: Sequence[BehaviourRow], detector: str) -> list[str]:
    """The behaviours that a reader names, in the order of the definitions."""
    found = {row.behaviour for row in rows if row.detector == detector and row.behaviour != OTHER}
    own = sorted(found.difference(BEHAVIOURS))
    return [*(one for one in BEHAVIOURS if one in found), *own]


def chosen(reader: StoreReader, view: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    """The reader and the behaviour that a view asks for, and what it asks for in vain."""
    rows = reader.behaviour_rows()
    readers = readers_of(rows)
    said = []
    name = view["reader"] or (readers[0] if readers else "")
    if name not in readers:
        said.append(f"asks for the reader “{name}”, which this run does not have.")
        name = readers[0] if readers else ""
    known = behaviours_of(rows, name)
    does = view["does"] or (AFTER if AFTER in known else known[0] if known else "")
    if known and does not in known:
        said.append(f"asks for the behaviour “{does}”, which {reader_name(name)} does not see.")
        does = AFTER if AFTER in known else known[0]
    topics = {row.domain for row in rows if row.suite is not None}
    if view["topic"] not in ("", *topics) and not view["suite"]:
        said.append(f"asks for queries of {view['topic']}, which this run does not have.")
    return name, does, said


def behind(rows: Sequence[BehaviourRow]) -> str:
    """How much the figures of a plot rest on."""
    said = []
    for domain in dict.fromkeys(row.domain for row in rows):
        here = [row for row in rows if row.domain == domain and row.level != "tokens of cut"]
        queries = max((row.n_queries for row in here), default=0)
        documents = max((row.n_documents for row in here), default=0)
        spans = sum(row.n for row in here)
        said.append(
            f"{domain}: {wording.whole(spans)} spans, up to {wording.whole(documents)} documents "
            f"and {wording.whole(queries)} queries a behaviour"
        )
    few = "A mark without a bar rests on fewer than 5 documents."
    return f"Behind it: {'; '.join(said)}. {few}" if said else ""


def suites_asked(rows: Sequence[BehaviourRow], view: Mapping[str, Any]) -> tuple[str, ...]:
    """The suites whose queries a list of spans is of; none = all."""
    if view["suite"]:
        return (view["suite"],)
    domains = {row.suite: row.domain for row in rows if row.suite is not None}
    return tuple(suite for suite, domain in domains.items() if domain == view["topic"])


def interval(low: float | None, high: float | None) -> str:
    """An interval in words."""
    if low is None or high is None:
        return "–"
    return f"{wording.signed(low)} to {wording.signed(high)}"


def explained(measured: str) -> str:
    """What the plot shows, in two sentences."""
    if measured == "cut":
        return (
            "Marks are how much less a document influences a query without a span of each "
            "behaviour (cut influence, diamonds and circles), triangles the sum of the tokens of "
            "the same spans, squares cut text of equal length that does not explore; bars are "
            "95% intervals by drawing documents. Documents stand at an end of a ranking by "
            "selection, so only the distance between a behaviour and its control speaks of the "
            "behaviour."
        )
    return (
        "Marks are the mean influence of a span of each behaviour on a query, squares text of "
        "equal length in the same documents that does not explore, bars 95% intervals by "
        "drawing documents. Documents stand at an end of a ranking by selection, so only the "
        "distance between a behaviour and its control speaks of the behaviour."
    )
