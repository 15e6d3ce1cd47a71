"""Encyclopaedia articles, trivia and fact lists on the facts of `facts_data`."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.facts_data import (
    CATEGORIES,
    QUESTIONS,
    STATEMENTS,
    Fact,
    all_facts,
)
from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick
from attribution_engine.lab.problems import as_question, final

FACTS = all_facts()


def ask(rng: Random, fact: Fact) -> str:
    """A question that asks for the fact."""
    return rng.choice(QUESTIONS[fact.kind]).format(subject=fact.subject)


def state(rng: Random, fact: Fact) -> str:
    """A sentence that states the fact, without its full stop."""
    return rng.choice(STATEMENTS[fact.kind]).format(subject=fact.subject, answer=fact.answer)


def detail(rng: Random, fact: Fact) -> str:
    """One or two sentences with further details on the subject."""
    return rng.choice(DETAILS[fact.kind])(fact)


DETAILS = {
    "capital": (
        lambda f: f"The country lies in {f.details[0]} and pays in the {f.details[1]}.",
        lambda f: f"People there speak {f.details[2]}, and the money is the {f.details[1]}.",
        lambda f: f"It belongs to {f.details[0]}, where {f.details[2]} is widely spoken.",
    ),
    "height": (
        lambda f: f"The mountain stands in {f.details[0]} and belongs to the {f.details[1]}.",
        lambda f: f"Climbers reach it through {f.details[0]}; it is part of the {f.details[1]}.",
    ),
    "inventor": (
        lambda f: f"It dates from the {f.details[0]} and is used for {f.details[1]}.",
        lambda f: f"Its main use is {f.details[1]}; the first one was made in the {f.details[0]}.",
    ),
    "year": (
        lambda f: f"It took place in {f.details[0]} and is remembered to this day.",
        lambda f: f"The scene was {f.details[0]}, and many accounts of it were written.",
    ),
    "symbol": (
        lambda f: f"It is {f.details[1]} with the atomic number {f.details[0]}.",
        lambda f: f"Its atoms have {f.details[0]} protons, and it looks like {f.details[1]}.",
    ),
    "author": (
        lambda f: f"The {f.details[1]} comes from {f.details[0]} and is read in many schools.",
        lambda f: f"It is a {f.details[1]} and one of the best known works from {f.details[0]}.",
    ),
}
TITLES = {
    "capital": "{subject}",
    "height": "{subject}",
    "inventor": "The {subject}",
    "year": "The {subject}",
    "symbol": "{subject} (element)",
    "author": "{subject}",
}
LEADS = (
    "This article is a stub.",
    "See also the list of related pages.",
    "The name has been spelled in several ways over time.",
    "Visitors and scholars have described it since early times.",
    "It is the subject of several museums.",
    "Maps and books mention it often.",
    "Opinions differ on the finer points of its history.",
    "A short summary is given below.",
    "Several films and songs refer to it.",
    "An older article on this subject was merged into this one.",
    "Stamps with its picture were printed twice.",
    "Pupils learn about it in the first years of school.",
    "The sources are listed at the end of the page.",
    "Not every source tells the same story about it.",
    "A longer version exists in other languages.",
    "Guided tours and talks on it are offered in summer.",
)


def write_article(rng: Random) -> Draft:
    """An encyclopaedia article on one subject."""
    return article(rng, rng.choice(FACTS))


def article(rng: Random, fact: Fact) -> Draft:
    """An encyclopaedia article on the subject of this fact."""
    title = TITLES[fact.kind].format(subject=fact.subject)
    first, second, third = rng.sample(LEADS, 3)
    kinds = {
        "capital": f"{fact.subject} is a country.",
        "height": f"{fact.subject} is a well-known mountain.",
        "inventor": f"The {fact.subject} is a technical invention.",
        "year": f"The {fact.subject} is an event in history.",
        "symbol": f"{fact.subject.capitalize()} is a chemical element.",
        "author": f"{fact.subject} is a work of literature.",
    }
    text = (
        f"{title}\n\n{kinds[fact.kind]} {state(rng, fact)}. {first} {detail(rng, fact)} {second} "
        f"{third}"
    )
    return Draft(text, category=CATEGORIES[fact.kind])


def write_question(rng: Random) -> Draft:
    """A trivia question in the queries' form."""
    fact = rng.choice(FACTS)
    text = (
        f"{as_question(ask(rng, fact))} {state(rng, fact)}. {detail(rng, fact)} "
        f"{final(fact.answer)}"
    )
    return Draft(text, category=CATEGORIES[fact.kind])


def write_quiz(rng: Random) -> Draft:
    """A quiz of several questions with their answers."""
    facts = rng.sample(FACTS, rng.randint(4, 5))
    title = pick(rng, "Pub quiz", "Trivia night", "Quick quiz", "Quiz round")
    lines = [f"{title} {rng.randint(1, 50)}"]
    for number, fact in enumerate(facts, 1):
        lines.append(f"{number}) {ask(rng, fact)} - {fact.answer}")
    return Draft("\n".join(lines), category="trivia")


def write_list(rng: Random) -> Draft:
    """A list of statements on mixed subjects."""
    facts = rng.sample(FACTS, 4)
    opening = pick(rng, "Did you know?", "Facts worth remembering.", "Five minutes of knowledge.")
    lines = [opening] + [f"- {state(rng, fact)}." for fact in facts]
    return Draft("\n".join(lines), category="trivia")


def write_talk(rng: Random) -> Draft:
    """Somebody mentions a fact in a blog or a forum."""
    fact = rng.choice(FACTS)
    opening = pick(
        rng,
        "My daughter came home from school with a question.",
        "We argued about this at dinner.",
        "I always forget this one.",
        "A colleague asked me in the lift.",
    )
    closing = pick(
        rng,
        "Now I will remember it.",
        "I looked it up twice to be sure.",
        "It is good to know such things.",
        "The rest of the evening we played cards.",
    )
    text = f"{opening} {ask(rng, fact)} {state(rng, fact)}. {detail(rng, fact)} {closing}"
    return Draft(text, category=CATEGORIES[fact.kind])


def recipe(name: str, source: str, form: str, weight: float, write: object) -> Recipe:
    """A recipe of this subject."""
    return Recipe(f"facts-{name}", source, "factual", "trivia", form, weight, write)  # type: ignore[arg-type]


RECIPES = (
    recipe("article", "wiki", "prose", 42, write_article),
    recipe("question", "math_and_trivia", "qa", 40, write_question),
    recipe("quiz", "math_and_trivia", "qa", 5, write_quiz),
    recipe("list", "general_knowledge", "prose", 8, write_list),
    recipe("talk", "webdata", "prose", 15, write_talk),
    recipe("talk-forum", "stackexchange", "forum_answer", 4, write_talk),
)
