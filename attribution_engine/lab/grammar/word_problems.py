"""Synthetic word problems in the style of grade-school mathematics."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.exercise import Exercise, draw_exercise
from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick
from attribution_engine.lab.problems import as_question, final

PEOPLE = ("Ana", "Ben", "Chloe", "Dario", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas")
THINGS = ("apples", "marbles", "stickers", "pencils", "shells", "buttons", "coins", "cards")
SHOPS = ("bakery", "market stall", "book shop", "garden centre", "toy shop")
BOXES = ("boxes", "bags", "crates", "baskets", "packs")


def boxes_and_loose(rng: Random) -> Exercise:
    """Full boxes and some loose things."""
    boxes, each, loose = rng.randint(2, 7), rng.randint(2, 9), rng.randint(2, 9)
    name, thing, box = rng.choice(PEOPLE), rng.choice(THINGS), rng.choice(BOXES)
    packed = boxes * each
    return Exercise(
        "boxes_and_loose",
        (boxes, each, loose),
        f"{name} has {boxes} {box} with {each} {thing} in each and {loose} loose {thing}. "
        f"How many {thing} are there in all?",
        (
            f"The {box} hold: {boxes} * {each} = {packed}.",
            f"With the loose ones: {packed} + {loose} = {packed + loose}.",
        ),
        packed + loose,
    )


def gift_and_share(rng: Random) -> Exercise:
    """A gift is added and everything is shared equally."""
    friends, share = rng.randint(2, 6), rng.randint(2, 8)
    total = friends * share
    gift = rng.randint(1, total - 1)
    own = total - gift
    name, thing = rng.choice(PEOPLE), rng.choice(THINGS)
    return Exercise(
        "gift_and_share",
        (own, gift, friends),
        f"{name} has {own} {thing} and gets {gift} more. {name} shares them equally among "
        f"{friends} friends. How many {thing} does each friend get?",
        (
            f"Together: {own} + {gift} = {total}.",
            f"Each friend gets: {total} / {friends} = {share}.",
        ),
        share,
    )


def change_from_note(rng: Random) -> Exercise:
    """Change after buying several things."""
    count, price = rng.randint(2, 6), rng.randint(2, 6)
    cost = count * price
    note = cost + rng.randint(1, 10)
    name, shop = rng.choice(PEOPLE), rng.choice(SHOPS)
    return Exercise(
        "change_from_note",
        (count, price, note),
        f"At the {shop} {name} buys {count} items for {price} dollars each and pays with "
        f"{note} dollars. How many dollars of change does {name} get?",
        (
            f"The items cost: {count} * {price} = {cost}.",
            f"The change is: {note} - {cost} = {note - cost}.",
        ),
        note - cost,
    )


def twice_as_many(rng: Random) -> Exercise:
    """One has a multiple of what the other has after giving some away."""
    start, factor = rng.randint(4, 12), rng.randint(2, 4)
    given = rng.randint(1, start - 2)
    left = start - given
    (name, other), thing = rng.sample(PEOPLE, 2), rng.choice(THINGS)
    return Exercise(
        "twice_as_many",
        (start, given, factor),
        f"{name} had {start} {thing} and gave away {given}. {other} has {factor} times as many "
        f"{thing} as {name} has now. How many {thing} does {other} have?",
        (
            f"{name} has left: {start} - {given} = {left}.",
            f"{other} has: {factor} * {left} = {factor * left}.",
        ),
        factor * left,
    )


def weekly_walk(rng: Random) -> Exercise:
    """Two speeds of walking over a number of days."""
    first, second = rng.randint(2, 6), rng.randint(2, 6)
    days = rng.randint(2, 7)
    name = rng.choice(PEOPLE)
    return Exercise(
        "weekly_walk",
        (first, second, days),
        f"{name} walks {first} kilometres every morning and {second} kilometres every evening. "
        f"How many kilometres does {name} walk in {days} days?",
        (
            f"In one day: {first} + {second} = {first + second}.",
            f"In {days} days: {first + second} * {days} = {(first + second) * days}.",
        ),
        (first + second) * days,
    )


def tank_rate(rng: Random) -> Exercise:
    """A tank fills at a steady rate: a slope in words."""
    start, rate, minutes = rng.randint(1, 9), rng.randint(2, 6), rng.randint(2, 6)
    end = start + rate * minutes
    return Exercise(
        "tank_rate",
        (start, rate, minutes),
        f"A tank holds {start} litres at first and {end} litres after {minutes} minutes. Water "
        "runs in at a steady rate. How many litres run in each minute?",
        (
            f"The water gained: {end} - {start} = {end - start}.",
            f"Each minute: {end - start} / {minutes} = {rate}.",
        ),
        rate,
    )


def three_steps(rng: Random) -> Exercise:
    """Rows of seats, some taken, groups of the rest."""
    rows, seats, group = rng.randint(2, 6), rng.randint(3, 6), rng.randint(2, 3)
    total = rows * seats
    taken = total % group + group * rng.randint(0, 2)
    free = total - taken
    return Exercise(
        "three_steps",
        (rows, seats, taken, group),
        f"A hall has {rows} rows of {seats} seats and {taken} seats are taken. Groups of {group} "
        "are let in until the hall is full. How many groups fit?",
        (
            f"All seats: {rows} * {seats} = {total}.",
            f"Free seats: {total} - {taken} = {free}.",
            f"Groups: {free} / {group} = {free // group}.",
        ),
        free // group,
    )


TEMPLATES = (
    boxes_and_loose,
    gift_and_share,
    change_from_note,
    twice_as_many,
    weekly_walk,
    tank_rate,
    three_steps,
)


def write_question(rng: Random) -> Draft:
    """A word problem in the queries' form."""
    exercise = draw_exercise(rng, TEMPLATES)
    text = f"{as_question(exercise.question)} {' '.join(exercise.steps)} {final(exercise.answer)}"
    return Draft(text, exercise.difficulty())


def write_lesson(rng: Random) -> Draft:
    """A word problem discussed by a tutor."""
    exercise = draw_exercise(rng, TEMPLATES)
    opening = pick(
        rng,
        "Read the story twice and write down what is known.",
        "Draw a small sketch before you calculate.",
        "Word problems are sums in disguise.",
        "Ask first what the question wants to know.",
    )
    text = (
        f"{pick(rng, 'Problem of the day', 'Story problem', 'Homework corner')}\n"
        f"{exercise.question}\n{opening} {' '.join(exercise.steps)} {final(exercise.answer)}"
    )
    return Draft(text, exercise.difficulty())


def write_thread(rng: Random) -> Draft:
    """A parent asks about a word problem."""
    exercise = draw_exercise(rng, TEMPLATES)
    text = (
        f"Q: {pick(rng, 'Help with a story problem', 'How to set this up?', 'Word problem')}\n"
        f"{exercise.question}\n\nA: {pick(rng, 'One step at a time.', 'Write each step down.')} "
        f"{' '.join(exercise.steps)} {final(exercise.answer)}"
    )
    return Draft(text, exercise.difficulty())


RECIPES = (
    Recipe("story-question", "math_and_trivia", "math", "word_problem", "qa", 45, write_question),
    Recipe("story-lesson", "webdata", "math", "word_problem", "worked_example", 10, write_lesson),
    Recipe(
        "story-thread", "stackexchange", "math", "word_problem", "forum_answer", 9, write_thread
    ),
)
