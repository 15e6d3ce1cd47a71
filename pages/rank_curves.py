"""Rank curves: how fast influence falls from the top document down, by kind of query."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store.views import SIDES
from pages.parts import captions, figures, links, runs, wording
from pages.parts.export import downloads
from pages.parts.figure import figure
from pages.parts.navigation import through_app
from pages.parts.table import Column, Row, table

through_app()
reader = runs.current()
view = links.view()
query_id = int(view["query"])
method = wording.method(reader.run().method)
noun = method.noun.lower()
UNITS = {
    "per_nat": "Per nat of completion",
    "influence": f"Raw {method.bare_unit or 'scores'}",
}
axis = figures.rank_axes(method)[links.unit()]

st.header("Rank curves", anchor=False)
UNITS = {name: words for name, words in UNITS.items() if name not in method.lacks}
kinds = reader.kind_curves(links.unit())
fits = reader.rank_fits()
if not kinds:
    st.info("This run has no rank curves: its store holds no rows in `rank_curve`.")
    st.stop()
names = list(dict.fromkeys(one.kind for one in kinds))
first, second = st.columns(2)
links.show("pick_unit", links.unit())
first.segmented_control(
    "Unit",
    list(UNITS),
    key="pick_unit",
    required=True,
    format_func=UNITS.__getitem__,
    on_change=links.change,
    args=("unit", "pick_unit"),
)
for kind in [kind for kind in view["kind"] if kind not in names]:
    st.warning(
        wording.label(f"This run has no queries of the kind “{kind}”, which this view asks for.")
    )
view["kind"] = [kind for kind in view["kind"] if kind in names]
links.show("pick_kinds", view["kind"] or names)
shown = second.pills(
    "Kinds of query",
    names,
    selection_mode="multi",
    key="pick_kinds",
    format_func=wording.label,
    on_change=links.change,
    args=("kind", "pick_kinds", (), names),
)
st.caption(
    f"Size of {noun} against rank, both on logarithmic axes, from the {method.first('helpful')} "
    f"document down (left) and from the {method.first('harmful')} one up (right). A "
    "straight line is a power law; the "
    "steeper it falls, the more the completion rests on few documents. Coloured lines are the "
    "mean over the queries of a kind, bands one standard deviation, both of the logarithm; a "
    f"line ends where the first of its queries changes sign. The thin line is query {query_id}."
)
mine = [one for one in reader.rank_curves(links.unit()) if one.query_id == query_id]
top = max((fit.k for fit in fits), default=0)
about = captions.caption(
    view["run"], query_id, top or None, f"{axis} against rank, both logarithmic", method=method.name
)
figure(
    figures.rank_curves(kinds, mine, axis, shown or [], method.side_names),
    key="rank_curves",
    name=f"rank-curves-{view['run']}-query-{query_id}",
    caption=about,
    alt="Log-log plot of influence against rank by kind of query, both sides",
)
drawn = [one for one in kinds if one.kind in (shown or [])] + mine
downloads(
    f"rank-curves-{view['run']}-query-{query_id}",
    lambda: figures.curve_points(drawn),
    key="curve_files",
    caption=about,
    run=view["run"],
    score=links.unit(),
)
st.subheader(f"Slope over the top {wording.whole(top)}", anchor=False)
st.caption(
    "Slope of log |influence| against log rank: mean ± standard deviation over the queries of a "
    "kind. Dividing by a query's nats does not change it. A side with fewer documents is fitted on "
    f"all it has. Here the top {wording.whole(top)} are "
    f"{wording.percent(min(1.0, top / reader.run().n_documents), 2)} of the documents; in the "
    "Procedural "
    "paper they are 0.01 %, so slopes of small corpora do not compare with its −0.36 and −0.34. A "
    "kind holds all its suites, which differ: the fits of each query are below."
)
groups = {(one.kind, one.side): one for one in reader.slope_groups()}
rows = []
for kind in names:
    cells = [kind]
    for side in SIDES:
        group = groups.get((kind, side))
        spread = (
            "" if group is None or group.deviation is None else wording.decimal(group.deviation)
        )
        mean = "–" if group is None else wording.decimal(group.mean)
        cells.append(f"{mean} ± {spread}" if spread else mean)
    count = groups.get((kind, "helpful"))
    cells.append("–" if count is None else wording.whole(count.n_queries))
    rows.append(Row(kind, cells))
table(
    "Slopes by kind of query",
    [
        Column("Kind"),
        *(Column(f"{method.side_names[side]} side", "number") for side in SIDES),
        Column("Queries", "number"),
    ],
    rows,
    key="slopes",
)
downloads(
    f"slopes-{view['run']}",
    lambda: list(groups.values()),
    key="slope_files",
    caption=captions.caption(view["run"], k=top, method=method.name),
    run=view["run"],
    k=top,
)

st.subheader("Fits by query", anchor=False)
st.caption(
    "Two conventions of the exponent: the slope s is that of log |influence| against log rank; "
    "the survival exponent α is that of P(|influence| > x) ∝ x^(−α), by maximum likelihood. For "
    "an exact power law s = −1/α (and the density falls as x^(−α−1)). The Kolmogorov–Smirnov "
    "distance says how far the data are from that law; a small p speaks against it. Intervals are "
    "those of least squares, and too narrow: sorted values are not independent."
)
links.show("fits_mine", view["mine"] == "1")


def take_mine() -> None:
    """The switch has been used."""
    links.put(mine="1" if st.session_state["fits_mine"] else "")


mine_only = st.toggle("Only the chosen query", key="fits_mine", on_change=take_mine)
listed = [fit for fit in fits if not mine_only or fit.query_id == query_id]
rows = []
for number, fit in enumerate(listed):
    rows.append(
        Row(
            f"{fit.query_id} {number}",
            [
                wording.whole(fit.query_id),
                fit.suite,
                fit.kind,
                method.side_names[fit.side],
                wording.whole(fit.n),
                wording.decimal(fit.slope),
                f"{wording.decimal(fit.slope_low)} to {wording.decimal(fit.slope_high)}",
                wording.decimal(fit.r_squared),
                wording.decimal(fit.survival_exponent),
                wording.decimal(fit.ks_statistic, 3),
                wording.plain(fit.ks_p),
            ],
            links.href("rank_curves", query=fit.query_id, side=fit.side),
            current=fit.query_id == query_id,
        )
    )
with st.container(height=min(430, 60 + 32 * max(1, len(rows))), border=False):
    opened = table(
        "Fits by query",
        [
            Column("Query", "number"),
            Column("Suite"),
            Column("Kind"),
            Column("Side"),
            Column("Documents", "number", f"The top {top}, or all of this side"),
            Column("Slope s", "number", "Least squares of log |influence| on log rank"),
            Column(
                "Interval",
                "number",
                "95% interval of the slope by least squares; too narrow, as sorted values are not "
                "independent",
            ),
            Column("R²", "number", "Share of variance that the line explains"),
            Column("α", "number", "Survival exponent, maximum likelihood"),
            Column("KS", "number", "Kolmogorov–Smirnov distance"),
            Column("KS p", "number", "Its p-value; small speaks against a power law"),
        ],
        rows,
        key=f"fits {view['run']}",
        action="Draw this query",
    )
downloads(
    f"rank-fits-{view['run']}",
    lambda: listed,
    key="fit_files",
    caption=captions.caption(view["run"], k=top, method=method.name),
    run=view["run"],
)
if opened is not None:
    links.go("rank_curves", query=opened.split()[0], side=listed[int(opened.split()[1])].side)
st.page_link(
    "pages/method.py", label="How the fits are made", query_params=links.address_of("method")
)
