"""Tokens: which tokens and classes of tokens carry influence on math and on code."""

from __future__ import annotations

import streamlit as st

from pages.parts import links, runs, wording
from pages.parts.claims import show_claims, show_published
from pages.parts.navigation import through_app
from pages.parts.tokens_sections import (
    choose_alignment,
    choose_scope,
    show_class_table,
    show_classes,
    show_tokens,
    show_word_lists,
)
from pages.parts.tokens_shown import NO_TOKENS, tokens_shown

through_app()
reader = runs.current()
view = links.view()

st.title("Tokens", anchor=False)
if show_claims(reader, "tokens"):
    shown = tokens_shown(reader, view)
    if shown is None:
        st.info(NO_TOKENS)
    else:
        for line in shown.vain:
            st.warning(wording.label(line))
        choose_alignment(shown)
        show_classes(shown)
        choose_scope(shown)
        show_tokens(shown)
        show_class_table(shown)
    show_word_lists(reader)
show_published("tokens")
st.page_link("pages/method.py", label="The method note", query_params=links.address_of("method"))
