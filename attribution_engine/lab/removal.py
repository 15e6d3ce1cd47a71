"""Removal: retrained without the documents a method ranks first, how far does a query fall?

The test of Koh and Liang (2017) and of the papers on attribution since: what a method calls
helpful is taken out, and the better the method, the more the completion's log-probability falls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from attribution_engine.findings.faithfulness import (
    ACCURACY_DROP,
    DROP,
    RANDOM,
    REFERENCE,
    FaithfulnessRow,
    difference_of,
    name_of,
)
from attribution_engine.findings.intervals import (
    Estimate,
    bootstrap_interval,
    crossed_interval,
    student_interval,
)
from attribution_engine.lab.lab_corpus import LabCorpus
from attribution_engine.lab.saved_retrainings import Measured

EXPERIMENT = "removal"
HOW_REMOVED = (
    "lab models retrained from nothing without the documents that rank first, against the same "
    "seed's model on all documents; positive = it fell"
)
HOW_REPRODUCED = "reproduced = greedy decoding would give exactly the stored completion"
HOW_CROSSED = (
    "95% interval by bootstrap over queries and over seeds at once (of few seeds it is narrow)"
)


@dataclass(frozen=True, slots=True)
class Removal:
    """One set of documents that is left out.

    Attributes:
        query: place among the explained questions whose ranking it is; None = drawn by lot, for
            all of them.
        fraction: of the documents.
    """

    method: str
    fraction: float
    query: int | None


@dataclass(frozen=True, slots=True)
class Drops:
    """What one seed's retrainings without documents changed.

    Attributes:
        nats: by method [fractions, draws, queries], how far log-probability fell; one draw, but
            for sets drawn by lot.
        accuracy: by method [fractions, queries], how far the share of the query's suite that is
            reproduced fell.
        reproduced: [queries], that share of the model on all documents.
    """

    nats: dict[str, np.ndarray]
    accuracy: dict[str, np.ndarray]
    reproduced: np.ndarray


def plan_removals(
    scores: Mapping[str, np.ndarray], fractions: Sequence[float], draws: int, seed: int
) -> tuple[list[Removal], np.ndarray]:
    """What is left out of each retraining of one seed.

    Args:
        scores: by method [queries, documents], positive = helpful. Of "random" no scores are
            used: as its sets belong to no query, `draws` of them do for all queries.
        seed: of those draws.

    Returns:
        The removals and their weights [removals, documents], 0 = left out.
    """
    queries, documents = next(iter(scores.values())).shape
    rng = np.random.default_rng((seed, documents))
    removals: list[Removal] = []
    left_out: list[np.ndarray] = []
    for method, of_method in scores.items():
        for fraction in fractions:
            count = max(1, round(fraction * documents))
            if method == RANDOM:
                for _ in range(draws):
                    removals.append(Removal(method, fraction, None))
                    left_out.append(rng.permutation(documents)[:count])
                continue
            for query in range(queries):
                removals.append(Removal(method, fraction, query))
                left_out.append(np.argsort(-of_method[query], kind="stable")[:count])
    weights = np.ones((len(removals), documents))
    for row, columns in zip(weights, left_out, strict=True):
        row[columns] = 0.0
    return removals, weights


def measure_drops(
    removals: Sequence[Removal], without: Measured, full: Measured, corpus: LabCorpus
) -> Drops:
    """Compares models without documents with the model of the same seed on all of them.

    Args:
        without: rows as `removals`; full: one row.
    """
    explained = corpus.explained
    fell = (full.log_probabilities - without.log_probabilities)[:, :explained]
    suites = corpus.suites()
    columns = [suites[question.suite] for question in corpus.questions[:explained]]
    right = np.stack([without.exact[:, places].mean(1) for places in columns], 1)
    before = np.array([full.exact[0, places].mean() for places in columns])
    fractions = list(dict.fromkeys(each.fraction for each in removals))
    drops = Drops({}, {}, before)
    for method in dict.fromkeys(each.method for each in removals):
        nats: list[np.ndarray] = []  # of each fraction [draws, queries]
        accuracy = np.zeros((len(fractions), explained))
        for at, fraction in enumerate(fractions):
            rows = [
                row
                for row, each in enumerate(removals)
                if (each.method, each.fraction) == (method, fraction)
            ]
            of_queries = []
            for query in range(explained):
                own = [row for row in rows if removals[row].query in (None, query)]
                of_queries.append(fell[own, query])
                accuracy[at, query] = before[query] - right[own, query].mean()
            nats.append(np.stack(of_queries, 1))
        drops.nats[method], drops.accuracy[method] = np.stack(nats), accuracy
    return drops


def removal_rows(
    drops: Mapping[int, Drops], corpus: LabCorpus, fractions: Sequence[float]
) -> list[FaithfulnessRow]:
    """Rows of every query, of every seed, over all of both, and of differences of methods.

    Of a suite of which no seed's model reproduces anything there are no rows of accuracy: nothing
    can be lost.

    Args:
        drops: by seed.
    """
    found = []
    first = next(iter(drops.values()))
    reproduced = np.stack([each.reproduced for each in drops.values()])  # [seeds, queries]
    for method in first.nats:
        # [seeds, fractions, draws, queries]
        nats = np.stack([each.nats[method] for each in drops.values()])
        accuracy = np.stack([each.accuracy[method] for each in drops.values()])
        own = None
        if REFERENCE in first.nats and method != REFERENCE:
            own = np.stack([each.nats[REFERENCE] for each in drops.values()])
        for at, fraction in enumerate(fractions):
            labels = _Labels(method, f"{100 * fraction:g}%", tuple(drops), corpus)
            found += labels.of_nats(nats[:, at])
            found += labels.of_accuracy(accuracy[:, at], reproduced)
            if own is not None:
                found.append(labels.of_difference(own[:, at] - nats[:, at]))
    return found


@dataclass(frozen=True, slots=True)
class _Labels:
    """Makes the rows of one method and fraction."""

    method: str
    condition: str
    seeds: tuple[int, ...]
    corpus: LabCorpus

    def of_nats(self, values: np.ndarray) -> list[FaithfulnessRow]:
        """Rows of log-probability; values [seeds, draws, queries]."""
        by_seed = values.mean(1)  # [seeds, queries]
        questions = self.corpus.questions[: self.corpus.explained]
        rows = []
        for number in dict.fromkeys(question.query_id for question in questions):
            own = [at for at, question in enumerate(questions) if question.query_id == number]
            suite = questions[own[0]].suite
            items = f", items of the set in the mean: {len(own)}" if len(own) > 1 else ""
            over = student_interval(by_seed[:, own].mean(1))
            how = f"{HOW_REMOVED}; mean over seeds with Student's 95% interval{items}"
            rows.append(self._row(DROP, "nats", over, how, query_id=number, suite=suite))
        for seed, of_seed in zip(self.seeds, by_seed, strict=True):
            over = bootstrap_interval(of_seed)
            how = f"{HOW_REMOVED}; mean over queries, 95% interval by bootstrap over queries"
            rows.append(self._row(DROP, "nats", over, how, seed=seed))
        how = f"{HOW_REMOVED}; mean over {len(self.seeds)} seeds and over queries, {self._crossed}"
        rows.append(self._row(DROP, "nats", crossed_interval(values), how))
        return rows

    def of_difference(self, values: np.ndarray) -> FaithfulnessRow:
        """How far the reference's drop is above this method's; values [seeds, draws, queries]."""
        how = (
            f"drop of {name_of(REFERENCE)} minus drop of this method, query by query and seed by "
            f"seed, mean over both; {self._crossed}"
        )
        unit = "difference in nats"
        return self._row(difference_of(DROP), unit, crossed_interval(values), how)

    @property
    def _crossed(self) -> str:
        more = ", and over the draws by lot within each seed" if self.method == RANDOM else ""
        return HOW_CROSSED + more

    def of_accuracy(self, values: np.ndarray, reproduced: np.ndarray) -> list[FaithfulnessRow]:
        """Rows of the share of a suite that is reproduced.

        Args:
            values: how far it fell, reproduced: the share by models on all documents; both
                [seeds, queries].
        """
        questions = self.corpus.questions[: self.corpus.explained]
        sizes = {suite: len(places) for suite, places in self.corpus.suites().items()}
        rows = []
        for suite in dict.fromkeys(question.suite for question in questions):
            own = [at for at, question in enumerate(questions) if question.suite == suite]
            if not reproduced[:, own].any():
                continue
            over = student_interval(values[:, own].mean(1))
            how = (
                f"{HOW_REMOVED}; {HOW_REPRODUCED}, of {sizes[suite]} questions; mean over seeds "
                f"and the rankings of {len(own)} of its queries, Student's 95% interval over seeds"
            )
            rows.append(self._row(ACCURACY_DROP, "share", over, how, suite=suite))
        return rows

    def _row(
        self,
        quantity: str,
        unit: str,
        over: Estimate,
        how: str,
        *,
        seed: int | None = None,
        query_id: int | None = None,
        suite: str | None = None,
    ) -> FaithfulnessRow:
        return FaithfulnessRow(
            EXPERIMENT,
            self.method,
            quantity,
            unit,
            over.figure,
            over.n,
            how,
            seed=seed,
            query_id=query_id,
            suite=suite,
            condition=self.condition,
            low=over.low,
            high=over.high,
        )
