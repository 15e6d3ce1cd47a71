"""Groups of near-duplicates against a comparison of all pairs, and what may not break them."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import numpy as np
import pytest

from attribution_engine.text import near_duplicates
from attribution_engine.text.near_duplicates import SHINGLE, THRESHOLD, near_groups, similarity

VOCABULARY = [f"word{number}" for number in range(400)]


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return frozenset(
        tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))
    )


def jaccard(one: str, other: str) -> float:
    first, second = shingles(one), shingles(other)
    return len(first & second) / len(first | second)


def slow_groups(texts: list[str]) -> list[int]:
    """Every text joins the first group whose first text it is like."""
    leaders: list[int] = []
    groups = [-1] * len(texts)
    for number, text in enumerate(texts):
        for leader in leaders:
            if jaccard(text, texts[leader]) >= THRESHOLD:
                groups[number] = groups[leader] = leader
                break
        else:
            leaders.append(number)
    return groups


def corpus(seed: int, n: int = 300) -> list[str]:
    """Texts of which half are copies of earlier ones with up to a third of the words changed."""
    random = Random(seed)
    texts: list[str] = []
    for _ in range(n):
        words = random.choices(VOCABULARY, k=random.randint(6, 120))
        if texts and random.random() < 0.5:
            words = random.choice(texts).split()
            for _ in range(random.randint(0, len(words) // 30)):
                words[random.randrange(len(words))] = random.choice(VOCABULARY)
        texts.append(" ".join(words))
    return texts


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_those_of_comparing_all_pairs(seed: int) -> None:
    texts = corpus(seed)
    found, expected = near_groups(texts).tolist(), slow_groups(texts)
    assert sum(group >= 0 for group in expected) > 60
    # MinHash may miss a pair at the threshold; a group that it finds is never wrong.
    differ = [n for n in range(len(texts)) if found[n] != expected[n]]
    assert len(differ) <= 2
    for number, group in enumerate(found):
        assert group == -1 or group <= number and found[group] == group
        assert group in (-1, number) or jaccard(texts[number], texts[group]) >= THRESHOLD


def test_a_text_whose_like_are_in_another_group_has_none() -> None:
    random, texts = Random(5), []
    for number in range(150):
        words = [f"w{number}x{at}" for at in range(100)]
        other = [f"v{random.randrange(10**9)}" for _ in range(20)]
        # The third is like both, and the first two are not alike.
        texts += [" ".join(other[:10] + words[10:]), " ".join(words[:90] + other[10:])]
        texts.append(" ".join(words))
    found = near_groups(texts).tolist()
    assert jaccard(texts[0], texts[2]) >= THRESHOLD > jaccard(texts[0], texts[1])
    assert sum(one == number - 2 for number, one in enumerate(found)) > 140
    sizes = Counter(one for one in found if one >= 0)
    assert min(sizes.values()) > 1


def test_similarity_is_jaccard_of_shingles() -> None:
    texts = corpus(5, 40)
    for one, other in zip(texts, texts[1:], strict=False):
        assert similarity(one, other) == pytest.approx(jaccard(one, other))
    base = " ".join(VOCABULARY[:30])
    changed = base.replace("word29", "other")
    assert similarity(base, changed) == pytest.approx(25 / 27)


def test_likeness_through_others_makes_no_group() -> None:
    words = VOCABULARY[:100]
    near = [*words[:95], *(f"a{n}" for n in range(5))]
    far = [*(f"b{n}" for n in range(12)), *near[12:]]
    one, between, other = (" ".join(each) for each in (words, near, far))
    assert similarity(one, between) >= THRESHOLD and similarity(one, other) < THRESHOLD
    assert near_groups([one, between, other]).tolist() == [0, 0, -1]


@pytest.mark.parametrize(
    ("texts", "groups"),
    [
        ([], []),
        (["one"], [-1]),
        (["same words", "Same, WORDS!", "other words"], [0, 0, -1]),
        (["", "", "  "], [0, 0, -1]),
        (["=>", "=>", "<="], [0, 0, -1]),
        (["a b", "b a"], [-1, -1]),
        (["ab c", "a bc"], [-1, -1]),
        (
            ["直线的斜率是二因此答案是三", "直线的斜率是二因此答案是三。", "因此答案是三"],
            [0, 0, -1],
        ),
        (["x" * 300_000, "x" * 300_000, "x" * 300_001], [0, 0, -1]),
        (["é\ud800 z", "é\ud800 z"], [0, 0]),
    ],
)
def test_corners(texts: list[str], groups: list[int]) -> None:
    assert near_groups(texts).tolist() == groups


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = corpus(7, 120)
    whole = near_groups(texts)
    monkeypatch.setattr(near_duplicates, "BATCH_CHARACTERS", 1000)
    monkeypatch.setattr(near_duplicates, "BATCH_SHINGLES", 300)
    assert np.array_equal(near_groups(iter(texts)), whole) and (whole >= 0).any()
