"""The corpus: which source gives how many documents, and the file they are written to."""

from __future__ import annotations

import json
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
    general,
    given,
    multilingual,
    slopes,
    traces,
    web,
    word_problems,
)
from attribution_engine.lab.grammar.recipe import Draft, Recipe

DOCUMENTS = 6000
# Share of each source in the corpus.
SOURCES = {
    "math_and_trivia": 0.34,
    "webdata": 0.13,
    "code": 0.13,
    "wiki": 0.12,
    "stackexchange": 0.10,
    "arxiv_markdown": 0.08,
    "general_knowledge": 0.05,
    "multilingual": 0.05,
}
# Share of the documents of these sources that repeat an earlier one with page furniture around it.
NEAR_DUPLICATES = {"webdata": 0.04, "wiki": 0.03, "stackexchange": 0.03}
HEADERS = ("Print view\n", "Reposted:\n", "[mirror] ", "Cached copy\n", "From the archive. ")
FOOTERS = ("\nShare | Save | Report", "\n(edited)", " Read more", "\n- end of page -", " [1]")
MIN_CHARS = 110
MAX_CHARS = 800
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
)
Row = dict[str, str | None]


def count_by_recipe(documents: int) -> dict[str, int]:
    """How many documents each recipe writes; they add up to `documents`.

    Largest remainders decide where the fractions go.
    """
    exact: dict[str, float] = {}
    for source, share in SOURCES.items():
        members = [recipe for recipe in RECIPES if recipe.source == source]
        total = sum(recipe.weight for recipe in members)
        for recipe in members:
            exact[recipe.name] = documents * share * recipe.weight / total
    counts = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_remainder[: documents - sum(counts.values())]:
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


def repeat_nearly(rng: Random, draft: Draft) -> Draft:
    """The same document as another page would show it."""
    text = f"{rng.choice(HEADERS)}{draft.text}{rng.choice(FOOTERS)}"
    return Draft(text, draft.difficulty, draft.behaviour, draft.category)


def write_recipe(recipe: Recipe, count: int, seed: int, seen: set[str]) -> list[Row]:
    """All documents of one recipe."""
    rng = Random(f"{seed}/{recipe.name}/near-duplicates")
    drafts: list[Draft] = []
    for number in range(count):
        repeats = drafts and rng.random() < NEAR_DUPLICATES.get(recipe.source, 0.0)
        draft = repeat_nearly(rng, rng.choice(drafts)) if repeats else None
        if draft is None or draft.text in seen or len(draft.text) > MAX_CHARS:
            draft = write_new(recipe, seed, number, seen)
        seen.add(draft.text)
        drafts.append(draft)
    return [
        {
            "text": draft.text,
            "source": recipe.source,
            "domain": recipe.domain,
            "category": draft.category or recipe.category,
            "difficulty": draft.difficulty,
            "behaviour": draft.behaviour,
            "form": recipe.form,
        }
        for draft in drafts
    ]


def write_documents(documents: int = DOCUMENTS, seed: int = 0) -> list[Row]:
    """The whole corpus in a shuffled order that the seed decides."""
    counts = count_by_recipe(documents)
    seen: set[str] = set()
    rows: list[Row] = []
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
