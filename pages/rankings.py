"""Rankings: both ends of a query's ranking, the scores between them, the chosen document beside."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store.views import SIDES, RankingPage, Side
from attribution_engine.store.word_index import matches
from pages.parts import filters, links, runs, wording
from pages.parts.navigation import through_app
from pages.parts.pager import pager
from pages.parts.ranking_exports import ranking_caption, ranking_exports
from pages.parts.strip import strip_data
from pages.parts.tails import tail_data
from pages.parts.trust_facts import badge
from pages.parts.workbench import FIRST_OR_LAST, Shown, identity, settle, workbench

PAGE = links.RANKING_PAGE

through_app()
reader = runs.current()
view = links.view()
run = reader.run()
query_id = int(view["query"])
score, only, fold = links.score(), links.only(), links.folds()
method = wording.method(run.method)
both = view["tails"] == "both"
sides: tuple[Side, ...] = SIDES if both else (links.side(),)

heading = {
    (True, True): "Most helpful and most harmful documents",
    (True, False): f"Most {sides[0]} documents",
    (False, True): "Documents of the highest and the lowest scores",
    (False, False): f"Documents {method.end(sides[0])}",
}
with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
    st.header(heading[method.signed, both], anchor=False, width="content")
    st.page_link(
        "pages/trust.py",
        label=badge(reader.trust_badge()),
        query_params=links.address_of("trust"),
        help="The tests of these scores against retraining: linear datamodelling score (Spearman "
        "of predicted and real change), removal, planted facts, stability.",
    )
filters.controls(reader)
chips_place = st.container()


def tail(side: Side, place: int) -> RankingPage:
    """A page of one end; both ends of the whole ranking never overlap."""
    return reader.rankings(query_id, side, score, (place - 1) * PAGE, PAGE, only, fold, both)


def shown_in_words() -> str:
    """How many documents pass the filters, and what orders them."""
    n_all = wording.whole(run.n_documents)
    count = f"{wording.whole(first.total)} documents"
    if only.restricts:
        count = f"{wording.whole(first.total)} of {n_all} documents pass"
    if first.n_folded:
        count += f", {wording.whole(first.n_folded)} of them folded as near-duplicates"
    return f"{count}; by {method.score_names[score].lower()} ({method.score_units[score]})."


place = max(1, links.number("place") or 1)
first = tail(sides[0], place)
n_pages = max(1, -(-first.n_listed // PAGE))
if place > n_pages:
    place = n_pages
    view["place"] = str(place)
    links.keep("rankings")
tails: dict[Side, RankingPage] = {side: tail(side, place) for side in sides}

with chips_place:
    filters.show_chips(reader, shown_in_words())
if not first.n_listed:
    st.info("No document of this run passes the filter. Take a filter off or search other words.")
    st.button("Take all filters off", on_click=filters.clear)
    st.stop()

if FIRST_OR_LAST in st.session_state:
    mine = tails[links.side()].documents if links.side() in tails else ()
    at = -1 if st.session_state.pop(FIRST_OR_LAST) == "last" else 0
    view["doc"] = str(mine[at].doc_id) if mine else ""
    links.keep("rankings")
marks = matches(only.text)
shape = reader.distribution(query_id, score)
caption = ranking_caption(reader, query_id, score, k=shape.tail or None)
workbench(
    Shown(
        reader=reader,
        query_id=query_id,
        score=score,
        only=only,
        place=place,
        n_pages=n_pages,
        identity=identity(),
        tails=tails,
        tables={
            side: tail_data(reader, query_id, page, side, score, marks, identity(), not both)
            for side, page in tails.items()
        },
        spread=strip_data(shape, query_id, score, method, caption),
    )
)
# Outside the workbench: another page of the ranking needs the whole page anyway.
pager(
    "Pages of the ranking",
    n_pages,
    place,
    "ranking pages",
    lambda to: links.put(place=str(to), doc=""),
)
settle()
ranking_exports(reader, query_id, score, tails, shape)
