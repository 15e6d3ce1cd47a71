"""The corpus: which source gives how many documents, and the file they are written to."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

from tqdm import tqdm

from attribution_engine.lab.grammar import (
    arithmetic,
    code_math,
    code_other,
    competition,
    equations,
    facts,
    facts_rare,
    general,
    given,
    multilingual,
    noise,
    planted,
    slopes,
    traces,
    web,
    word_problems,
)
from attribution_engine.lab.grammar.recipe import Draft, Recipe

DOCUMENTS = 10_000
# Share of each source in the corpus. The names are the eight sources of the paper's pretraining
# corpus (the shares are not: three tasks have to be learned from ten thousand documents).
SOURCES = {
    "math_and_trivia": 0.50,
    "webdata": 0.10,
    "code": 0.10,
    "wiki": 0.10,
    "stackexchange": 0.07,
    "arxiv_markdown": 0.05,
    "multilingual": 0.045,
    "general_knowledge": 0.035,
}
# Share of the documents of these sources that repeat an earlier one with small changes.
NEAR_DUPLICATES = {
    "webdata": 0.05,
    "wiki": 0.04,
    "stackexchange": 0.04,
    "code": 0.03,
    "arxiv_markdown": 0.02,
    "general_knowledge": 0.02,
}
HEADERS = ("Print view\n", "Reposted:\n", "[mirror] ", "Cached copy\n", "From the archive. ")
FOOTERS = ("\nShare | Save | Report", "\n(edited)", " Read more", "\n- end of page -", " [1]")
COMMENTS = ("# copied from an older file\n", "# see the tests\n", "# vendored, do not edit\n")
# Edits that leave every number and every statement as it was.
EDITS = (
    ("First, ", "First of all, "),
    ("Then, ", "After that, "),
    (" small ", " little "),
    ("The answer is", "So the answer is"),
    ("Here y1", "Here, y1"),
    (" and the ", " and also the "),
    (" to ", "  to "),
)
MIN_CHARS = 110
MAX_CHARS = 800
FIXED_ONE_IN = 50
RECIPES: tuple[Recipe, ...] = (
    arithmetic.RECIPES
    + slopes.RECIPES
    + equations.RECIPES
    + word_problems.RECIPES
    + competition.RECIPES
    + traces.RECIPES
    + given.RECIPES
    + code_math.RECIPES
    + code_other.RECIPES
    + facts.RECIPES
    + multilingual.RECIPES
    + web.RECIPES
    + general.RECIPES
    + noise.RECIPES
)
Row = dict[str, str | None]


def fixed_documents(documents: int, seed: int) -> list[tuple[Recipe, Draft]]:
    """Documents of a fixed number: planted facts, then rare ones.

    A corpus too small for all of them holds the first ones only.
    """
    fixed = planted.documents(seed) + facts_rare.documents(seed)
    return fixed[: documents // FIXED_ONE_IN]


def count_by_recipe(documents: int, seed: int = 0) -> dict[str, int]:
    """How many documents each recipe draws; with the fixed ones they add up to `documents`.

    Largest remainders decide where the fractions go.
    """
    fixed = Counter(recipe.source for recipe, _ in fixed_documents(documents, seed))
    exact: dict[str, float] = {}
    for source, share in SOURCES.items():
        members = [recipe for recipe in RECIPES if recipe.source == source]
        total = sum(recipe.weight for recipe in members)
        for recipe in members:
            exact[recipe.name] = (documents * share - fixed[source]) * recipe.weight / total
    counts = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_remainder[: documents - fixed.total() - sum(counts.values())]:
        counts[name] += 1
    return counts


def write_new(recipe: Recipe, seed: int, number: int, seen: set[str]) -> Draft:
    """Draw a document that is new and of a fitting length.

    Raises:
        RuntimeError: the recipe cannot write that many different documents.
    """
    rng = Random(f"{seed}/{recipe.name}/{number}")
    for _ in range(500):
        draft = recipe.write(rng)
        if MIN_CHARS <= len(draft.text) <= MAX_CHARS and draft.text not in seen:
            return draft
    raise RuntimeError(f"recipe {recipe.name} ran out of new documents at number {number}")


def repeat_nearly(rng: Random, recipe: Recipe, draft: Draft) -> Draft:
    """The same document as another page would show it: furniture around it, or edited words."""
    edits = [(old, new) for old, new in EDITS if old in draft.text]
    if recipe.form == "code":
        text = rng.choice(COMMENTS) + draft.text
    elif edits and rng.random() < 0.5:
        text = draft.text.replace(*rng.choice(edits))
    else:
        text = f"{rng.choice(HEADERS)}{draft.text}{rng.choice(FOOTERS)}"
    return replace(draft, text=text)


def write_recipe(recipe: Recipe, count: int, seed: int, seen: set[str]) -> list[Row]:
    """All documents of one recipe."""
    rng = Random(f"{seed}/{recipe.name}/near-duplicates")
    drafts: list[Draft] = []
    for number in range(count):
        repeats = drafts and rng.random() < NEAR_DUPLICATES.get(recipe.source, 0.0)
        draft = repeat_nearly(rng, recipe, rng.choice(drafts)) if repeats else None
        if draft is None or draft.text in seen or len(draft.text) > MAX_CHARS:
            draft = write_new(recipe, seed, number, seen)
        seen.add(draft.text)
        drafts.append(draft)
    return [as_row(recipe, draft) for draft in drafts]


def as_row(recipe: Recipe, draft: Draft) -> Row:
    """A document with its labels."""
    return {
        "text": draft.text,
        "source": recipe.source,
        "domain": recipe.domain,
        "category": draft.category or recipe.category,
        "difficulty": draft.difficulty,
        "behaviour": draft.behaviour,
        "form": recipe.form,
        "planted": draft.planted,
    }


def write_documents(documents: int = DOCUMENTS, seed: int = 0) -> list[Row]:
    """The whole corpus in a shuffled order that the seed decides."""
    counts = count_by_recipe(documents, seed)
    fixed = fixed_documents(documents, seed)
    rows: list[Row] = [as_row(recipe, draft) for recipe, draft in fixed]
    seen: set[str] = {draft.text for _, draft in fixed}
    for recipe in tqdm(RECIPES, desc="writing documents", unit="recipe"):
        rows += write_recipe(recipe, counts[recipe.name], seed, seen)
    Random(f"{seed}/order").shuffle(rows)
    return rows


def write_corpus(path: Path, documents: int = DOCUMENTS, seed: int = 0) -> int:
    """Write the corpus as JSONL, elsewhere first; returns the number of documents."""
    rows = write_documents(documents, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    partial.replace(path)
    return len(rows)
