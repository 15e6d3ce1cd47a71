"""The section of Totals that sets another run beside the open one, on the prompts they share."""

from __future__ import annotations

import streamlit as st

from attribution_engine.records import InputError
from attribution_engine.store.findings.multipliers import shared_queries
from attribution_engine.store.findings.totals_views import Multipliers
from attribution_engine.store.reader import StoreReader
from pages.parts import captions, links, pickers, runs, wording
from pages.parts.beside import show_beside
from pages.parts.compare_panels import choose
from pages.parts.export import downloads
from pages.parts.figure import figure
from pages.parts.table import Row, table
from pages.parts.totals_columns import multiplier_columns
from pages.parts.totals_sections import clicked, remember_click
from pages.parts.totals_shown import Shown, compared, multiplier_plot, multiplier_rows, starred

STRONGEST = {"0.001": "0.1 %", "0.01": "1 %", "0.05": "5 %", "0.1": "10 %", "1": "all"}


def show_runs(view: Shown) -> None:
    """The multipliers of another run; nothing at all where no run shares a prompt."""
    fields = links.view()
    here = fields["run"]
    others = [name for name in runs.stores() if name != here]
    if not fields["other"]:
        return
    st.header("Another run on the same prompts", anchor=False)
    there = _pick(others)
    if there is None:
        return
    name = str(fields["other"])
    shared = shared_queries(view.reader, there)
    if not shared:
        st.info(
            wording.label(f"“{here}” and “{name}” have no query with the same suite and prompt. ")
            + "Choose another run above, or compute one with the same [[queries]] sections."
        )
        return
    if there.totals_about() is None:
        st.info(
            wording.label(f"The run “{name}” has no totals: its store was written without ")
            + "findings. `python -m attribution_engine findings` computes them from the store."
        )
        return
    other_method = wording.method(there.run().method)
    if other_method.unit != view.method.unit:
        st.info(
            wording.label(
                f"“{name}” was made by {other_method.name} ({other_method.unit}), “{here}” by "
                f"{view.method.name} ({view.method.unit}). One cannot be divided by the other: "
                "choose a run of the same method."
            )
        )
        return
    found = compared(view, there, fields["strongest"])
    _show(view, there, found, (here, name))


def first_other(here: StoreReader, run: str) -> str:
    """The run that stands beside the open one at first; empty where none shares a prompt."""
    return next((one for one in runs.stores() if one != run and _shares(here, one)), "")


def _shares(here: StoreReader, name: str) -> bool:
    try:
        there = runs.reader_of(runs.stores()[name])
    except InputError:
        return False
    same = wording.method(there.run().method).unit == wording.method(here.run().method).unit
    return same and bool(shared_queries(here, there))


def _pick(others: list[str]) -> StoreReader | None:
    """The other run that the view names; None, with a line why, where it cannot be had."""
    fields = links.view()
    known = fields["other"] in others
    first, second = st.columns([2, 3])
    links.show("pick_other", fields["other"] if known else None)
    first.selectbox(
        "Set beside it the run",
        others,
        index=0 if known else None,
        key="pick_other",
        placeholder="Choose a run",
        on_change=links.change,
        args=("other", "pick_other", (), others),
    )
    with second:
        choose("Strongest documents of a side", "strongest", list(STRONGEST), STRONGEST)
    if not known:
        pickers.say(
            f"This link compares with the run “{fields['other']}”, which is not in the runs folder."
        )
        return None
    try:
        return runs.reader_of(runs.stores()[fields["other"]])
    except InputError as error:
        pickers.say(str(error))
        return None


def _show(view: Shown, there: StoreReader, found: Multipliers, names: tuple[str, str]) -> None:
    drawn = multiplier_plot(view, found, names)
    if drawn is None:
        st.info(
            "No shared query has documents of the same sign in both runs, so that nothing can be "
            "divided. More documents in [corpus] would supply them."
        )
        return
    key = f"multipliers {names} {found.part} {view.query}"
    caption = captions.caption(
        names[0], view.query, scale=f"multiplier of the summed {view.noun}",
        other_run=names[1], documents=wording.percent(found.part, 1),
    )  # fmt: skip
    figure(
        drawn,
        key=key,
        name=f"multipliers-{names[0]}-{names[1]}",
        caption=caption,
        alt="How many times the summed influence of the open run the other run has, by kind",
        on_select=lambda: remember_click(key),
        selection_mode="points",
    )
    st.caption(multiplier_words(view, found, names))
    st.caption(wording.label(multiplier_behind(view, there, found)))
    show_beside("totals", "35B ÷ 7B", "The same of the bottom")
    table(
        "Multipliers by kind",
        multiplier_columns(),
        [Row(str(place), cells) for place, cells in enumerate(multiplier_rows(view, found))],
        key=f"multipliers {names[0]} {names[1]} table",
    )
    downloads(
        f"multipliers-{names[0]}-{names[1]}",
        lambda: found.queries,
        key="multiplier_files",
        caption=caption,
        run=names[0],
        other_run=names[1],
        part=found.part,
        per_nat=found.per_nat,
    )
    if (query := clicked(key)) is not None:
        links.go("compare", mode="runs", query=query)


def multiplier_words(view: Shown, found: Multipliers, names: tuple[str, str]) -> str:
    """What the plot shows, in two sentences."""
    nat = " per nat" if found.per_nat else ""
    star = starred(view) if view.query in {one.query_id for one in found.queries} else ""
    which = (
        "all documents of a side"
        if found.part >= 1
        else f"the strongest {wording.percent(found.part, 1)} of the documents "
        f"({wording.whole(found.k_here)} here, {wording.whole(found.k_there)} there)"
    )
    return (
        f"Each dot is one shared query{star}: the summed {view.noun}{nat} of {which} in "
        f"“{wording.label(names[1])}” divided by that in “{wording.label(names[0])}”, so that dots "
        "right of the dotted line have more in the other run. Large marks are the mean of a kind "
        "± one standard error over its queries; click a dot to compare the query in both runs."
    )


def multiplier_behind(view: Shown, there: StoreReader, found: Multipliers) -> str:
    """How much is behind the multipliers, and what speaks against reading them."""
    n_here, n_there = view.reader.run().n_documents, there.run().n_documents
    n = len({one.query_id for one in found.queries})
    words = [
        f"Behind it: {wording.whole(n)} of {wording.whole(found.n_shared)} shared queries (same "
        f"suite and prompt), {wording.whole(n_here)} documents here and {wording.whole(n_there)} "
        "there."
    ]
    differ = len({one.query_id for one in found.queries if not one.same_completion})
    if differ:
        words.append(
            f"Of {wording.whole(differ)} the completions differ: each run explains its own."
        )
    if not found.per_nat:
        words.append("Not every shared completion has nats in both runs, so sums are raw.")
    if n_here != n_there or view.reader.run().corpus != there.run().corpus:
        words.append(
            "The runs do not name the same corpus with as many documents: the multiplier then "
            "mixes what the models and what the corpora differ in. Compare says which texts they "
            "share."
        )
    return " ".join(words)
