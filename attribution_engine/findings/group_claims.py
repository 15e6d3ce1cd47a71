"""What the groups of a run say of Infra's claims about math and code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from attribution_engine.findings.claims import Claim, Standing, above, signed
from attribution_engine.findings.group_cells import FEWEST, About, Cell, Cells
from attribution_engine.findings.group_means import MeanOf
from attribution_engine.findings.group_rows import AboutSuites
from attribution_engine.findings.run_scores import RunScores

FINDING: Final = "groups"
ABOUTS: Final[tuple[About, About]] = ("math", "code")
CROSSINGS: Final[tuple[tuple[About, About], ...]] = (("code", "math"), ("math", "code"))
UNIT: Final = "standard deviations of a query's scores"
INTERVALS: Final = (
    f"Intervals are 95%, resampling queries and random blocks of documents; means are in {UNIT}."
)


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two groups of documents on the queries of math or of code suites.

    Attributes:
        about: "math" or "code": which suites; suites: their names.
        contrast: which of the comparisons, in a word.
        group_a, group_b: in words; n_a, n_b: documents.
        mean_a, mean_b, difference: in standard deviations, with 95% intervals.
        per_nat_a, per_nat_b: the means per nat, None where queries have no nats.
        n_queries: behind it.
    """

    about: str
    suites: tuple[str, ...]
    contrast: str
    group_a: str
    group_b: str
    mean_a: float | None
    mean_a_low: float | None
    mean_a_high: float | None
    mean_b: float | None
    mean_b_low: float | None
    mean_b_high: float | None
    difference: float | None
    low: float | None
    high: float | None
    per_nat_a: float | None
    per_nat_b: float | None
    n_a: int
    n_b: int
    n_queries: int


def contrast(
    on: AboutSuites, about: str, name: str, cells: Cells,
    first: tuple[str, list[int]], second: tuple[str, list[int]],
) -> Contrast:  # fmt: skip
    """Two unions of cells held against each other."""
    (words_a, a), (words_b, b) = first, second
    mean_a, mean_b, difference = on.sums.contrast(a, b, on.counts, on.drawn_counts)
    nat_a, nat_b, _ = on.sums.contrast(a, b, on.counts, on.drawn_counts, "per_nat")
    return Contrast(
        about, on.suites, name, words_a, words_b,
        mean_a.figure, mean_a.low, mean_a.high, mean_b.figure, mean_b.low, mean_b.high,
        difference.figure, difference.low, difference.high, nat_a.figure, nat_b.figure,
        cells.n(a), cells.n(b), on.sums.counted("standard"),
    )  # fmt: skip


def contrasts(about: Mapping[str, AboutSuites], cells: Cells) -> list[Contrast]:
    """Every comparison that the run allows: both groups have `FEWEST` documents."""
    found = []
    for name, on in about.items():
        for kind, first, second in _pairs(name, cells):
            if min(cells.n(first[1]), cells.n(second[1])) >= FEWEST:
                found.append(contrast(on, name, kind, cells, first, second))
    return found


def _pairs(
    about: str, cells: Cells
) -> Iterator[tuple[str, tuple[str, list[int]], tuple[str, list[int]]]]:
    for domain in ABOUTS:
        inside = cells.where(lambda cell, of=domain: cell.about == of)  # type: ignore[misc]
        rest = cells.where(lambda cell, of=domain: cell.about != of)  # type: ignore[misc]
        own = "in-domain" if domain == about else "cross-domain"
        yield own, (f"{domain} documents", inside), ("all other documents", rest)
    for domain in ABOUTS:
        ends = cells.extremes(domain)
        # Easy code on code suites is held against every other level, below.
        if ends and (about, domain) != ("code", "code"):
            easy, hard = (_of_levels(cells, domain, names) for names in ends)
            yield f"hard {domain}", hard, easy
    words_of = {kind: cells.where(lambda cell, of=kind: cell.kind == of)  # type: ignore[misc]
                for kind in ("symbolic", "word")}  # fmt: skip
    yield "symbolic", ("symbolic or formal math", words_of["symbolic"]), (
        "word problems", words_of["word"]
    )  # fmt: skip
    if about == "code" and (ends := cells.extremes("code")):
        easy_code = _of_levels(cells, "code", ends[0])
        for domain, level in dict.fromkeys(
            (cell.about, cell.difficulty) for cell in cells.cells if cell.level is not None
        ):
            if domain != "other" and (domain != "code" or level not in ends[0]):
                yield "easy code", easy_code, _of_levels(cells, domain, (level,))


