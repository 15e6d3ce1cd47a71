"""What the page Groups shows of a view: its plots and tables, for the page and for reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from attribution_engine.findings.difficulty import in_order
from attribution_engine.findings.flip_plan import Swap
from attribution_engine.store.findings.groups_views import GroupEffect, QuerySet
from attribution_engine.store.reader import StoreReader
from pages.parts import groups_figures, wording
from pages.parts.table import Column
from pages.parts.wording import Method, decimal, percent, signed, whole

GROUPING_NAMES: Final = {
    "domain": "Domain",
    "domain_difficulty": "Domain and difficulty",
    "category": "Category",
    "difficulty": "Difficulty",
    "joint": "Domain, category and difficulty",
}
NO_GROUPS: Final = (
    "No document of this run states a domain, a category or a difficulty, so that there is nothing "
    "to group by. Name the fields in the [corpus] section of the configuration file (`domain`, "
    "`category`, `difficulty`) and run again."
)
NO_FLIP: Final = (
    "Nothing can be flipped here: a flip needs a domain whose documents state at least two ordered "
    "levels of difficulty (easy, medium, hard, or numbers such as “Level 5”). Set `domain` and "
    "`difficulty` in the [corpus] section of the configuration file and run again."
)
HOW_STANDARD: Final = (
    "Standardised: influence divided by the standard deviation of the query's scores over all "
    "documents, so that suites compare and every query weighs the same; zero stays zero."
)
# The table has the one that is plotted, an export all: side by side they are wider than a page.
MEANS: Final = {
    "standard": ("Standardised mean", "In standard deviations of a query's scores, 95% interval"),
    "per_nat": ("Mean per nat", "Mean of influence ÷ nats of the completion, 95% interval"),
    "mean": ("Raw mean", "In the unit of the method, 95% interval"),
}


@dataclass(frozen=True, slots=True)
class GroupsShown:
    """What a view of the page asks for, as far as the run has it.

    Attributes:
        grouping: by what documents are grouped; set_: the queries of plots and table.
        measure: what is plotted; effects: by set of queries; vain: what was asked for in vain.
    """

    method: Method
    grouping: str
    sets: Sequence[QuerySet]
    set_: QuerySet
    measure: str
    effects: dict[str, list[GroupEffect]]
    vain: Sequence[str]
    n_documents: int

    @property
    def groups(self) -> list[GroupEffect]:
        """On the chosen queries, the largest first."""
        return self.effects[self.set_.name]

    @property
    def rows(self) -> list[int]:
        """Places of the largest groups, in the order of what they state."""
        largest = range(min(groups_figures.MOST, len(self.groups)))
        levels = in_order([group.difficulty or "" for group in self.groups])
        places = {name: at for at, name in enumerate(dict.fromkeys(levels))}
        domains = list(dict.fromkeys(group.domain or "" for group in self.groups))
        return sorted(
            largest,
            key=lambda row: (
                self.groups[row].n_pooled > 0,
                domains.index(self.groups[row].domain or ""),
                self.groups[row].category or "",
                places[self.groups[row].difficulty or ""],
            ),
        )

    @property
    def drawn(self) -> list[GroupEffect]:
        """The groups that the figures show."""
        return [self.groups[row] for row in self.rows]

    @property
    def k(self) -> int | None:
        """Documents of an end."""
        ends = [end for group in self.groups for end in (group.helpful, group.harmful)]
        return next((end.k for end in ends if end is not None), None)

    @property
    def behind(self) -> str:
        """How much is behind the chosen figures, and what is left out of them."""
        queries = self.groups[0].n_queries
        said = (
            f"{self.set_.words}: {whole(queries)} {'query' if queries == 1 else 'queries'}, "
            f"{whole(self.n_documents)} documents, {whole(len(self.groups))} groups."
        )
        if queries == 1:
            said += " With one query, intervals are by resampling documents only."
        if len(self.groups) > groups_figures.MOST:
            said += f" Drawn are the {groups_figures.MOST} largest groups; the table has all."
        pooled = sum(group.n_pooled for group in self.groups)
        if pooled:
            said += f" {whole(pooled)} small groups are pooled as “(other)”."
        return said


def groups_shown(reader: StoreReader, fields: Mapping[str, Any]) -> GroupsShown | None:
    """What a view shows; None where documents state nothing, or there are no figures."""
    known, sets, vain = reader.document_groupings(), reader.group_query_sets(), []
    grouping = fields["labels"]
    if grouping and grouping not in known:
        vain.append(f"This run's documents are not grouped by {GROUPING_NAMES[grouping].lower()}.")
    if grouping not in known:
        grouping = known[0] if known else ""
    effects = reader.group_effects(grouping) if grouping else {}
    sets = [one for one in sets if effects.get(one.name)]
    if not sets:
        return None
    by_name = {one.name: one for one in sets}
    asked = fields["asked"]
    if asked and asked not in by_name:
        vain.append(
            f"This run has no queries “{asked.partition(':')[2]}”, which this view asks for."
        )
    shared = f"suite:{fields['suite']}"
    chosen = by_name.get(asked) or by_name.get(shared) or sets[0]
    method = wording.method(reader.run().method)
    measure = fields["measure"]
    lacks_nats = all(group.per_nat.value is None for group in effects[chosen.name])
    if measure == "per_nat" and ("per_nat" in method.lacks or lacks_nats):
        vain.append("These queries have no nats, so that there is no mean per nat.")
        measure = "standard"
    n_documents = reader.run().n_documents
    return GroupsShown(method, grouping, sets, chosen, measure, effects, vain, n_documents)


def measures(shown: GroupsShown) -> dict[str, str]:
    """What can be plotted of the chosen queries."""
    k = "k" if shown.k is None else whole(shown.k)
    names = {
        "standard": "Standardised mean",
        "per_nat": "Mean per nat",
        "mean": "Raw mean",
        "top": f"× in top {k}",
    }
    if "per_nat" in shown.method.lacks or all(one.per_nat.value is None for one in shown.groups):
        del names["per_nat"]
    return names


def dots(shown: GroupsShown) -> go.Figure:
    """The plot of the chosen queries."""
    noun = f"mean {shown.method.noun.lower()}"
    if shown.measure == "top":
        return groups_figures.tops(shown.drawn, shown.method, shown.k or 0)
    titles = {
        "standard": f"{noun}, standard deviations of a query's scores",
        "per_nat": f"{noun} per nat of the completion",
        "mean": f"{noun} ({shown.method.unit})",
    }
    return groups_figures.means(shown.drawn, shown.measure, titles[shown.measure])


def columns(shown: GroupsShown) -> list[Column]:
    """The columns of the table; scores without a sign neither help nor harm."""
    k = "k" if shown.k is None else whole(shown.k)
    mean, meaning = MEANS.get(shown.measure, MEANS["standard"])
    noun = shown.method.noun.lower()
    helps, harms = (
        ("Of what helps", "Of what harms")
        if shown.method.signed
        else ("Of scores above 0", "Of scores below 0")
    )
    return [
        Column("Group", "text", "What its documents state"),
        Column("Documents", "number", "And their share of the corpus"),
        Column(mean, "number", meaning),
        Column(
            f"Top {k} ×", "number",
            f"Share of the top {k} ÷ share of the corpus, 95% interval (Wilson)",
        ),
        Column(f"Bottom {k} ×", "number", "The same at the other end of the ranking"),
        Column(helps, "number", f"Share of the summed positive {noun}, × share of the corpus"),
        Column(harms, "number", f"Share of the summed negative {noun}, × share of the corpus"),
    ]  # fmt: skip


def cells(group: GroupEffect, measure: str = "standard") -> list[str]:
    """A row of the table."""
    of = {"per_nat": group.per_nat, "mean": group.mean}
    return [
        group.value,
        f"{whole(group.n)} ({percent(group.share_corpus, 1)})",
        _mean(of.get(measure, group.standard)),
        *(
            "–"
            if end is None
            else f"× {decimal(end.multiplier.value)} ({decimal(end.multiplier.low)} to "
            f"{decimal(end.multiplier.high)})"
            for end in (group.helpful, group.harmful)
        ),
        *(
            "–" if end is None else f"{percent(end.share, 1)} (× {decimal(end.multiplier.value)})"
            for end in (group.positive, group.negative)
        ),
    ]


def _mean(figure: Any) -> str:
    if figure.value is None:
        return "–"
    if figure.low is None:
        return signed(figure.value)
    return f"{signed(figure.value)} ({signed(figure.low)} to {signed(figure.high)})"


def swap_cells(swap: Swap) -> list[str]:
    """A swap of a plan, as a row."""
    out, into = swap.out[0], swap.into[0]
    return [
        out.domain,
        f"{out.difficulty} ({whole(out.n)} documents, {whole(out.n_tokens)} tokens)",
        f"{into.difficulty} ({whole(into.n)} documents, {whole(into.n_tokens)} tokens)",
        f"× {decimal(1 + swap.times)}",
    ]


def swap_records(plan: Sequence[Swap]) -> list[dict[str, Any]]:
    """The swaps of a plan, for files."""
    return [
        {
            "domain": swap.out[0].domain,
            **{
                f"{name}_{what}": getattr(group, what)
                for name, group in (("out", swap.out[0]), ("in", swap.into[0]))
                for what in ("difficulty", "n", "n_tokens")
            },
            "times_in_the_set": 1 + swap.times,
        }
        for swap in plan
    ]


def change_records(
    plan: Sequence[Swap], sets: Sequence[QuerySet], n_documents: int
) -> list[dict[str, Any]]:
    """Expected first-order change of every suite, for files."""
    found = []
    for one in (one for one in sets if one.suite):
        parts = [swap.expected_change(one.suite, n_documents) for swap in plan]
        known = [part for part in parts if part is not None]
        if len(known) == len(parts):
            found.append({"suite": one.suite, "about": one.about, "queries": one.n_queries,
                          "change": sum(known)})  # fmt: skip
    return found


def change_cells(record: Mapping[str, Any]) -> list[str]:
    """The expected change of a suite, as a row."""
    return [record["suite"], record["about"], whole(record["queries"]), signed(record["change"])]
