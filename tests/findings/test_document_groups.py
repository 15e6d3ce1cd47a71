"""Groups of documents by what they state, and the order of levels of difficulty."""

from __future__ import annotations

import numpy as np
import pytest

from attribution_engine.findings.difficulty import in_order, level_of
from attribution_engine.findings.document_groups import grouped_documents
from attribution_engine.findings.group_cells import cells_of
from tests.findings.planted_groups import grouping


def test_every_document_is_in_one_group_of_each_grouping() -> None:
    domain = grouping(["math", "math", None, "code", "math"])
    difficulty = grouping(["easy", None, "easy", "hard", "easy"])
    category = grouping(["a", "a", "b", "b", "a"])
    tokens = np.array([1, 2, 3, 4, 5])
    found = grouped_documents(
        {"domain": domain, "difficulty": difficulty, "category": category}, tokens
    )
    assert [one.name for one in found] == [
        "domain", "category", "difficulty", "domain_difficulty", "joint",
    ]  # fmt: skip
    for one in found:
        assert sum(group.n for group in one.groups) == 5
        assert sum(group.n_tokens for group in one.groups) == 15
        assert np.bincount(one.codes).tolist() == [group.n for group in one.groups]
    joint = found[-1]
    first = joint.groups[joint.codes[0]]
    assert first.value == "math · a · easy" and (first.n, first.n_tokens) == (2, 6)
    assert first.labels == {"domain": "math", "category": "a", "difficulty": "easy"}
    other = joint.groups[joint.codes[2]]
    # Nobody else states b and easy: who filters for them finds this group.
    assert joint.is_exact(other) and joint.is_exact(first)
    assert not joint.is_exact(joint.groups[joint.codes[1]])  # math and a: some are easy too
    assert other.value == "(not stated) · b · easy" and other.labels["domain"] is None


def test_small_groups_are_pooled_and_counted() -> None:
    values = [f"c{at % 7}" for at in range(20)] + ["d"] * 10
    (one,) = grouped_documents({"category": grouping(values)}, np.ones(30), most=4)
    assert [group.value for group in one.groups] == ["d", "c0", "c1", "(other)"]
    assert one.groups[-1].pooled and one.n_pooled == 5 and one.groups[-1].n == 14
    assert np.bincount(one.codes).tolist() == [10, 3, 3, 14]


def test_nothing_stated_gives_no_groups() -> None:
    assert grouped_documents({}, np.ones(3)) == []
    cells = cells_of({}, 3)
    assert cells.counts.tolist() == [3] and cells.extremes("math") is None


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["hard", "easy", "medium"], ["easy", "medium", "hard"]),
        (["Level 5", "Level 1", "Level 10"], ["Level 1", "Level 5", "Level 10"]),
        (["3", "1", "2.5"], ["1", "2.5", "3"]),
        (["6+ steps", "1 step", "5 steps"], ["1 step", "5 steps", "6+ steps"]),
    ],
)
def test_levels_are_ordered_by_name(names: list[str], order: list[str]) -> None:
    assert in_order(names) == order
    assert len({level.scale for name in names if (level := level_of(name))}) == 1


@pytest.mark.parametrize("name", ["", "red", "2 of 3", "level", "hardly"])
def test_other_names_have_no_level(name: str) -> None:
    assert level_of(name) is None


def test_the_easiest_and_the_hardest_third_of_one_scale() -> None:
    domain = grouping(["math"] * 200 + ["code"] * 30)
    steps = [f"{at % 6} steps" for at in range(120)]
    levels = [f"Level {1 + at % 2}" for at in range(80)]
    difficulty = grouping([*steps, *levels, *["hard"] * 25, *["easy"] * 5])
    cells = cells_of({"domain": domain, "difficulty": difficulty}, 230)
    # 120 documents count steps, 80 levels; of the easy programs there are too few.
    assert cells.extremes("math") == (("0 steps", "1 steps"), ("4 steps", "5 steps"))
    assert cells.extremes("code") is None
