"""The sections of the page Tokens: classes, the tokens that carry most, the word lists."""

from __future__ import annotations

from itertools import groupby

import streamlit as st

from attribution_engine.findings.tokens import FREQUENCIES
from attribution_engine.store.findings.tokens_views import TokenRow
from attribution_engine.store.reader import StoreReader
from pages.parts import captions, links, tokens_figures, wording
from pages.parts.beside import show_beside
from pages.parts.export import downloads
from pages.parts.figure import figure
from pages.parts.reading_words import CLASSES
from pages.parts.table import Column, Row, table
from pages.parts.tokens_shown import (
    CLASS_TABLE,
    ORDER_NAMES,
    TABLE,
    TokensShown,
    behind,
    class_cells,
    scope_words,
    token_cells,
)

INTERVALS = "95%, resampling queries"
TALL, FEW_ROWS = 480, 14  # pixels; rows that need no less
LISTS = {"connectives": "Connectives", "operators": "Operators", "fences": "Fences"}


def choose_alignment(shown: TokensShown) -> None:
    """Which split of a document's influence over its tokens is read."""
    offered = list(dict.fromkeys(name for one in shown.scopes for name in one.alignments))
    links.show("pick_token_alignment", shown.alignment)
    st.segmented_control(
        "Token alignment",
        offered,
        key="pick_token_alignment",
        required=True,
        on_change=links.change,
        args=("alignment", "pick_token_alignment", (), offered),
    )
    st.caption(
        f"{wording.ALIGNMENTS.get(shown.alignment, '')} A connective that carries much is one that "
        "many updates go through, or whose own prediction mattered; neither says that writing it "
        "more often would help."
    )


def show_classes(shown: TokensShown) -> None:
    """Bars, then multipliers: math and code side by side."""
    run = links.view()["run"]
    st.subheader("What classes of tokens carry", anchor=False)
    about = captions.caption(
        run, scale="share of summed sizes of token scores", alignment=shown.alignment,
        documents="at both ends of each ranking", method=shown.method.name,
        behind="; ".join(f"{scope_words(one)}: {behind(one)}" for one in shown.domains),
    )  # fmt: skip
    figure(
        tokens_figures.class_bars(shown),
        key=f"token classes {run} {shown.alignment}",
        name=f"token-classes-{run}-{shown.alignment}",
        caption=about,
        alt="Bars of the share of influence and of tokens of every token class, by domain",
    )
    st.caption(
        "Upper bars are the share of all token scores' summed sizes that a class carries, lower "
        "bars its share of the tokens, both means over the queries. A class whose upper bar is the "
        "longer one carries more than its share, as many times as is written beside it."
    )
    show_beside("tokens", "Most influential tokens")
    figure(
        tokens_figures.multipliers(shown),
        key=f"token multipliers {run}",
        name=f"token-multipliers-{run}",
        caption=captions.caption(
            run, scale="share of influence ÷ share of tokens, logarithmic", intervals=INTERVALS,
            method=shown.method.name,
            behind="; ".join(f"{scope_words(one)}: {behind(one)}" for one in shown.domains),
        ),
        alt="Multipliers of every token class with intervals, by domain and by source of scores",
    )  # fmt: skip
    st.caption(
        "Each mark is a class's share of influence over its share of tokens, with its 95% "
        "interval by resampling queries; right of the dotted line a class carries more than its "
        "share. Marks of one row read the same queries from different scores."
    )
    st.caption(wording.label(shown.read))


def choose_scope(shown: TokensShown) -> None:
    """The suite, or all suites of a domain, that both tables are of."""
    names = {one.name: one for one in shown.scopes}
    st.subheader("The tokens that carry most", anchor=False)
    first, second = st.columns(2)
    links.show("pick_among", shown.scope.name)
    first.selectbox(
        "Queries",
        list(names),
        key="pick_among",
        format_func=lambda one: wording.label(scope_words(names[one]) if one in names else ""),
        on_change=links.change,
        args=("among", "pick_among", (), list(names)),
    )
    offered = ["", *CLASSES]
    links.show("pick_token_class", shown.token_class)
    second.selectbox(
        "Class",
        offered,
        key="pick_token_class",
        format_func=lambda one: CLASSES.get(one, "every class"),
        on_change=links.change,
        args=("token_class", "pick_token_class", (), offered),
    )
    first, second, third = st.columns([2, 4, 3])
    sides = {"helpful": "▲ Raise", "harmful": "▼ Lower"}
    for column, words, name, value, choices, call in (
        (first, "Tokens that", "side", shown.side, list(sides), sides.__getitem__),
        (second, "Ordered by", "order", shown.order, list(ORDER_NAMES), ORDER_NAMES.__getitem__),
        (third, "In at least so many documents", "least", str(shown.least),
         list(map(str, FREQUENCIES)), str),
    ):  # fmt: skip
        key = f"pick_token_{name}"
        links.show(key, value)
        column.segmented_control(
            words,
            choices,
            key=key,
            required=True,
            format_func=call,
            on_change=links.change,
            args=(name, key, (), choices),
        )


