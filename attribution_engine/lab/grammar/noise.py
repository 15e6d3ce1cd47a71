"""Noise as crawled pages have it: boilerplate, tables, cut pages, broken characters, logs."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar import general, web
from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick

CITIES = ("Northgate", "Eastwick", "Millbrook", "Fairview", "Oldport", "Westhaven", "Lakeside")
LEVELS = ("INFO", "WARN", "DEBUG", "ERROR")
EVENTS = ("connection closed", "cache miss", "retrying request", "user logged in", "disk almost "
          "full", "job finished", "timeout", "reloading settings", "queue empty")  # fmt: skip
NAVIGATION = ("Home", "News", "Archive", "Shop", "Forum", "Imprint", "Help", "Jobs", "Contact",
              "Sitemap", "Search", "Events", "Gallery", "Members", "Press",
              "Downloads")  # fmt: skip
LEGAL = (
    "By using this site you agree to our terms.", "Prices include tax.", "Errors excepted.",
    "No part of this page may be copied without permission.", "We use cookies to count visits.",
    "This page was generated automatically.", "Your browser is out of date.",
    "You are not logged in.", "Please enable scripts to see all content.",
    "Enter your address to receive our letter.", "Unsubscribe at any time.",
)  # fmt: skip
# A UTF-8 text read as Latin-1 and written again.
BROKEN = (("é", "Ã©"), ("ü", "Ã¼"), ("'", "â€™"), (" - ", " â€“ "), ("...", "â€¦"), ("ñ", "Ã±"))
CAFES = ("Café Märten", "Crêperie Noël", "Hôtel de l'Île", "Señor Muñoz's grill", "Bäckerei Föhn")


def write_boilerplate(rng: Random) -> Draft:
    """Menus and legal lines."""
    menu = " | ".join(rng.sample(NAVIGATION, 7))
    legal = rng.sample(LEGAL, 4)
    year = rng.randint(1998, 2023)
    return Draft(
        f"{menu}\n\n{' '.join(legal)}\n\n(c) {year}, all rights reserved. Page {year % 97}"
    )


def write_table(rng: Random) -> Draft:
    """A table whose cells lost their lines."""
    cities = rng.sample(CITIES, 5)
    head = pick(rng, "town visitors rooms", "station trains delay", "club points goals")
    rows = [f"{city} {rng.randint(10, 999)} {rng.randint(1, 99)}" for city in cities]
    if rng.random() < 0.5:
        rows = [" | ".join(row.split()) for row in (head, *rows)]
        return Draft("\n".join(f"| {row} |" for row in rows))
    return Draft("\n".join([f"Table {rng.randint(1, 30)}.", head, *rows, "Source: own count."]))


def write_cut(rng: Random) -> Draft:
    """A page that ends in the middle of a sentence."""
    writers = (web.write_recipe, web.write_review, web.write_travel, web.write_weather,
               general.write_animal, general.write_biography)  # fmt: skip
    text = rng.choice(writers)(rng).text
    return Draft(text[: rng.randint(len(text) // 2, len(text) - 20)].rstrip())


def write_broken(rng: Random) -> Draft:
    """A page whose characters were decoded wrongly."""
    first, second = rng.sample(CAFES, 2)
    opening = pick(rng, "We ate at", "Our evening at", "Don't miss")
    staff = pick(rng, "The staff didn't", "They don't")
    text = (
        f"{opening} {first}... It's "
        f"{pick(rng, 'small', 'loud', 'hidden in a yard')} - and the cook's "
        f"{pick(rng, 'soup', 'fish', 'cake')} is very good. The next day's lunch at {second} was "
        f"{pick(rng, 'fine', 'slow', 'cheap')}... {staff} "
        f"take cards - bring cash. {rng.randint(2, 40)} people found this useful."
    )
    for good, bad in BROKEN:
        text = text.replace(good, bad)
    return Draft(text)


def write_log(rng: Random) -> Draft:
    """Lines of a server's log."""
    hour, minute = rng.randint(0, 23), rng.randint(0, 40)
    day = f"{rng.randint(2009, 2022)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    lines = []
    for _ in range(rng.randint(5, 7)):
        minute += rng.randint(1, 2)
        stamp = f"{day} {hour:02}:{minute:02}:{rng.randint(0, 59):02}"
        lines.append(f"{stamp} {rng.choice(LEVELS)} {rng.choice(EVENTS)}")
    return Draft("\n".join(lines))


def write_list(rng: Random) -> Draft:
    """A list of items and prices, or an index of pages."""
    if rng.random() < 0.5:
        items = rng.sample(web.PRODUCTS, 6)
        lines = [f"* {item} .... {rng.randint(3, 90)}.{rng.randint(0, 9)}0" for item in items]
        return Draft(pick(rng, "Price list\n", "On sale this week\n") + "\n".join(lines))
    lines = [f"{name} ........ {rng.randint(2, 300)}" for name in rng.sample(NAVIGATION, 9)]
    return Draft("Index\n" + "\n".join(sorted(lines)))


def write_references(rng: Random) -> Draft:
    """A list of references without its article."""
    lines = ["## References", ""]
    for number in range(1, rng.randint(4, 6)):
        name = pick(rng, "Abel", "Okoro", "Lindt", "Sato", "Marquez", "Novak", "Petrov", "Wren")
        topic = rng.choice(general.TOPICS)
        lines.append(
            f"[{number}] {pick(rng, 'A.', 'B.', 'K.', 'M.')} {name}, *On {topic}*, "
            f"{rng.randint(1971, 2021)}, pp. {rng.randint(1, 200)}."
        )
    return Draft("\n".join(lines))


def recipe(name: str, source: str, weight: float, write: object) -> Recipe:
    """A recipe of this subject."""
    return Recipe(f"noise-{name}", source, "general", "noise", "prose", weight, write)  # type: ignore[arg-type]


RECIPES = (
    recipe("boilerplate", "webdata", 4, write_boilerplate),
    recipe("cut", "webdata", 3, write_cut),
    recipe("broken", "webdata", 3, write_broken),
    recipe("list", "webdata", 2, write_list),
    recipe("table", "wiki", 4, write_table),
    recipe("cut-wiki", "wiki", 2, write_cut),
    recipe("log", "stackexchange", 4, write_log),
    recipe("references", "arxiv_markdown", 3, write_references),
    recipe("table-trivia", "general_knowledge", 2, write_table),
)
