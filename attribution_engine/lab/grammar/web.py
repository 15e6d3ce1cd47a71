"""Unrelated text of the web: recipes, reviews, travel, weather and page furniture."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick

DISHES = ("lentil soup", "carrot cake", "pea risotto", "potato pancakes", "bean stew",
          "apple crumble", "spinach pie", "mushroom pasta", "rye bread",
          "pumpkin curry")  # fmt: skip
INGREDIENTS = ("onions", "garlic", "carrots", "flour", "butter", "milk", "thyme", "lemon juice",
               "brown sugar", "walnuts", "olive oil", "black pepper", "celery", "rice")  # fmt: skip
PRODUCTS = ("kettle", "rucksack", "desk lamp", "bicycle pump", "rain jacket", "toaster",
            "water bottle", "pair of headphones", "garden hose", "wool blanket")  # fmt: skip
TOWNS = ("the old harbour", "a mountain village", "the lake district", "an island",
         "the wine country", "a spa town", "the fishing coast", "the high moor")  # fmt: skip
REGIONS = ("the north", "the coast", "the valley", "the hills", "the west", "the lowlands")


def write_recipe(rng: Random) -> Draft:
    """A cooking recipe."""
    dish = rng.choice(DISHES)
    first, second, third, fourth = rng.sample(INGREDIENTS, 4)
    intro = pick(
        rng,
        "This one is a favourite in our kitchen.",
        "Perfect for a cold evening.",
        "My aunt wrote this down on the back of an envelope.",
        "Cheap, filling and hard to get wrong.",
    )
    text = (
        f"{dish.capitalize()}\n{intro}\nIngredients: {first}, {second}, {third} and {fourth}.\n"
        f"{pick(rng, 'Warm a large pan', 'Heat the oven', 'Take a deep bowl')} and start with the "
        f"{first}. {pick(rng, 'Stir well', 'Wait until it smells good', 'Do not let it burn')}, "
        f"then add the {second} and the {third}. Cook for {5 * rng.randint(2, 12)} minutes. "
        f"{pick(rng, 'Serve hot.', 'Let it rest before you cut it.', 'Tastes even better cold.')}"
    )
    return Draft(text, category="recipe")


def write_review(rng: Random) -> Draft:
    """A product review."""
    thing = rng.choice(PRODUCTS)
    stars = rng.randint(1, 5)
    good = pick(rng, "works as promised", "feels solid", "looks nicer than in the pictures")
    bad = pick(rng, "stopped working", "arrived scratched", "is smaller than I thought")
    body = f"It {good}" if stars > 2 else f"It {bad}"
    text = (
        f"{stars} of 5 stars\n"
        f"I bought this {thing} {pick(rng, 'last month', 'for my father', 'on sale', 'in spring')}"
        f" and {pick(rng, 'use it every day', 'took it on a trip', 'tried it twice')}. {body}, "
        f"{pick(rng, 'and the colour is fine', 'and the box was huge', 'and delivery was quick')}. "
        f"{pick(rng, 'The manual is hard to read.', 'Customer service answered after a week.')} "
        f"{pick(rng, 'Shipping was free.', 'I paid too much.', 'My neighbour has the same.')} "
        + ("Would buy again." if stars > 2 else "I sent it back.")
    )
    return Draft(text, category="review")


def write_travel(rng: Random) -> Draft:
    """A travel diary."""
    town = rng.choice(TOWNS)
    text = " ".join(
        [
            pick(rng, f"Day {rng.randint(2, 9)}: we reached {town} before noon.",
                 f"Three nights in {town} were not enough.",
                 f"Nobody told us how quiet {town} is."),
            pick(rng, "The room looked out on a row of chestnut trees.",
                 "Our host met us with tea and a map.", "The bus was late and the driver sang."),
            pick(rng, "We walked along the wall and counted the boats.",
                 "A small museum shows how rope was made.",
                 "In the market we tried smoked cheese."),
            pick(rng, "Bring good shoes, since the lanes are steep.",
                 "Avoid the main square on Saturdays.", "The last ferry leaves early."),
            pick(rng, "I would come back in autumn.", "Tomorrow we go on by train.",
                 "The children want to stay for ever."),
        ]
    )  # fmt: skip
    return Draft(text, category="travel")


def write_weather(rng: Random) -> Draft:
    """A weather report."""
    first, second = rng.sample(REGIONS, 2)
    low = rng.randint(-5, 15)
    text = (
        f"Weather for {pick(rng, 'Monday', 'Tuesday', 'Thursday', 'Friday', 'the weekend')}. In "
        f"{first} {pick(rng, 'clouds break up by noon', 'fog stays until ten', 'it rains early')}, "
        f"while {second} has {pick(rng, 'long sunny spells', 'a fresh wind', 'a few showers')}. "
        f"Temperatures lie between {low} and {low + rng.randint(4, 11)} degrees. "
        f"{pick(rng, 'The night is clear.', 'Roads may be slippery.', 'Sailors should take care.')}"
        f" {pick(rng, 'Pollen levels are low.', 'The outlook is mild.', 'Snow is not expected.')}"
    )
    return Draft(text, category="weather")


def write_furniture(rng: Random) -> Draft:
    """Menus, notices and other noise of a page."""
    parts = [
        "Home | About | Contact | Log in", "Accept all cookies", "Subscribe to our newsletter",
        "Share this page", "Page not found? Try the search box.", "All rights reserved.",
        "Sort by: newest, oldest, most liked", "Click here to read more...", "ADVERTISEMENT",
        "You have no items in your cart.", "Skip to main content", "Related posts",
        "Leave a comment", "Terms of use and privacy", "Free delivery on large orders",
    ]  # fmt: skip
    chosen = rng.sample(parts, 8)
    number = rng.randint(100, 99999)
    return Draft(
        "\n".join([*chosen, f"item no. {number}", f"{rng.randint(2, 900)} views"]), category="noise"
    )


def write_sports(rng: Random) -> Draft:
    """Local sports news."""
    home, away = rng.sample(("Rovers", "Harbour FC", "Oak Street", "Millers", "United", "Larks"), 2)
    high, low = rng.randint(2, 5), rng.randint(0, 1)
    text = (
        f"{home} beat {away} {high} to {low} "
        f"{pick(rng, 'in heavy rain', 'in front of a small crowd', 'after a slow start')}. "
        f"{pick(rng, 'The goalkeeper saved two late shots.', 'A young striker scored twice.')} "
        f"{pick(rng, 'The coach praised the defence.', 'The visitors missed their captain.')} "
        f"{pick(rng, 'The next game is away.', 'Training is on Wednesday.')} "
        f"{pick(rng, 'Tickets are sold at the gate.', 'The club still looks for helpers.')}"
    )
    return Draft(text, category="sports")


def write_music(rng: Random) -> Draft:
    """A note on a concert or a record."""
    text = " ".join(
        [
            pick(rng, "The choir opened with an old sea song.", "A quartet played in the library.",
                 "Her second record is quieter than the first."),
            pick(rng, "The strings were a little sharp.", "Nobody coughed for an hour.",
                 "The drummer smiled all evening."),
            pick(rng, "The hall has kind acoustics.", "Half of the songs were new.",
                 "There was no encore, which was a pity."),
            pick(rng, "The next concert is in the church.", "Bring a cushion for the benches.",
                 "Entry is free, gifts are welcome."),
            pick(rng, "We walked home humming.", "The bar ran out of lemonade.",
                 "It was sold out."),
        ]
    )  # fmt: skip
    return Draft(text, category="music")


def recipe(name: str, weight: float, write: object) -> Recipe:
    """A recipe of this subject."""
    return Recipe(f"web-{name}", "webdata", "general", "web", "prose", weight, write)  # type: ignore[arg-type]


RECIPES = (
    recipe("recipe", 11, write_recipe),
    recipe("review", 10, write_review),
    recipe("travel", 10, write_travel),
    recipe("weather", 8, write_weather),
    recipe("furniture", 3, write_furniture),
    recipe("sports", 5, write_sports),
    recipe("music", 4, write_music),
)
