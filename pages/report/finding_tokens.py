"""A note on the page Tokens: its figures and tables, read again from the run."""

from __future__ import annotations

from dataclasses import replace

from attribution_engine.store.reader import StoreReader
from pages.parts import captions, tokens_figures
from pages.parts.tokens_sections import INTERVALS
from pages.parts.tokens_shown import (
    CLASS_TABLE,
    NO_TOKENS,
    ORDER_NAMES,
    TABLE,
    behind,
    class_cells,
    scope_words,
    token_cells,
    tokens_shown,
)
from pages.report.address import View
from pages.report.claims import claims_content, in_vain
from pages.report.section import Plot, Section, Table


def tokens(reader: StoreReader, view: View, section: Section) -> Section:
    """The finding tokens."""
    shown = tokens_shown(reader, view.fields)
    if shown is None:
        found = claims_content(reader, "tokens", section)
        return found if found.missing else replace(found, missing=NO_TOKENS)
    run = view["run"]
    same = {
        "method": shown.method.name,
        "behind": "; ".join(f"{scope_words(one)}: {behind(one)}" for one in shown.domains),
        "citation": section.note.citation,
    }
    shares = captions.caption(
        run, scale="share of summed sizes of token scores", alignment=shown.alignment,
        documents="at both ends of each ranking", **same,
    )  # fmt: skip
    multiples = captions.caption(
        run, scale="share of influence ÷ share of tokens, logarithmic", intervals=INTERVALS, **same,
    )  # fmt: skip
    plots = [
        Plot(
            tokens_figures.class_bars(shown),
            f"token-classes-{run}-{shown.alignment}",
            shares,
            "Bars of the share of influence and of tokens of every token class, by domain",
            "Share of the summed sizes of token scores against share of the tokens, means over "
            "queries.",
        ),
        Plot(
            tokens_figures.multipliers(shown),
            f"token-multipliers-{run}",
            multiples,
            "Multipliers of every token class with intervals, by domain and by source of scores",
            f"Share of influence ÷ share of tokens; intervals by resampling queries. {shown.read}",
        ),
    ]
    numbers = frozenset(at for at, (_, kind, _) in enumerate(TABLE) if kind == "number")
    listed = Table(
        f"Tokens that {'raise' if shown.side == 'helpful' else 'lower'} completions most",
        tuple(name for name, _, _ in TABLE),
        [token_cells(one, shown.n_tokens) for one in shown.tokens],
        numbers,
        shown.tokens,
        f"{scope_words(shown.scope)}, {behind(shown.scope)}; alignment {shown.alignment}; ordered "
        f"by {ORDER_NAMES[shown.order].lower()}; in at least {shown.least} documents.",
    )
    rows = shown.of(shown.scope)
    classes = Table(
        "Token classes",
        tuple(name for name, _, _ in CLASS_TABLE),
        [class_cells(one) for one in rows],
        frozenset(at for at, (_, kind, _) in enumerate(CLASS_TABLE) if kind == "number"),
        rows,
        f"{scope_words(shown.scope)}, {behind(shown.scope)} at the ends of the rankings.",
    )
    return in_vain(claims_content(reader, "tokens", section, *plots, listed, classes), shown.vain)
