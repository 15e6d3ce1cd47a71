"""What a flip changed: counts, tokens, and the influence of the set before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from attribution_engine.findings.flip import Flipped
from attribution_engine.findings.flip_plan import Swap
from attribution_engine.store.flip_reads import DocumentLabels, SuiteScores
from attribution_engine.store.views import RunInfo

if TYPE_CHECKING:
    from attribution_engine.flip import FlipOptions

FIRST_ORDER: Final = (
    "Predicted to first order: influence times the change of weight, a document of the run "
    "weighing one of all its documents. It says which way the log-probability of the suites' "
    "completions should move; the size holds for small changes only, and a flip is none (more "
    "than +1 per nat is more than there is to win). What a model trained on this set does is to "
    "be measured."
)
ORDER: Final = (
    "Every document stands first, in the order of the run, then the second copies, and so on: "
    "shuffle before training."
)


@dataclass(frozen=True, slots=True)
class FlipReport:
    """The report of a flip.

    Attributes:
        record: as its .json file has it.
    """

    record: dict[str, Any]

    def summary(self) -> Iterator[str]:
        """The same in a few lines."""
        for swap in self.record["swaps"]:
            yield _swap_words(swap)
        for suite in self.record["suites"]:
            yield f"{suite['suite']}: predicted {_change_words(suite)}"
        if not self.record["within_tolerance"]:
            yield f"warning: {_missed_words(self.record)}"


def flip_report(
    store: Path,
    run: RunInfo,
    options: FlipOptions,
    swaps: Sequence[Swap],
    flipped: Flipped,
    labels: DocumentLabels,
    scores: Mapping[str, SuiteScores],
    missed: float,
) -> FlipReport:
    """The report; `missed` is the largest share by which a swap's tokens miss."""
    after = flipped.copies * flipped.weights
    return FlipReport(
        {
            "store": store.name,
            "run": run.name,
            "method": run.method,
            "mode": options.mode,
            "amount": options.amount,
            "seed": options.seed,
            "tolerance": options.tolerance,
            "missed": missed,
            "within_tolerance": missed <= options.tolerance,
            "chosen_by": "options" if options.out else "means",
            "swaps": [
                {
                    "out": [group.name for group in swap.out],
                    "into": [group.name for group in swap.into],
                    **asdict(done),
                    "n_repeats": done.n_in - done.n_fresh if options.mode == "resample" else 0,
                    "missed": done.missed,
                }
                for swap, done in zip(swaps, flipped.swaps, strict=True)
            ],
            "before": _totals(flipped.before.astype(float), flipped.before, labels),
            "after": _totals(after, flipped.copies, labels),
            "groups": _groups(flipped, after, labels),
            "suites": [
                _suite(name, one, flipped.before, after, run.method) for name, one in scores.items()
            ],
        }
    )


def _totals(weights: np.ndarray, copies: np.ndarray, labels: DocumentLabels) -> dict[str, Any]:
    return {
        "lines": int(copies.sum()),
        "documents": int((copies > 0).sum()),
        "tokens": int((copies * labels.n_tokens).sum()),
        "weighted_tokens": round(float((weights * labels.n_tokens).sum()), 3),
    }


def _groups(flipped: Flipped, after: np.ndarray, labels: DocumentLabels) -> list[dict[str, Any]]:
    n = len(labels.pairs)

    def sums(weights: np.ndarray) -> np.ndarray:
        return np.bincount(labels.codes, weights, n)

    columns = {
        "lines_before": sums(flipped.before),
        "lines_after": sums(flipped.copies),
        "tokens_before": sums(flipped.before * labels.n_tokens),
        "weighted_tokens_after": sums(after * labels.n_tokens),
    }
    return [
        {
            "group": f"{difficulty}:{domain}",
            **{name: round(float(column[at]), 3) for name, column in columns.items()},
        }
        for at, (domain, difficulty) in enumerate(labels.pairs)
    ]


def _suite(
    name: str, scores: SuiteScores, before: np.ndarray, after: np.ndarray, method: str
) -> dict[str, Any]:
    found: dict[str, Any] = {"suite": name, "n_queries": scores.n_queries, "method": method}
    for quantity, values in (("influence", scores.mean), ("per_nat", scores.per_nat)):
        if values is None:
            continue
        found[f"{quantity}_before"] = _mean(values, before)
        found[f"{quantity}_after"] = _mean(values, after)
        change = float(((after - before) * values).sum()) / len(values)
        found[f"{quantity}_predicted_change"] = change
    return found


