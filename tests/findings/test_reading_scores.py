"""Precision and recall of readers against a plain count."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import binomtest

from attribution_engine.finding_stages.reading_scores import (
    LABELS,
    labelled_traces,
    reading_score_rows,
)
from attribution_engine.findings.reading_scores import ANY_EXPLORATION, reading_scores
from attribution_engine.findings.wilson import wilson
from attribution_engine.store.finding_schema import FINDING_TABLES
from attribution_engine.text.behaviours import BEHAVIOURS, EXPLORATION, detect
from attribution_engine.text.spans import steps


def test_against_a_plain_count() -> None:
    draw = random.Random(3)
    names = [*BEHAVIOURS, None]
    labels = [draw.choice(names) for _ in range(400)]
    found = [one if draw.random() < 0.6 else draw.choice(names) for one in labels]
    pairs = list(zip(labels, found, strict=True))
    scores = {score.behaviour: score for score in reading_scores(labels, found)}
    assert list(scores) == [*BEHAVIOURS, ANY_EXPLORATION]
    for name, score in scores.items():
        kinds = EXPLORATION if name == ANY_EXPLORATION else (name,)
        right = sum(1 for label, one in pairs if label in kinds and one in kinds)
        assert score.n_spans == 400
        assert score.n_labels == sum(1 for label, _ in pairs if label in kinds)
        assert score.n_found == sum(1 for _, one in pairs if one in kinds)
        assert score.n_right == right
        assert score.precision == pytest.approx(right / score.n_found)
        assert score.recall == pytest.approx(right / score.n_labels)
        low, high = binomtest(right, score.n_found).proportion_ci(method="wilson")
        assert (score.precision_low, score.precision_high) == pytest.approx((low, high))
        low, high = binomtest(right, score.n_labels).proportion_ci(method="wilson")
        assert (score.recall_low, score.recall_high) == pytest.approx((low, high))


def test_what_is_not_counted_has_no_share() -> None:
    first = next(reading_scores([None, "verifies"], [None, "verifies"]))
    assert (first.n_labels, first.n_found, first.n_right) == (0, 0, 0)
    assert first.precision is first.precision_low is first.precision_high is None
    assert first.recall is first.recall_low is first.recall_high is None
    found_only = next(reading_scores([None], [BEHAVIOURS[0]]))
    assert found_only.precision == 0
    assert found_only.recall is None
    with pytest.raises(ValueError, match="2 labels, but the reader gave 1"):
        list(reading_scores([None, None], [None]))


@pytest.mark.parametrize(("found", "n"), [(0, 1), (1, 1), (0, 30), (30, 30), (7, 30), (1, 1000)])
def test_wilson_contains_the_share(found: int, n: int) -> None:
    low, high = wilson(found / n, n)
    assert 0 <= low <= found / n <= high <= 1
    assert (low, high) == pytest.approx(tuple(binomtest(found, n).proportion_ci(method="wilson")))


def test_the_labels_that_ship_keep_their_promises() -> None:
    traces = labelled_traces()
    assert sum(len(trace.spans) for trace in traces) >= 150
    assert len({trace.name for trace in traces}) == len(traces) >= 14
    for trace in traces:
        unlabelled = [replace(span, behaviour=None) for span in trace.spans]
        assert unlabelled == steps(trace.text), trace.name
        assert {span.behaviour for span in trace.spans} <= {*BEHAVIOURS, None}
    for split in ("development", "held_out"):
        labels = {
            span.behaviour for trace in traces if trace.split == split for span in trace.spans
        }
        assert labels == {*BEHAVIOURS, None}


def test_rows_of_a_reader() -> None:
    held_out = [trace for trace in labelled_traces() if trace.split == "held_out"]
    labels = {trace.text: [span.behaviour for span in trace.spans] for trace in held_out}

    rows = list(reading_score_rows("knows all", lambda text, spans: labels[text]))
    assert [row["behaviour"] for row in rows] == [*BEHAVIOURS, ANY_EXPLORATION]
    assert all(row["precision"] == row["recall"] == 1 for row in rows)
    assert {row["reader"] for row in rows} == {"knows all"}
    assert {row["n_spans"] for row in rows} == {sum(map(len, labels.values()))}
    columns = {
        column.split()[0].strip('"') for column in FINDING_TABLES["reading_score"].split(",")
    }
    assert set(rows[0]) == columns

    silent = list(reading_score_rows("says nothing", lambda text, spans: [None] * len(spans)))
    assert all(row["precision"] is None and row["recall"] == 0 for row in silent)
    with pytest.raises(ValueError, match="labels, but the reader gave"):
        list(reading_score_rows("stops early", lambda text, spans: []))


def test_no_labels_no_rows(tmp_path: Path) -> None:
    assert LABELS.is_file()
    assert not list(reading_score_rows("rules", detect, path=tmp_path / "none.jsonl"))


def test_the_rules_are_as_good_as_the_labels_readme_says() -> None:
    rows = {row["behaviour"]: row for row in reading_score_rows("rules", detect)}
    after = rows["explores_after_answer"]
    assert (after["n_right"], after["n_found"], after["n_labels"]) == (19, 20, 19)
    assert rows["verifies"]["precision"] > 0.85
    assert rows["verifies"]["recall"] > 0.85
    assert rows[ANY_EXPLORATION]["precision"] > 0.85
