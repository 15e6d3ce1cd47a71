"""Compare, two runs: one query under two runs of the same corpus, such as two methods."""

from __future__ import annotations

import streamlit as st

from attribution_engine.records import InputError
from attribution_engine.store.comparison import Comparison
from attribution_engine.store.comparison_views import QueryPair
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES
from pages.parts import captions, comparisons, links, pickers, runs, wording
from pages.parts.beside import show_beside
from pages.parts.compare_panels import (
    agreement_row,
    method_link,
    pearson_words,
    plot_and_top,
)
from pages.parts.compared_query import in_other, show_agreement, show_document, show_plane, show_top
from pages.parts.export import downloads
from pages.parts.facts import facts
from pages.parts.table import Column, Row, table

ANOTHER = """This folder holds one run, and a comparison needs two. To make another, copy the run's
configuration file and change its `name`, `store` and `work` in `[output]` if they are there, and
the method in `[influence]`, for example to `method = "gradient-dot"`. Then:"""

AT_ONCE = 5_000_000  # documents × queries that are compared without being asked for
ASKED = "all queries of two runs"


def show_runs_mode(here: StoreReader, query_id: int) -> None:
    """Rank against rank of one query in the open run and in another."""
    view = links.view()
    other = _pick_other(view["run"])
    if other is None:
        return
    names = (view["run"], other)
    try:
        there = runs.reader_of(runs.stores()[other])
        with st.spinner("Looking for the documents of both runs"):
            comparison = comparisons.comparison_of(here, there)
    except InputError as error:
        pickers.say(str(error))
        st.text("Choose another run above.")
        return
    _show_both(here, there, names)
    if not _show_match(comparison, names):
        return
    pair = comparison.pair(query_id)
    if pair is None:
        st.info(
            f"Query {query_id} is not in the other run: it has no query with this suite and "
            "prompt. Choose one of the shared queries."
        )
        _show_queries(comparison, query_id)
        return
    if not pair.same_completion:
        st.warning(
            "The completions of this query differ between the runs, so the two explain different "
            "texts."
        )
    _controls(pair, other)
    st.caption(
        "Each document has one place: across by its "
        f"{'score' if view['plot'] == 'score' else 'rank'} here, upwards by that there; the nearer "
        "to a rising line, the more the runs agree. "
        + (
            "Rank 1 is at the lower left, so agreement on the top documents shows there; most "
            "documents lie at the upper right of logarithmic axes whatever the runs say."
            if view["plot"] == "rank_log"
            else "Marked points are the top documents of either run on the chosen side."
        )
    )
    wide, narrow = st.columns([3, 2], gap="medium")
    with narrow:
        show_agreement(comparison, query_id, names)
        show_document(comparison, pair, names)
        method_link()
    _show_tops(comparison, pair, (here, there), names)
    # After the texts, so that none waits for the plot library; before what may take minutes.
    with wide:
        show_plane(comparison, query_id, names)
    _show_queries(comparison, query_id)


def _pick_other(here: str) -> str | None:
    """The other run that the view names; None, with a line why, where there is none."""
    view = links.view()
    others = [name for name in runs.stores() if name != here]
    if not others:
        st.info(ANOTHER)
        st.code("python -m attribution_engine run COPY.toml", language=None)
        return None
    known = view["other"] in others
    links.show("pick_other", view["other"] if known else None)
    st.selectbox(
        "Compare with the run",
        others,
        index=0 if known else None,
        key="pick_other",
        placeholder="Choose a run",
        on_change=links.change,
        args=("other", "pick_other", (), others),
    )
    if not known:
        pickers.say(
            f"This link compares with the run “{view['other']}”, which is not in the runs folder."
        )
        st.text("Choose one of the runs above.")
        return None
    return str(view["other"])


def _show_both(here: StoreReader, there: StoreReader, names: tuple[str, str]) -> None:
    """Both runs side by side: name, method, what the number is."""
    for column, reader, name, role in zip(
        st.columns(2, gap="medium"), (here, there), names, ("here", "there"), strict=True
    ):
        run, method = reader.run(), wording.method(reader.run().method)
        with column.container(border=True, height="stretch"):
            facts(
                [
                    (f"{role.capitalize()}: the {'open' if role == 'here' else 'other'} run", name,
                     f"{run.model} · {wording.whole(run.n_documents)} documents"),
                    ("Method", method.name),
                    ("What the number is", method.unit, method.meaning),
                ],
                key=f"compared_{role}",
            )  # fmt: skip


def _show_match(comparison: Comparison, names: tuple[str, str]) -> bool:
    """Says what the runs do not share; False if nothing can be compared."""
    match, models = (
        comparison.documents(),
        [one.run().model for one in (comparison.here, comparison.there)],
    )
    if not match.n_shared:
        pickers.say(
            f"“{names[0]}” and “{names[1]}” have no document in common: no text of the one is a "
            "text of the other."
        )
        st.text("Choose a run of the same corpus above, or compute one: same [corpus] section.")
        return False
    if not comparison.queries():
        pickers.say(f"“{names[0]}” and “{names[1]}” have no query with the same suite and prompt.")
        st.text("Choose another run above, or compute one with the same [[queries]] sections.")
        return False
    if not match.same:
        st.warning(
            wording.label(
                f"The corpora differ. {wording.whole(match.n_shared)} documents have the same text "
                f"in both: {wording.whole(match.n_shared)} of {wording.whole(match.n_here)} of "
                f"“{names[0]}” and of {wording.whole(match.n_there)} of “{names[1]}”. Correlations "
                "and the plot take these; ranks count in the whole of each run."
            )
        )
    if models[0] != models[1]:
        st.warning(
            wording.label(
                f"The models differ (“{models[0]}” and “{models[1]}”): what differs below may come "
                "from the model and not from the method."
            )
        )
    return True


