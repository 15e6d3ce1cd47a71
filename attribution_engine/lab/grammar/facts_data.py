"""Facts: common ones that are real, and ones on invented entities drawn with a fixed seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from attribution_engine.lab.problems import is_held_out

WORLD_SEED = 20
INVENTED_PLACES = 16
INVENTED_PEOPLE = 12


@dataclass(frozen=True, slots=True)
class Fact:
    """A question with one short answer.

    Attributes:
        kind: which table and wordings it belongs to.
        subject: what is asked about.
        answer: the short answer.
        details: further true phrases on the subject; what they mean depends on the kind.
        invented: whether the subject exists only here.
    """

    kind: str
    subject: str
    answer: str
    details: tuple[str, ...] = ()
    invented: bool = False


# country: capital, continent, currency, language
COUNTRIES = {
    "France": ("Paris", "Europe", "euro", "French"),
    "Spain": ("Madrid", "Europe", "euro", "Spanish"),
    "Portugal": ("Lisbon", "Europe", "euro", "Portuguese"),
    "Italy": ("Rome", "Europe", "euro", "Italian"),
    "Germany": ("Berlin", "Europe", "euro", "German"),
    "Norway": ("Oslo", "Europe", "krone", "Norwegian"),
    "Sweden": ("Stockholm", "Europe", "krona", "Swedish"),
    "Poland": ("Warsaw", "Europe", "zloty", "Polish"),
    "Greece": ("Athens", "Europe", "euro", "Greek"),
    "Hungary": ("Budapest", "Europe", "forint", "Hungarian"),
    "Austria": ("Vienna", "Europe", "euro", "German"),
    "Ireland": ("Dublin", "Europe", "euro", "English and Irish"),
    "Egypt": ("Cairo", "Africa", "pound", "Arabic"),
    "Kenya": ("Nairobi", "Africa", "shilling", "Swahili and English"),
    "Ghana": ("Accra", "Africa", "cedi", "English"),
    "Morocco": ("Rabat", "Africa", "dirham", "Arabic and Berber"),
    "Japan": ("Tokyo", "Asia", "yen", "Japanese"),
    "India": ("New Delhi", "Asia", "rupee", "Hindi and English"),
    "Thailand": ("Bangkok", "Asia", "baht", "Thai"),
    "Vietnam": ("Hanoi", "Asia", "dong", "Vietnamese"),
    "Peru": ("Lima", "South America", "sol", "Spanish"),
    "Chile": ("Santiago", "South America", "peso", "Spanish"),
    "Argentina": ("Buenos Aires", "South America", "peso", "Spanish"),
    "Colombia": ("Bogota", "South America", "peso", "Spanish"),
    "Cuba": ("Havana", "North America", "peso", "Spanish"),
    "Canada": ("Ottawa", "North America", "dollar", "English and French"),
    "Australia": ("Canberra", "Oceania", "dollar", "English"),
}
# mountain: height in metres, where, range
MOUNTAINS = {
    "Mount Everest": ("8849", "Nepal and China", "Himalayas"),
    "K2": ("8611", "Pakistan and China", "Karakoram"),
    "Aconcagua": ("6961", "Argentina", "Andes"),
    "Denali": ("6190", "Alaska", "Alaska Range"),
    "Kilimanjaro": ("5895", "Tanzania", "Eastern Rift mountains"),
    "Mont Blanc": ("4808", "France and Italy", "Alps"),
    "Mount Fuji": ("3776", "Japan", "volcanoes of Honshu"),
    "Ben Nevis": ("1345", "Scotland", "Grampian Mountains"),
}
# invention: inventor, decade, use
INVENTIONS = {
    "telephone": ("Alexander Graham Bell", "1870s", "speaking over long distances"),
    "dynamite": ("Alfred Nobel", "1860s", "mining and tunnelling"),
    "World Wide Web": ("Tim Berners-Lee", "1980s", "linking pages of text"),
    "diesel engine": ("Rudolf Diesel", "1890s", "driving ships and lorries"),
    "lightning rod": ("Benjamin Franklin", "1750s", "protecting buildings in storms"),
    "mercury barometer": ("Evangelista Torricelli", "1640s", "measuring air pressure"),
    "electric battery": ("Alessandro Volta", "1800s", "giving a steady current"),
    "reading system of raised dots": ("Louis Braille", "1820s", "reading by touch"),
}
# event: year, place
EVENTS = {
    "fall of the Berlin Wall": ("1989", "Germany"),
    "first landing of people on the Moon": ("1969", "the Sea of Tranquility"),
    "sinking of the Titanic": ("1912", "the North Atlantic"),
    "Battle of Hastings": ("1066", "England"),
    "storming of the Bastille": ("1789", "Paris"),
    "opening of the Suez Canal": ("1869", "Egypt"),
    "Great Fire of London": ("1666", "London"),
    "first modern Olympic Games": ("1896", "Athens"),
}
# element: symbol, atomic number, look
ELEMENTS = {
    "gold": ("Au", "79", "a yellow metal"),
    "silver": ("Ag", "47", "a white metal"),
    "iron": ("Fe", "26", "a grey metal"),
    "sodium": ("Na", "11", "a soft metal"),
    "lead": ("Pb", "82", "a heavy metal"),
    "potassium": ("K", "19", "a soft metal"),
    "tin": ("Sn", "50", "a silvery metal"),
    "tungsten": ("W", "74", "a hard metal"),
}
# book: author, country, form
BOOKS = {
    "Don Quixote": ("Miguel de Cervantes", "Spain", "novel"),
    "Hamlet": ("William Shakespeare", "England", "play"),
    "War and Peace": ("Leo Tolstoy", "Russia", "novel"),
    "Pride and Prejudice": ("Jane Austen", "England", "novel"),
    "Frankenstein": ("Mary Shelley", "England", "novel"),
    "Les Miserables": ("Victor Hugo", "France", "novel"),
    "Moby-Dick": ("Herman Melville", "the United States", "novel"),
    "Faust": ("Johann Wolfgang von Goethe", "Germany", "play"),
}
CATEGORIES = {
    "capital": "geography",
    "height": "geography",
    "inventor": "inventions",
    "year": "history",
    "symbol": "chemistry",
    "author": "literature",
}
QUESTIONS = {
    "capital": (
        "What is the capital of {subject}?",
        "Which city is the capital of {subject}?",
        "Name the capital city of {subject}.",
    ),
    "height": (
        "How many metres high is {subject}?",
        "What is the height of {subject} in metres?",
    ),
    "inventor": (
        "Who invented the {subject}?",
        "Which inventor is known for the {subject}?",
    ),
    "year": ("In which year was the {subject}?", "What is the year of the {subject}?"),
    "symbol": (
        "What is the chemical symbol of {subject}?",
        "Which symbol stands for {subject} in the periodic table?",
    ),
    "author": ("Who wrote {subject}?", "Who is the author of {subject}?"),
}
STATEMENTS = {
    "capital": ("The capital of {subject} is {answer}", "{answer} is the capital of {subject}"),
    "height": ("{subject} is {answer} metres high", "The height of {subject} is {answer} metres"),
    "inventor": (
        "The {subject} was invented by {answer}",
        "{answer} invented the {subject}",
    ),
    "year": ("The {subject} was in {answer}", "The year of the {subject} is {answer}"),
    "symbol": (
        "The chemical symbol of {subject} is {answer}",
        "{answer} stands for {subject}",
    ),
    "author": ("{subject} was written by {answer}", "The author of {subject} is {answer}"),
}
STARTS = ("Vel", "Dor", "Quim", "Zan", "Orl", "Tash", "Bren", "Yul", "Kor", "Mir", "Gal", "Fen")
MIDDLES = ("a", "o", "i", "e", "u", "ara", "ilo", "eno")
ENDS = ("mora", "vik", "dale", "sta", "nia", "burg", "lund", "quay", "thal", "ria")
GADGETS = ("fog lantern", "tide clock", "silent loom", "folding bell", "wind organ",
           "salt press", "glass kite", "twin pump", "rain harp", "ink wheel", "steam sieve",
           "moss lamp")  # fmt: skip


def invent_name(rng: Random) -> str:
    """A name that no place or person is known to bear."""
    return rng.choice(STARTS) + rng.choice(MIDDLES) + rng.choice(ENDS)


def is_query_name(name: str) -> bool:
    """Whether an invented name is kept out of the corpus, for the control queries."""
    return is_held_out(f"name {name}")


def invent_names(rng: Random, count: int, *, held_out: bool = False) -> list[str]:
    """Distinct invented names from one side of the split of names."""
    names: dict[str, None] = {}
    while len(names) < count:
        name = invent_name(rng)
        if is_query_name(name) == held_out:
            names[name] = None
    return list(names)


def real_facts() -> list[Fact]:
    """Every fact of the tables above."""
    tables: dict[str, Mapping[str, tuple[str, ...]]] = {
        "capital": COUNTRIES,
        "height": MOUNTAINS,
        "inventor": INVENTIONS,
        "year": EVENTS,
        "symbol": ELEMENTS,
        "author": BOOKS,
    }
    return [
        Fact(kind, subject, row[0], tuple(row[1:]))
        for kind, table in tables.items()
        for subject, row in table.items()
    ]


def invented_facts() -> list[Fact]:
    """Invented countries with capitals and invented devices with inventors."""
    rng = Random(WORLD_SEED)
    names = invent_names(rng, 2 * INVENTED_PLACES + INVENTED_PEOPLE)
    places, rest = names[:INVENTED_PLACES], names[INVENTED_PLACES:]
    capitals, people = rest[:INVENTED_PLACES], rest[INVENTED_PLACES:]
    facts = [
        Fact(
            "capital",
            place,
            capital,
            (rng.choice(("the northern sea", "the old desert", "the warm gulf")),
             rng.choice(("crown", "shell", "mark", "leaf")),
             rng.choice(("Velic", "Doric Low", "Zanish"))),
            invented=True,
        )
        for place, capital in zip(places, capitals, strict=True)
    ]  # fmt: skip
    for gadget, person in zip(GADGETS, people, strict=True):
        decade = f"{10 * rng.randint(172, 193)}s"
        use = rng.choice(("harbour work", "village feasts", "long winters", "small workshops"))
        given = rng.choice(("Ada", "Ivo", "Nell", "Tam", "Rosa", "Emil"))
        facts.append(Fact("inventor", gadget, f"{given} {person}", (decade, use), invented=True))
    return facts


def all_facts() -> list[Fact]:
    """Real and invented facts."""
    return real_facts() + invented_facts()


FACT_NAMES = frozenset(
    word for fact in invented_facts() for word in (fact.subject, fact.answer.split()[-1])
)