def show_tokens(shown: TokensShown) -> None:
    """The table of tokens; a row opens the token in its document."""
    run = links.view()["run"]
    raise_or_lower = "raise" if shown.side == "helpful" else "lower"
    st.caption(
        wording.label(
            f"{scope_words(shown.scope)}: {behind(shown.scope)} read for their tokens. Listed are "
            f"at most {len(shown.tokens) or 50} tokens that {raise_or_lower} completions; means in "
            f"{shown.method.bare_unit or 'the unit of the method'}. A row opens the strongest of "
            "them in its document, marked."
        )
    )
    if not shown.tokens:
        st.info(
            "No token of this class stands in so many of the documents that were read. Ask for "
            "fewer documents, or for every class."
        )
        return
    with st.container(height=TALL if len(shown.tokens) > FEW_ROWS else "content", border=False):
        opened = table(
            "Tokens that carry most",
            [Column(name, kind, words) for name, kind, words in TABLE],  # type: ignore[arg-type]
            [
                Row(
                    str(place),
                    token_cells(one, shown.n_tokens),
                    links.href("document", **_example(one, shown)),
                )
                for place, one in enumerate(shown.tokens)
            ],
            key=f"tokens {run} {shown.scope.name} {shown.alignment} {shown.side} {shown.order} "
            f"{shown.token_class} {shown.least}",
            action="Open the example",
        )
    downloads(
        f"tokens-{run}-{shown.scope.name}",
        lambda: list(shown.tokens),
        key="token_files",
        caption=captions.caption(
            run, scope_words(shown.scope), scale=ORDER_NAMES[shown.order], side=shown.side,
            alignment=shown.alignment, least_documents=shown.least, method=shown.method.name,
            behind=behind(shown.scope),
        ),
        run=run,
        among=shown.scope.name,
        alignment=shown.alignment,
        side=shown.side,
    )  # fmt: skip
    if opened is not None:
        links.go("document", **_example(shown.tokens[int(opened)], shown))


def _example(one: TokenRow, shown: TokensShown) -> dict[str, str | int]:
    found: dict[str, str | int] = {
        "query": one.query_id,
        "doc": one.doc_id,
        "alignment": shown.alignment,
        "level": "token",
    }
    if one.end > one.start:
        found["span"] = f"{one.start}-{one.end}"
    return found


def show_class_table(shown: TokensShown) -> None:
    """Every class of the chosen queries, from every source."""
    run = links.view()["run"]
    rows = [one for one in shown.of(shown.scope) if one.n]
    st.subheader("Every class, in figures", anchor=False)
    st.caption(
        wording.label(
            f"{scope_words(shown.scope)}: {behind(shown.scope)} at the ends of the rankings. "
            "Classes without tokens are left out; Raise and Lower count places among the 200 of "
            "each query."
        )
    )
    with st.container(height=TALL if len(rows) > FEW_ROWS else "content", border=False):
        table(
            "Token classes",
            [Column(name, kind, words) for name, kind, words in CLASS_TABLE],  # type: ignore[arg-type]
            [Row(str(place), class_cells(one)) for place, one in enumerate(rows)],
            key=f"token class rows {run} {shown.scope.name}",
        )
    downloads(
        f"token-classes-{run}",
        lambda: list(shown.classes),
        key="token_class_files",
        caption=captions.caption(run, intervals=INTERVALS, method=shown.method.name),
        run=run,
    )


def show_word_lists(reader: StoreReader) -> None:
    """The lists that the classes were read by."""
    run = links.view()["run"]
    lists = reader.used_word_lists()
    with st.expander("The word lists that classes are read by"):
        st.text(
            "Code is read by the tokenizer of its language: Python's own, and lexers for what a "
            "fence names otherwise. Markdown and numbers are read by their form. Everything else "
            "is data: a file of word lists takes the place of these."
        )
        st.code(
            "python -m attribution_engine findings STORE --words FILE.toml", language=None
        )  # fmt: skip
        for section, group in groupby(lists, lambda one: one.section):
            st.text(LISTS.get(section, section))
            table(
                f"Word lists: {section}",
                [Column("List"), Column("Words")],
                [Row(one.name, [one.name, ", ".join(one.words)]) for one in group],
                key=f"word lists {run} {section}",
            )
        downloads(
            f"word-lists-{run}",
            lambda: lists,
            key="word_list_files",
            caption=captions.caption(run),
            run=run,
        )
