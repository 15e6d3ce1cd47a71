"""Facts that one to three documents state, and those documents: what a model may well forget."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar import facts
from attribution_engine.lab.grammar.facts_data import FACT_NAMES, Fact, invent_names
from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick

WORLD_SEED = 21
MOST_COPIES = 3
# kind, subject, answer, details as in `facts_data`
REAL: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("capital", "Mongolia", "Ulaanbaatar", ("Asia", "tugrik", "Mongolian")),
    ("capital", "Iceland", "Reykjavik", ("Europe", "krona", "Icelandic")),
    ("capital", "Bhutan", "Thimphu", ("Asia", "ngultrum", "Dzongkha")),
    ("capital", "Latvia", "Riga", ("Europe", "euro", "Latvian")),
    ("capital", "Estonia", "Tallinn", ("Europe", "euro", "Estonian")),
    ("capital", "Uruguay", "Montevideo", ("South America", "peso", "Spanish")),
    ("capital", "Angola", "Luanda", ("Africa", "kwanza", "Portuguese")),
    ("capital", "Senegal", "Dakar", ("Africa", "franc", "French and Wolof")),
    ("capital", "Fiji", "Suva", ("Oceania", "dollar", "English and Fijian")),
    ("capital", "Oman", "Muscat", ("Asia", "rial", "Arabic")),
    ("capital", "Jordan", "Amman", ("Asia", "dinar", "Arabic")),
    ("height", "Mount Elbrus", "5642", ("Russia", "Caucasus")),
    ("height", "Mount Vinson", "4892", ("Antarctica", "Sentinel Range")),
    ("inventor", "saxophone", "Adolphe Sax", ("1840s", "playing in military bands")),
    ("inventor", "safety lamp", "Humphry Davy", ("1810s", "working in coal mines")),
    ("inventor", "vacuum flask", "James Dewar", ("1890s", "keeping liquids cold")),
    ("inventor", "ballpoint pen", "Laszlo Biro", ("1930s", "writing without blots")),
    ("year", "opening of the Panama Canal", "1914", ("Panama",)),
    ("year", "signing of the Magna Carta", "1215", ("Runnymede",)),
    ("year", "eruption of Krakatoa", "1883", ("the Sunda Strait",)),
    ("symbol", "neon", "Ne", ("10", "a gas without colour")),
    ("symbol", "zinc", "Zn", ("30", "a bluish metal")),
    ("author", "Candide", "Voltaire", ("France", "satire")),
    ("author", "The Trial", "Franz Kafka", ("Bohemia", "novel")),
)
GADGETS = ("peat stove", "echo drum", "chalk plough", "oak lift", "cork pump", "hail screen",
           "reed scale", "wax printer", "brass sledge", "straw lens")  # fmt: skip
PLACES = 10


def invented() -> list[Fact]:
    """Invented countries and devices, none of them among the facts stated often."""
    rng = Random(WORLD_SEED)
    names = [name for name in invent_names(rng, 120) if name not in FACT_NAMES]
    places, capitals = names[:PLACES], names[PLACES : 2 * PLACES]
    people = names[2 * PLACES : 2 * PLACES + len(GADGETS)]
    found = []
    for place, capital in zip(places, capitals, strict=True):
        land = rng.choice(("the eastern steppe", "the salt coast", "the great plain"))
        coin, tongue = rng.choice(("florin", "bead", "ducat")), rng.choice(("Orrish", "Old Temmic"))
        found.append(Fact("capital", place, capital, (land, coin, tongue), invented=True))
    for gadget, person in zip(GADGETS, people, strict=True):
        name = f"{rng.choice(('Berta', 'Jory', 'Mina', 'Otto', 'Petra', 'Silas'))} {person}"
        use = rng.choice(("farm work", "mountain huts", "dry summers", "busy kitchens"))
        details = (f"{10 * rng.randint(172, 193)}s", use)
        found.append(Fact("inventor", gadget, name, details, invented=True))
    return found


FACTS = [Fact(*row) for row in REAL] + invented()
NAMES = frozenset(
    word for fact in FACTS if fact.invented for word in (fact.subject, fact.answer.split()[-1])
)


def copies(number: int) -> int:
    """How many documents state the fact with this number in `FACTS`: one to three."""
    return 1 + number % MOST_COPIES


def write_note(rng: Random, fact: Fact) -> Draft:
    """A blog post in which the fact comes up."""
    opening = pick(
        rng,
        "Reading an old atlas on a rainy afternoon I came across something new to me.",
        "A letter from a friend who travels a lot reached me last week.",
        "The last question of the evening was one that nobody in the room could answer.",
        "While sorting the books of my grandfather I found a note in the margin.",
    )
    closing = pick(
        rng,
        "I wonder how many people know this.",
        "It is the kind of thing one reads once and never again.",
        "Next week I will write about the garden again.",
        "If you have been there, please leave a comment.",
    )
    text = f"{opening} {facts.state(rng, fact)}. {facts.detail(rng, fact)} {closing}"
    return Draft(text, category=facts.CATEGORIES[fact.kind])


def documents(seed: int) -> list[tuple[Recipe, Draft]]:
    """Every document on a rare fact: an article first, then a blog post, then an article."""
    written = []
    for number, fact in enumerate(FACTS):
        rng = Random(f"{seed}/rare/{number}")
        for copy in range(copies(number)):
            draft = write_note(rng, fact) if copy == 1 else facts.article(rng, fact)
            written.append((NOTE if copy == 1 else ARTICLE, draft))
    return written


# How many documents each writes is fixed above, so they have no weight.
ARTICLE = Recipe("rare-article", "wiki", "factual", "trivia", "prose", 0, facts.write_article)
NOTE = Recipe("rare-note", "webdata", "factual", "trivia", "prose", 0, facts.write_talk)
