"""What the page Sources and its report show: the chosen queries and k, words, columns and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attribution_engine.findings.source_ks import claim_k
from attribution_engine.store.findings.sources_views import AskedQueries, SourceAtEnd
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, Side
from pages.parts import wording
from pages.parts.source_figures import MOST_LINES, multiple
from pages.parts.table import Column

MEND = (
    "No document of this run states a source. Set `source` in the [corpus] section of the "
    "configuration file to the field that holds it, and run again."
)
NO_QUERY = (
    "No query of this run has scores that differ between documents, so that it has no top. A suite "
    "of queries that the model finds neither certain nor impossible supplies them."
)
INTERVALS = (
    "The binomial interval (Wilson, 95%) counts as many trials as there are different documents "
    "at that end of any of the queries: places that queries share are one trial. The other "
    "interval resamples the queries. Where the two differ, trust the wider."
)


@dataclass(frozen=True, slots=True)
class SourcesShown:
    """What is looked at.

    Attributes:
        ends: of the chosen queries, for every k; k: of the table.
        in_vain: what the address asked for that the run lacks, in words.
    """

    asked: tuple[AskedQueries, ...]
    whose: AskedQueries
    ends: tuple[SourceAtEnd, ...]
    ks: tuple[int, ...]
    k: int
    method: wording.Method
    n_documents: int
    in_vain: tuple[str, ...]

    def at(self, side: Side) -> dict[str, SourceAtEnd]:
        """The sources at one end for the chosen k."""
        return {one.source: one for one in self.ends if one.side == side and one.k == self.k}

    @property
    def rows(self) -> list[tuple[SourceAtEnd, SourceAtEnd]]:
        """Every source at both ends for the chosen k, the most over-represented first."""
        helpful, harmful = self.at("helpful"), self.at("harmful")
        found = [(one, harmful[name]) for name, one in helpful.items() if name in harmful]
        return sorted(found, key=lambda pair: -pair[0].multiplier)


def sources_shown(reader: StoreReader, fields: Mapping[str, Any]) -> SourcesShown | None:
    """What the address asks for, as far as the run has it; None where it has no multipliers."""
    asked = reader.source_queries()
    if not asked:
        return None
    in_vain = []
    known = {one.key: one for one in asked}
    whose = known.get(fields["whose"], asked[0])
    if fields["whose"] not in ("", *known):
        in_vain.append(
            f"This link asks for the queries “{fields['whose']}”, which are not in this run; these "
            f"are {asked_words(whose)}."
        )
    ends = reader.source_ends(whose.key)
    ks = tuple(sorted({one.k for one in ends}))
    run = reader.run()
    k = claim_k(ks, run.n_documents)
    if fields["k"] in map(str, ks):
        k = int(fields["k"])
    elif fields["k"]:
        in_vain.append(
            f"This link asks for k = {fields['k']}, which this run's store does not have; the "
            f"table shows k = {wording.whole(k)}."
        )
    return SourcesShown(
        tuple(asked), whose, tuple(ends), ks, k, wording.method(run.method), run.n_documents,
        tuple(in_vain),
    )  # fmt: skip


def asked_words(one: AskedQueries) -> str:
    """The queries in words, for a picker."""
    n = "1 query" if one.n_queries == 1 else f"{wording.whole(one.n_queries)} queries"
    return f"Suite {one.name} ({n})" if one.is_suite else f"All {one.name} queries ({n})"


def table_columns(view: SourcesShown) -> list[Column]:
    """The columns of the table at one k."""
    k = wording.whole(view.k)
    columns = [Column("Source"), Column("Corpus", "number", "Share of all documents")]
    for side in SIDES:
        name = view.method.side_names[side]
        where = f"the {'top' if side == 'helpful' else 'bottom'} {k}"
        columns += [
            Column(f"{name[0]} share", "number", f"Share of {where}, mean over the queries"),
            Column(f"{name} ×", "number", f"Share of {where} ÷ share of the corpus"),
            Column(f"{name[0]} binomial", "number", "95% interval of ×, Wilson, with as many "
                   "trials as there are different documents"),
            Column(f"{name[0]} by queries", "number",
                   "95% interval of ×, queries resampled; – with one query"),
        ]  # fmt: skip
    return columns


def table_cells(pair: tuple[SourceAtEnd, SourceAtEnd]) -> list[str]:
    """The cells of a row."""
    cells = [pair[0].source, wording.percent(pair[0].share_corpus, 1)]
    for one in pair:
        by_queries = "–"
        if one.queries_low is not None and one.queries_high is not None:
            by_queries = f"{multiple(one.queries_low)} to {multiple(one.queries_high)}"
        cells += [
            wording.percent(one.share, 1),
            multiple(one.multiplier),
            f"{multiple(one.low)} to {multiple(one.high)}",
            by_queries,
        ]
    return cells


def figure_words(view: SourcesShown) -> str:
    """Two sentences on what the plot shows."""
    first = (
        "How many times as often a source stands among the top k (left) and the bottom k (right) "
        f"as in the corpus, mean over {_whose(view.whose)}, both axes logarithmic; bands are 95% "
        "binomial intervals, open marks at the lower edge say that no document is there."
    )
    rows = view.rows
    k = wording.whole(view.k)
    if not rows:
        return f"{first} For k = {k} this run has no figures."
    most = rows[0]
    least = rows[-1]
    second = (
        f"At k = {k} (dotted) “{_named(most[0])}” leads the top with "
        f"{_times(most[0])} and has {_times(most[1])} at the bottom"
    )
    if len(rows) > 1:
        second += (
            f", while “{_named(least[0])}” is last with {_times(least[0])} and {_times(least[1])}"
        )
    return f"{first} {second}."


def _whose(one: AskedQueries) -> str:
    if one.n_queries == 1:
        return f"the one query of the {'suite' if one.is_suite else 'kind'} “{one.name}”"
    return f"the {one.n_queries} queries of the {'suite' if one.is_suite else 'kind'} “{one.name}”"


def _named(one: SourceAtEnd) -> str:
    return wording.one_line(one.source, 40)


def _times(one: SourceAtEnd) -> str:
    return f"× {multiple(one.multiplier)}"


def behind(view: SourcesShown) -> str:
    """How many queries and documents are behind the plot, and what is not drawn."""
    n = len({one.source for one in view.ends})
    words = (
        f"{wording.whole(view.whose.n_queries)} queries, {wording.whole(view.n_documents)} "
        f"documents, {n} sources."
    )
    if n > MOST_LINES:
        words += f" The {MOST_LINES} with most documents are drawn; the table has all."
    return words


def method_words(method: wording.Method) -> str:
    """What the ends are where the method has no sign; nothing otherwise."""
    if method.signed:
        return ""
    return f"{method.name} has no sign: the bottom k are its lowest scores, not harmful documents."