def _of_levels(cells: Cells, domain: About, levels: Sequence[str]) -> tuple[str, list[int]]:
    def of(cell: Cell) -> bool:
        return cell.about == domain and cell.difficulty in levels

    said = " or ".join(f"“{level}”" for level in levels)
    return f"{domain} documents of difficulty {said}", cells.where(of)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A claim before it is held against a run."""

    about: About
    contrast: str
    claim: str
    paper: str
    rule: str


IN_DOMAIN: Final = (
    "Replicates if the mean over {0} documents lies above that over all others on {0} suites, "
    "interval of the difference off zero; does not if it lies below; else cannot tell."
)
CROSS: Final = (
    "Replicates if the mean influence of {1} documents on {0} suites is positive, interval off "
    "zero; does not if it is negative; else cannot tell."
)
LEVELS: Final = (
    "Replicates if the mean over the hardest third of the levels of math (of easy, medium, hard: "
    "one each) lies above that over the easiest third on {0} suites, interval of the difference "
    "off zero; does not if it lies below; else cannot tell. Levels are ordered by their names."
)
SYMBOLIC: Final = (
    "Replicates if the mean over math of symbolic or formal categories lies above that over word "
    "problems on code suites, interval of the difference off zero; does not if it lies below; "
    "else cannot tell. Which category is which is read off its name, by a list of ours."
)
EASY_CODE: Final = (
    "Replicates if the mean over the easiest third of the levels of code lies above that of every "
    "other level of code and of math on code suites, intervals of all differences off zero; does "
    "not if it lies below that of one of them in the same way; else cannot tell."
)
CLAIMS: Final = (
    *(
        _Asked(
            about, "in-domain", f"In-domain documents lead on {about} suites",
            "Infra, analysis 1", IN_DOMAIN.format(about),
        )
        for about in ABOUTS
    ),
    *(
        _Asked(
            about, "cross-domain", f"{other.capitalize()} documents help {about} suites",
            "Infra, analysis 1", CROSS.format(about, other),
        )
        for about, other in CROSSINGS
    ),
    _Asked("code", "symbolic", "Symbolic or formal math helps code more than word problems do",
           "Infra, analysis 2", SYMBOLIC),
    _Asked("code", "hard math", "Hard math helps code more than easy math",
           "Infra, analyses 2 and 3", LEVELS.format("code")),
    _Asked("math", "hard math", "Hard math helps math more than easy math",
           "Infra, analysis 3", LEVELS.format("math")),
    _Asked("code", "easy code", "Easy code helps code most", "Infra, analysis 3", EASY_CODE),
)  # fmt: skip


def group_claims(
    scores: RunScores, found: Sequence[Contrast], about: Mapping[str, AboutSuites], cells: Cells
) -> Iterator[Claim]:
    """Every claim with where this run stands, what is missing said."""
    for asked in CLAIMS:
        mine = [one for one in found if (one.about, one.contrast) == (asked.about, asked.contrast)]
        on = about.get(asked.about)
        said = _missing(asked, scores, on, cells, mine)
        standing: Standing = "cannot tell"
        if not said:
            standing, said = _judged(asked, mine)
        yield Claim(
            FINDING,
            asked.claim,
            asked.paper,
            standing,
            said,
            f"{asked.rule} {INTERVALS}",
            on.sums.n_queries if on else 0,
            mine[0].n_a + sum(one.n_b for one in mine) if mine else scores.n_documents,
        )


def _missing(
    asked: _Asked, scores: RunScores, on: AboutSuites | None, cells: Cells, mine: Sequence[Contrast]
) -> str:
    """What the run lacks for a claim, and what would supply it; empty if nothing."""
    if not scores.signed:
        return (
            f"Scores of {scores.method} have no sign and say nothing of help or harm; run again "
            'with a gradient method, such as method = "ek-fac".'
        )
    if on is None:
        wanted = "math problems" if asked.about == "math" else "programs"
        return (
            f"No suite of this run asks for {wanted}; a [[queries]] entry with a {asked.about} "
            "suite would supply one."
        )
    if "domain" not in scores.groupings:
        return "No document states a domain; set `domain` in [corpus] and run again."
    for domain in ABOUTS:
        n = cells.n(cells.where(lambda cell, of=domain: cell.about == of))  # type: ignore[misc]
        needed = domain in _domains_needed(asked)
        if needed and n < FEWEST:
            return (
                f"Only {n} documents state the domain “{domain}”, fewer than {FEWEST}; a corpus "
                f"with {domain} in it would supply them."
            )
    if mine:
        return ""
    if asked.contrast == "symbolic":
        return (
            "This run's math documents do not have both: a category of symbolic or formal math "
            "(algebra, equations, arithmetic, …) and one of word problems; set `category` in "
            "[corpus] to one that tells them apart and run again."
        )
    if asked.contrast in ("hard math", "easy code"):
        of = asked.contrast.split()[1]
        return (
            f"The {of} documents of this run do not state two ordered levels of difficulty "
            f"with {FEWEST} documents each (easy, medium, hard, or numbers such as “Level 5”); "
            "set `difficulty` in [corpus] to such and run again."
        )
    return "All documents are of one domain; a corpus with others would give a comparison."


def _domains_needed(asked: _Asked) -> tuple[str, ...]:
    if asked.contrast == "cross-domain":
        return ("math" if asked.about == "code" else "code",)
    if asked.contrast == "in-domain":
        return (asked.about,)
    return ("code",) if asked.contrast == "easy code" else ("math",)


def _judged(asked: _Asked, mine: Sequence[Contrast]) -> tuple[Standing, str]:
    if asked.contrast == "easy code":
        return _easiest(mine)
    one = mine[0]
    where = f"On {_queries(one)} of {one.about} suites ({_few(one.suites)})"
    if asked.contrast == "cross-domain":
        figure = MeanOf(one.mean_a, one.mean_a_low, one.mean_a_high)
        return above(figure.low, figure.high), (
            f"{where}, the mean influence of {_count(one.n_a)} {one.group_a} is "
            f"{_with(figure)} {UNIT}{_per_nat(one.per_nat_a)}."
        )
    difference = MeanOf(one.difference, one.low, one.high)
    return above(one.low, one.high), (
        f"{where}, the mean over {_count(one.n_a)} {one.group_a} is {_figure(one.mean_a)} and over "
        f"{_count(one.n_b)} {one.group_b} {_figure(one.mean_b)} {UNIT}: a difference of "
        f"{_with(difference)}."
    )


def _easiest(mine: Sequence[Contrast]) -> tuple[Standing, str]:
    """Against every other level; the closest one is named."""
    standings = [above(one.low, one.high) for one in mine]
    closest = min(mine, key=lambda one: one.difference if one.difference is not None else 0.0)
    ahead = standings.count("replicates")
    standing: Standing = "cannot tell"
    if "does not" in standings:
        standing = "does not"
    elif ahead == len(mine):
        standing = "replicates"
    difference = MeanOf(closest.difference, closest.low, closest.high)
    return standing, (
        f"On {_queries(closest)} of code suites ({_few(closest.suites)}), the mean over "
        f"{_count(closest.n_a)} {closest.group_a} is {_figure(closest.mean_a)} {UNIT}; it lies "
        f"above {ahead} of {len(mine)} other levels of code and math with the interval off zero. "
        f"Against the strongest of them, {closest.group_b}, the difference is {_with(difference)}."
    )


def _queries(one: Contrast) -> str:
    return "1 query" if one.n_queries == 1 else f"{one.n_queries} queries"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} others" if len(names) > 4 else "")


def _count(n: int) -> str:
    return f"{n:,}".replace(",", "\u202f")


def _figure(value: float | None) -> str:
    return "unknown" if value is None else signed(value, 3)


def _with(value: MeanOf) -> str:
    if value.low is None or value.high is None:
        return f"{_figure(value.figure)} (no interval)"
    return f"{_figure(value.figure)} ({_figure(value.low)} to {_figure(value.high)})"


def _per_nat(value: float | None) -> str:
    if value is None:
        return ""
    return f" ({f'{value:+#.3g}'.rstrip('.')} per nat)".replace("-", "−")
