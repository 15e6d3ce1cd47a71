"""Text on other subjects in the tone of an encyclopaedia, a forum, a handbook or a preprint."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick

ANIMALS = {
    "otter": ("rivers", "fish", "a long body and webbed feet"),
    "barn owl": ("farmland", "mice", "a pale face and silent wings"),
    "hedgehog": ("gardens", "beetles", "a coat of spines"),
    "red fox": ("woods and towns", "small animals and fruit", "a bushy tail"),
    "grey heron": ("lakes", "frogs and fish", "long legs and a long neck"),
    "mole": ("meadows", "worms", "strong front paws and tiny eyes"),
    "kingfisher": ("clear streams", "small fish", "blue wings and a long bill"),
    "badger": ("old woods", "roots and worms", "a striped face"),
    "toad": ("damp gardens", "slugs", "dry skin with many warts"),
    "swift": ("towns", "flying insects", "long curved wings"),
    "stag beetle": ("oak woods", "tree sap", "jaws like antlers"),
    "bat": ("caves", "insects", "wings of thin skin"),
    "beaver": ("streams", "bark", "strong teeth and a flat tail"),
    "honey bee": ("hives", "nectar", "two pairs of wings"),
    "wild boar": ("forests", "roots and acorns", "short tusks"),
    "seal": ("cold coasts", "fish", "thick fat under the skin"),
}
PROCESSES = {
    "rainbow": "Sunlight is bent and split by drops of rain",
    "tide": "The pull of the Moon raises the water of the sea",
    "rust": "Iron reacts slowly with water and air",
    "echo": "Sound comes back from a hard surface",
    "bread rising": "Yeast turns sugar into gas, which lifts the dough",
    "shadow": "A solid thing stands in the way of the light",
    "frost": "Water vapour freezes on cold surfaces",
    "wind": "Air flows from high pressure to low pressure",
}
PROBLEMS = {
    "bicycle": (
        "My chain jumps when I go uphill.",
        "The chain is probably worn. Measure it and look at the sprockets as well.",
    ),
    "garden": (
        "The leaves of my tomato plants turn yellow.",
        "Water them less often and check the drainage of the pot.",
    ),
    "linux": (
        "My script says permission denied.",
        "Make the file executable with chmod and start it again.",
    ),
    "cooking": (
        "My bread is dense and flat.",
        "Give the dough more time in a warm place and knead it longer.",
    ),
    "guitar": (
        "One string buzzes on the third fret.",
        "The neck may need a small turn of the truss rod, or the nut is too low.",
    ),
    "laundry": (
        "My wool jumper shrank in the wash.",
        "Soak it in cool water with hair conditioner and stretch it gently.",
    ),
    "grammar": (
        "When do I write fewer and when less?",
        "Use fewer for things you can count and less for everything else.",
    ),
    "photography": (
        "All my night pictures are blurred.",
        "Use a tripod or raise the sensitivity so that the shutter is faster.",
    ),
}
TOPICS = ("sand dunes", "bird migration", "sparse networks", "river deltas", "crystal growth",
          "urban noise", "bee colonies", "sea ice", "porous rock", "leaf shapes")  # fmt: skip
METHODS = ("a simple model", "field measurements", "a survey of earlier work", "simulations",
           "long time series", "a new dataset")  # fmt: skip


FIRST_NAMES = ("Ilse", "Pavo", "Teo", "Nuria", "Odo", "Lia", "Greta", "Anselm", "Ruth", "Jorge",
               "Maud", "Henrik")  # fmt: skip
LAST_NAMES = ("Marn", "Lind", "Brask", "Holt", "Fenn", "Corv", "Adler", "Pryce", "Sorel", "Tamm",
              "Wirth", "Ojeda")  # fmt: skip
TRADES = ("a clockmaker", "a botanist", "a bell founder", "a map drawer", "a weaver", "a surgeon",
          "a ship builder", "a lens grinder", "a court painter", "a printer", "a stone mason",
          "a composer")  # fmt: skip
TOWN_STARTS = ("Ash", "Birch", "Stone", "Mill", "Oak", "King", "Black", "North", "Long", "Marsh",
               "Hazel", "Winter", "Lamb", "Broad", "Copper", "Rook")  # fmt: skip
TOWN_ENDS = ("ford", "ham", "ley", "wick", "ton", "field", "bury", "well", "den", "stead")
TRADE_GOODS = ("cloth", "paper", "clay pipes", "cheese", "rope", "glass", "salt", "leather",
               "roof tiles", "honey", "tin ware", "barrels")  # fmt: skip
SIGHTS = ("a covered market", "a castle ruin", "a brick bridge", "a narrow town hall",
          "a tall mill", "a botanical garden", "a harbour basin", "a round church",
          "a toy museum")  # fmt: skip


def write_town(rng: Random) -> Draft:
    """An encyclopaedia entry on an invented town."""
    town = rng.choice(TOWN_STARTS) + rng.choice(TOWN_ENDS)
    first, second = rng.sample(TRADE_GOODS, 2)
    see, also = rng.sample(SIGHTS, 2)
    people = f"{rng.randint(1, 60)},{rng.randint(0, 999):03}"
    text = (
        f"{town}\n\n{town} is {pick(rng, 'a town', 'a market town', 'a small city')} in "
        f"{pick(rng, 'the north', 'the south', 'the east', 'the west')} of its county with "
        f"{people} inhabitants at the last count. "
        f"{pick(rng, 'Its wealth came from', 'For a long time it lived on')} {first} and {second}. "
        f"Among the sights are {see} and {also}. "
        f"{pick(rng, 'The railway came in', 'It got its charter in')} {rng.randint(1310, 1890)}. "
        f"{pick(rng, 'A fair is held every May.', 'Its football club plays in blue.', '')}"
    )
    return Draft(text.strip(), category="towns")


def write_animal(rng: Random) -> Draft:
    """An encyclopaedia entry on an animal."""
    name, (home, food, look) = rng.choice(list(ANIMALS.items()))
    text = (
        f"{name.capitalize()}\n\nThe {name} is an animal that lives in {home}. It has {look} and "
        f"feeds on {food}. {pick(rng, 'It is active at night.', 'It is seen all year round.')} "
        f"{pick(rng, 'Young animals stay with the mother.', 'It avoids people where it can.')} "
        f"{pick(rng, 'Old tales praise its patience.', 'Its numbers have grown again.')} "
        f"{pick(rng, 'Several countries protect it by law.', 'It appears on a number of flags.')}"
    )
    return Draft(text, category="animals")


def write_process(rng: Random) -> Draft:
    """How something works."""
    name, cause = rng.choice(list(PROCESSES.items()))
    opening = pick(rng, "How does it work?", "A short explanation.", "Nature at work.")
    text = (
        f"{opening} What is behind the word {name}? {cause}. "
        f"{pick(rng, 'You can try it at home.', 'People wondered about it for ages.')} "
        f"{pick(rng, 'No tools are needed.', 'It takes some patience to see.')} "
        f"{pick(rng, 'Children ask about it early.', 'It can be explained without formulae.')} "
        f"{pick(rng, 'The details are still studied.', 'It is simpler than it looks.')}"
    )
    return Draft(text, category="science")


def write_help(rng: Random) -> Draft:
    """A forum thread that has nothing to do with mathematics."""
    topic, (question, answer) = rng.choice(list(PROBLEMS.items()))
    closing = pick(
        rng,
        "Thanks, that did it!",
        "I will try this tonight.",
        "It is better now, but not perfect.",
        "Marked as solved.",
    )
    text = (
        f"Q: [{topic}] {question} {pick(rng, 'What can I do?', 'Any ideas?', 'Please help.')}\n\n"
        f"A (score {rng.randint(0, 30)}): "
        f"{pick(rng, 'This happens a lot.', 'I had the same.', 'First the simple things.')} "
        f"{answer} {pick(rng, 'If it stays, ask in a shop.', 'Take a picture if it does not.')}\n\n"
        f"Comment: {closing}"
    )
    return Draft(text, category=topic)


def write_abstract(rng: Random) -> Draft:
    """The abstract of a preprint that was never written."""
    topic, method = rng.choice(TOPICS), rng.choice(METHODS)
    text = (
        f"# {pick(rng, 'On', 'Notes on', 'Patterns in', 'Scaling of')} {topic}\n\n**Abstract.** "
        f"We study {topic} by {method}. "
        f"{pick(rng, 'Earlier work left the role of scale open.', 'Little is known about it.')} "
        f"We find that {pick(rng, 'the effect grows slowly', 'two regimes exist')} and "
        f"{pick(rng, 'vanishes at the edges', 'depends on the season', 'is robust to noise')}. "
        f"{pick(rng, 'Limits of the method are discussed.', 'Code and data are described.')}\n\n"
        f"## {rng.randint(1, 3)} {pick(rng, 'Introduction', 'Setting', 'Related work')}"
    )
    return Draft(text, category="preprint")


def write_biography(rng: Random) -> Draft:
    """A biography without a person: everyday lives of invented people."""
    name = f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"
    trade = rng.choice(TRADES)
    year = rng.randint(1700, 1900)
    text = (
        f"{name} was {trade} born in {year}. "
        f"{pick(rng, 'The family moved twice.', 'The parents kept an inn.')} "
        f"{pick(rng, 'Money was scarce at first.', 'Three languages were spoken at home.')} After "
        f"{rng.randint(3, 9)} years of training {pick(rng, 'a workshop', 'a school')} was opened. "
        f"{pick(rng, 'Letters from that time survive.', 'Little is known of the later years.')} "
        f"{pick(rng, 'A street is named after the family.', 'The tools are kept in a museum.')}"
    )
    return Draft(text, category="biography")


RECIPES = (
    Recipe("general-animal", "wiki", "general", "animals", "prose", 12, write_animal),
    Recipe("general-town", "wiki", "general", "towns", "prose", 18, write_town),
    Recipe("general-biography", "wiki", "general", "biography", "prose", 13, write_biography),
    Recipe("general-process", "general_knowledge", "general", "science", "prose", 6, write_process),
    Recipe("general-help", "stackexchange", "general", "help", "forum_answer", 12, write_help),
    Recipe("general-abstract", "arxiv_markdown", "general", "preprint", "prose", 8, write_abstract),
)