def _controls(pair: QueryPair, other: str) -> None:
    """Which plot, how many documents are its top, and the runs the other way round."""
    rest, last = st.columns([4, 1], vertical_alignment="bottom")
    swapped = in_other(other, pair.there, other=links.view()["run"], doc="")
    last.button("Swap the runs", on_click=links.put, kwargs=swapped, width="stretch")
    with rest:
        plot_and_top("Top documents of either run")


def _show_tops(
    comparison: Comparison,
    pair: QueryPair,
    readers: tuple[StoreReader, StoreReader],
    names: tuple[str, str],
) -> None:
    """The top documents of either run, side by side."""
    side, k = links.side(), int(links.view()["top"])
    first = wording.method(readers[0].run().method).first(side)
    st.subheader(f"{first.capitalize()} documents side by side", anchor=False)
    st.caption(
        f"The top {k} of either run with their rank in the other; ● is in the top {k} of both. "
        "Click a row to read the document in that run."
    )
    tops = comparison.tops(pair.query.query_id, side, k)
    left, right = st.columns(2, gap="medium")
    with left:
        show_top(readers[0], tops[0], names, run=names[0])
    with right:
        show_top(readers[1], tops[1], (names[1], names[0]), **in_other(names[1], pair.there))


def _show_queries(comparison: Comparison, query_id: int) -> None:
    """All shared queries by how far the runs agree on them; on demand where that takes long."""
    st.subheader("All shared queries", anchor=False)
    if not _all_compared(comparison, query_id):
        return
    summary, found = comparison.summary(), comparison.agreements()
    method = wording.method(comparison.here.run().method)
    st.caption(
        f"{wording.whole(summary.n_queries)} queries are in both runs, the one with the best "
        f"agreement first: median Spearman {wording.decimal(summary.median_spearman, 3)}, and of "
        f"the 10 {method.first('helpful')} documents "
        f"{wording.decimal(summary.mean_overlap['helpful'])} in both on average, of the 10 "
        f"{method.first('harmful')} {wording.decimal(summary.mean_overlap['harmful'])}. Click a "
        "row to compare that query."
    )
    if words := pearson_words(found):
        st.caption(words)
        show_beside("correlations", "One prompt under both models")
    rows = [
        Row(
            str(pair.query.query_id),
            [
                wording.whole(pair.query.query_id),
                wording.decimal(agreement.spearman, 3),
                wording.decimal(agreement.pearson, 3),
                *(str(agreement.overlaps[side][0].n_both) for side in SIDES),
                pair.query.suite,
                pair.query.kind,
                "same" if pair.same_completion else "differs",
                wording.one_line(pair.query.prompt, 200),
            ],
            links.href("compare", query=pair.query.query_id),
            current=pair.query.query_id == query_id,
        )
        for pair, agreement in found
    ]
    with st.container(height=min(460, 60 + 52 * len(rows)), border=False):
        opened = table(
            "All shared queries",
            [
                Column("Query", "number"),
                Column("Spearman", "number", "Of the ranks of all shared documents"),
                Column("Pearson", "number", "Of the scores of all shared documents"),
                *(Column(f"{method.side_names[side]} 10", "number",
                         f"Of the 10 {method.first(side)} documents of either run, those in both")
                  for side in SIDES),
                Column("Suite"),
                Column("Kind"),
                Column("Completion"),
                Column("Prompt", "snippet"),
            ],
            rows,
            key=f"shared queries {links.view()['run']} {links.view()['other']}",
            action="Compare this query",
        )  # fmt: skip
    run, other = str(links.view()["run"]), str(links.view()["other"])
    downloads(
        "shared-queries",
        lambda: [agreement_row(pair, agreement) for pair, agreement in found],
        "export shared queries",
        captions.caption(run, other_run=other, scale="agreement over all shared documents"),
        run=run,
        other_run=other,
    )
    if opened is not None:
        links.go("compare", query=opened)


def _all_compared(comparison: Comparison, query_id: int) -> bool:
    """Compares the queries that are not yet; False where that is to be asked for first."""
    missing, n = comparison.missing(), len(comparison.queries())
    if not missing:
        return True
    if len(missing) * comparison.documents().n_shared > AT_ONCE:
        known = comparison.pair(query_id) or missing[0]
        seconds = comparison.seconds(known.query.query_id) * len(missing)
        done = f" {wording.whole(n - len(missing))} are done." if len(missing) < n else ""
        st.caption(
            f"{wording.whole(n)} queries are in both runs. Comparing one goes over all of its "
            f"documents in both.{done} The rest of the page is there already."
        )
        st.button(
            f"Compare all {wording.whole(n)} shared queries ({_about(seconds)})",
            key="compare_all",
            on_click=_ask_for_all,
        )
        view = links.view()
        if st.session_state.pop(ASKED, None) != (view["run"], view["other"]):
            return False
    bar = st.progress(0.0)
    for at, pair in enumerate(missing):
        bar.progress(at / len(missing), f"Comparing query {at + 1} of {len(missing)}")
        comparison.agreement(pair.query.query_id)
    bar.empty()
    return True


def _ask_for_all() -> None:
    view = links.view()
    st.session_state[ASKED] = (view["run"], view["other"])


def _about(seconds: float) -> str:
    """A time to wait, in words."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} minutes"
