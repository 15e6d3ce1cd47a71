"""The controls above a ranking: what orders it, which ends and which documents it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, FilterChoices
from pages.parts import links, wording

SEARCH_HELP = (
    "Searches every text of the corpus, case ignored. Several words: all must occur. "
    "“a phrase” in double quotes: exactly that. slop\\*: words that begin so. −word: leaves out "
    "texts with it."
)
SHOWN_CHIPS = 24  # values; more of one field stand in one chip
BOTH = "both"
LABELLED = {
    "source": "Source",
    "domain": "Domain",
    "category": "Category",
    "difficulty": "Difficulty",
    "behaviour": "Behaviour",
}
CORRECT = {"": "all", "yes": "correct", "no": "wrong"}


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter in words; taking it off sets `field` to `rest`."""

    field: str
    words: str
    rest: object


def offered(choices: FilterChoices) -> dict[str, tuple[str, ...]]:
    """The labels that a ranking can be filtered by, and their values."""
    values = {
        "source": choices.sources,
        "domain": choices.domains,
        "category": choices.categories,
        "difficulty": choices.difficulties,
        "behaviour": choices.behaviours,
    }
    return {name: some for name, some in values.items() if len(some) > 1 or links.view()[name]}


def controls(reader: StoreReader) -> None:
    """Draws the controls in one row; they change the view."""
    view = links.view()
    method = wording.method(reader.run().method)
    choices = reader.filter_choices()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        links.show("pick_ends", BOTH if view["tails"] == BOTH else links.side())
        st.segmented_control(
            "Show",
            [BOTH, *SIDES],
            key="pick_ends",
            required=True,
            format_func={BOTH: "Both ends", **method.side_names}.__getitem__,
            on_change=_take_ends,
        )
        links.show("pick_score", links.score())
        st.segmented_control(
            "Order by",
            list(method.score_names),
            key="pick_score",
            required=True,
            format_func=method.score_names.__getitem__,
            on_change=links.change,
            args=("score", "pick_score", ("place", "low", "high")),
            help=f"{method.noun}: {method.unit}. Per-nat: that, divided by the nats of the "
            "completion (the same order). Norm-corrected: that, divided by the length of the "
            "document's gradient, which takes long or surprising documents down.",
        )
        links.show("pick_text", view["text"])
        st.text_input(
            "Search the texts",
            key="pick_text",
            placeholder='word  "a phrase"  prefix*  -word',
            help=SEARCH_HELP,
            on_change=links.change,
            args=("text", "pick_text", ("place",)),
            width=190,
        )
        _more(reader, choices)


def _more(reader: StoreReader, choices: FilterChoices) -> None:
    view = links.view()
    labels = offered(choices)
    with_answer = view["answer"] or reader.query_answers(int(view["query"]))
    if not (labels or choices.has_correct or view["correct"] or with_answer):
        return
    n = len([1 for one in chips(reader) if one.field not in ("text", "group")])
    with st.popover(f"Filters ({n})" if n else "Filters", help="Which documents are ranked here"):
        for name, values in labels.items():
            links.show(f"pick_{name}", view[name])
            st.multiselect(
                LABELLED[name],
                values,
                key=f"pick_{name}",
                format_func=_shortened,
                placeholder=f"All {wording.whole(len(values))}",
                on_change=links.change,
                args=(name, f"pick_{name}", ("place",), values),
            )
        if choices.has_correct or view["correct"]:
            links.show("pick_correct", view["correct"])
            st.segmented_control(
                "Answer given in the document",
                list(CORRECT),
                key="pick_correct",
                required=True,
                format_func=lambda name: CORRECT[name].capitalize(),
                on_change=links.change,
                args=("correct", "pick_correct", ("place",)),
                help="What the documents' metadata say under “correct”.",
            )
        if with_answer:
            links.show("pick_answer", view["answer"] == "1")
            st.toggle(
                "Contains the query's answer",
                key="pick_answer",
                on_change=_take_switch,
                args=("answer", "pick_answer"),
                help="The reference answer, or a step to it, was found in the text; where the run "
                "kept no such places, the reference answer (else the last keyword) is looked for "
                "as whole words, case ignored. “3” is not in “3.5”, unless so many texts hold the "
                "word 3 that not all of them are read.",
            )


def _shortened(value: str) -> str:
    return wording.one_line(value, 80)


def _take_ends() -> None:
    ends = st.session_state["pick_ends"]
    if ends == BOTH:
        links.put(tails=BOTH, place="1")
    else:
        links.put(tails="one", side=ends, place="1")


def _take_switch(name: str, key: str) -> None:
    links.put(**{name: "1" if st.session_state[key] else "", "place": "1"})


# What is filtered by ------------------------------------------------------------------------------


def chips(reader: StoreReader) -> list[Chip]:
    """The active filters of the view, one a value, in words."""
    view = links.view()
    method = wording.method(reader.run().method)
    found: list[Chip] = []
    for name, label in LABELLED.items():
        values = view[name]
        if len(values) > SHOWN_CHIPS:
            found.append(Chip(name, f"{label}: {wording.whole(len(values))} chosen", []))
            continue
        found += [
            Chip(name, f"{label}: {wording.one_line(value, 60)}", [v for v in values if v != value])
            for value in values
        ]
    if view["correct"]:
        found.append(Chip("correct", f"Answer given: {CORRECT[view['correct']]}", ""))
    if view["answer"]:
        found.append(Chip("answer", "Contains the query's answer", ""))
    if view["text"].strip():
        found.append(Chip("text", f"Text: {wording.one_line(view['text'], 60)}", ""))
    low, high = links.real("low"), links.real("high")
    if low is not None or high is not None:
        name = method.score_names[links.score()]
        ends = [wording.written(one, method) if one is not None else None for one in (low, high)]
        words = (
            f"{name} from {ends[0]} to {ends[1]}" if None not in ends
            else f"{name} from {ends[0]}" if ends[0] else f"{name} up to {ends[1]}"
        )  # fmt: skip
        found.append(Chip("low", words, ""))
    if view["group"]:
        found.append(Chip("group", f"Near-duplicates of one another (group {view['group']})", ""))
    return found


def show_chips(reader: StoreReader, words: str) -> None:
    """Draws `words`, the active filters, each with a click that takes it off, and the folding."""
    view = links.view()
    active = chips(reader)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(words, width="content")
        for at, one in enumerate(active):
            st.button(
                f"{wording.label(one.words)} ✕",
                key=f"chip {at} {one.field}",
                on_click=_take_off,
                args=(one,),
                help="Take this filter off",
            )
        if len(active) > 1:
            st.button("Take all filters off", key="chips off", type="tertiary", on_click=clear)
        if reader.filter_choices().has_groups and not view["group"]:
            links.show("pick_fold", view["fold"] == "1")
            st.toggle(
                "Fold near-duplicates",
                key="pick_fold",
                on_change=_take_switch,
                args=("fold", "pick_fold"),
                help="Of documents that are nearly the same only one is shown, with the number of "
                "the others: the one ranked first, or nearest to either end where both are shown.",
            )


def _take_off(one: Chip) -> None:
    links.put(**{one.field: one.rest, "place": "1"}, **({"high": ""} if one.field == "low" else {}))


def clear() -> None:
    """Takes every filter off."""
    links.put(**_none())


def alone(group: int | str) -> dict[str, Any]:
    """The fields of a ranking of all near-duplicates of one group, and of nothing else."""
    return {**_none(), "group": str(group)}


def _none() -> dict[str, Any]:
    return {name: links.DEFAULTS[name] for name in (*links.FILTERS, "place")}