def _mean(values: np.ndarray, weights: np.ndarray) -> float | None:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total else None


def markdown(report: FlipReport) -> str:
    """The report for reading."""
    record = report.record
    before, after = record["before"], record["after"]
    chosen = (
        "the groups were named on the command line"
        if record["chosen_by"] == "options"
        else "in each domain, the level of difficulty with the lowest mean influence on the suites "
        "goes out, and that with the highest comes in"
    )
    lines = [
        f"# Flip of {plain(record['run'])}",
        "",
        f"From the store {plain(record['store'])}, method {plain(record['method'])}; mode "
        f"{record['mode']}, amount {record['amount']:g}, seed {record['seed']}: {chosen}.",
        "",
        "## What was swapped",
        "",
        *(f"- {plain(_swap_words(swap))}" for swap in record["swaps"]),
        "",
        f"{_missed_words(record)} {ORDER}",
        "",
        *_table(
            ("", "Lines", "Different documents", "Tokens", "Tokens × weight"),
            [
                (name, _n(one["lines"]), _n(one["documents"]), _n(one["tokens"]),
                 _n(one["weighted_tokens"]))
                for name, one in (("Before", before), ("After", after))
            ],
        ),
        "",
        "## Groups",
        "",
        *_table(
            ("Difficulty:domain", "Lines before", "Lines after", "Tokens before",
             "Tokens × weight after"),
            [
                (plain(one["group"]), _n(one["lines_before"]), _n(one["lines_after"]),
                 _n(one["tokens_before"]), _n(one["weighted_tokens_after"]))
                for one in record["groups"]
            ],
        ),
        "",
        "## Influence of the set on the suites",
        "",
        *_suites(record["suites"]),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _suites(suites: Sequence[dict[str, Any]]) -> list[str]:
    if not suites:
        return ["The scores of this run have no sign, so that nothing is predicted."]
    return [
        *_table(
            ("Suite", "Queries", "Mean influence before", "after", "Predicted change",
             "Per nat"),
            [
                (plain(one["suite"]), _n(one["n_queries"]), _g(one["influence_before"]),
                 _g(one["influence_after"]), _g(one["influence_predicted_change"]),
                 _g(one.get("per_nat_predicted_change")))
                for one in suites
            ],
        ),
        "",
        "Mean influence is over the lines of the set times their weights, in nats per unit of "
        "extra weight for EK-FAC and its kin. " + FIRST_ORDER,
    ]  # fmt: skip


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(row)} |"


def _swap_words(swap: Mapping[str, Any]) -> str:
    out, into = ", ".join(swap["out"]), ", ".join(swap["into"])
    if swap["weight_in"] != 1.0 or swap["weight_out"] != 1.0:
        return (
            f"{out} has weight {swap['weight_out']:.4g} and {into} weight {swap['weight_in']:.4g}: "
            f"{_n(swap['tokens_out'])} tokens out, {_n(swap['tokens_in'])} in"
        )
    said = (
        f"{out} out ({_n(swap['n_out'])} documents, {_n(swap['tokens_out'])} tokens), {into} in "
        f"({_n(swap['n_in'])} additions, {_n(swap['tokens_in'])} tokens)"
    )
    if swap["n_repeats"]:
        said += (
            f"; {_n(swap['n_repeats'])} of the additions repeat a document of the set, since the "
            f"run holds no others of this group: one stands there up to {swap['most']} times"
        )
    return said


def _missed_words(record: Mapping[str, Any]) -> str:
    inside = "within" if record["within_tolerance"] else "outside"
    return (
        f"Tokens that come in miss those that go out by {100 * record['missed']:.3g} % at most, "
        f"{inside} the tolerance of {100 * record['tolerance']:g} %."
    )


def _change_words(suite: Mapping[str, Any]) -> str:
    queries = "1 query" if suite["n_queries"] == 1 else f"{suite['n_queries']} queries"
    said = f"{_g(suite['influence_predicted_change'])} (mean over {queries})"
    per_nat = suite.get("per_nat_predicted_change")
    return said if per_nat is None else f"{said}, {_g(per_nat)} per nat"


def plain(text: str) -> str:
    """A name of the run in which Markdown finds nothing."""
    return re.sub(r"([\\`*_\[\]<>#|~&])", r"\\\1", " ".join(text.split()))


def _n(value: float) -> str:
    return f"{round(value):,}".replace(",", "\u202f")


def _g(value: float | None) -> str:
    return "–" if value is None else f"{value:+.4g}".replace("-", "−")
