"""Groups of documents by what they state: domain, category, difficulty, and these together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from attribution_engine.findings.run_scores import Grouping

LABELS: Final = ("domain", "category", "difficulty")
BY_DIFFICULTY: Final = "domain_difficulty"
JOINT: Final = "joint"
MOST: Final = 400  # groups of a grouping; the smaller ones are pooled
NOT_STATED: Final = "(not stated)"
OTHER: Final = "(other)"
BETWEEN: Final = " · "


@dataclass(frozen=True, slots=True)
class DocumentGroup:
    """Documents that state the same.

    Attributes:
        value: in words, its parts joined by `BETWEEN`.
        labels: what they state, by label of the grouping; None = they state none.
        pooled: whether it holds all groups that are too small to stand alone; it has no labels.
        n: documents; n_tokens: their tokens.
    """

    value: str
    labels: Mapping[str, str | None]
    pooled: bool
    n: int
    n_tokens: int


@dataclass(frozen=True, slots=True)
class GroupedDocuments:
    """All documents by one grouping.

    Attributes:
        name: "domain", "category", "difficulty", "domain_difficulty" or "joint".
        groups: the largest first, the pooled one last.
        codes: [documents] int32, index into groups.
        n_pooled: groups in the pooled one.
    """

    name: str
    groups: tuple[DocumentGroup, ...]
    codes: np.ndarray
    n_pooled: int = 0

    def is_exact(self, group: DocumentGroup) -> bool:
        """Whether the documents that state what the group states are those of the group only.

        A label that the group lacks does not restrict: others may state it.
        """
        stated = {label: value for label, value in group.labels.items() if value is not None}
        if group.pooled or not stated:
            return False
        if len(stated) == len(group.labels):
            return True
        alike = (
            other
            for other in self.groups
            if other.pooled or all(other.labels[name] == value for name, value in stated.items())
        )
        return sum(other.n for other in alike) == group.n


def grouped_documents(
    groupings: Mapping[str, Grouping], n_tokens: np.ndarray, most: int = MOST
) -> list[GroupedDocuments]:
    """Every grouping that the documents allow; none where they state nothing.

    The joint grouping is of all labels that some document states, where there are several;
    "domain_difficulty" leaves the category out.

    Args:
        groupings: by label; those that no document states are missing.
        n_tokens: [documents].
        most: groups of a grouping that stand alone, with the pooled one.
    """
    stated = [name for name in LABELS if name in groupings]
    wanted: dict[str, Sequence[str]] = {name: [name] for name in stated}
    if "domain" in stated and "difficulty" in stated:
        wanted[BY_DIFFICULTY] = ["domain", "difficulty"]
    if len(stated) > 1 and "category" in stated:
        wanted[JOINT] = stated
    return [
        _grouped(name, {label: groupings[label] for label in labels}, n_tokens, most)
        for name, labels in wanted.items()
    ]


def _grouped(
    name: str, labels: Mapping[str, Grouping], n_tokens: np.ndarray, most: int
) -> GroupedDocuments:
    mixed = np.zeros(len(n_tokens), np.int64)
    for grouping in labels.values():
        mixed = mixed * (len(grouping.names) + 1) + (grouping.codes + 1)
    found, codes, counts = np.unique(mixed, return_inverse=True, return_counts=True)
    order = np.lexsort((found, -counts))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order))
    n_pooled = max(0, len(order) - (most - 1)) if len(order) > most else 0
    n_groups = most if n_pooled else len(order)
    codes = np.minimum(place[codes.reshape(-1)], n_groups - 1).astype(np.int32)
    tokens = np.bincount(codes, weights=n_tokens, minlength=n_groups)
    documents = np.bincount(codes, minlength=n_groups)
    groups = []
    for at in range(n_groups):
        pooled = bool(n_pooled) and at == n_groups - 1
        parts = {} if pooled else _parts(int(found[order[at]]), labels)
        words = BETWEEN.join(part or NOT_STATED for part in parts.values())
        groups.append(
            DocumentGroup(
                OTHER if pooled else words, parts, pooled, int(documents[at]), int(tokens[at])
            )
        )
    return GroupedDocuments(name, tuple(groups), codes, n_pooled)


def _parts(mixed: int, labels: Mapping[str, Grouping]) -> dict[str, str | None]:
    parts: dict[str, str | None] = {}
    for label, grouping in reversed(list(labels.items())):
        mixed, code = divmod(mixed, len(grouping.names) + 1)
        parts[label] = grouping.names[code - 1] if code else None
    return dict(reversed(parts.items()))
