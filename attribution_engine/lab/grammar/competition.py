"""Synthetic competition problems with integer answers, "AIME-style" and much simpler."""

from __future__ import annotations

from math import gcd
from random import Random

from attribution_engine.lab.grammar.exercise import Exercise, draw_exercise
from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick
from attribution_engine.lab.problems import as_question, final

SMALL_POWERS = ((2, 2), (2, 3), (2, 4), (2, 5), (3, 2), (3, 3), (4, 2), (5, 2), (6, 2), (7, 2))


def remainder_of_power(rng: Random) -> Exercise:
    """The remainder of a small power."""
    base, exponent = rng.choice(SMALL_POWERS)
    modulus = rng.randint(3, 9)
    power = base**exponent
    times = power // modulus
    return Exercise(
        "remainder_of_power",
        (base, exponent, modulus),
        f"Find the remainder when {base}^{exponent} is divided by {modulus}.",
        (
            f"The power is: {base}^{exponent} = {power}.",
            f"Whole times: {power} // {modulus} = {times}.",
            f"They make: {times} * {modulus} = {times * modulus}.",
            f"The rest is: {power} - {times * modulus} = {power % modulus}.",
        ),
        power % modulus,
    )


def count_multiples(rng: Random) -> Exercise:
    """How many numbers up to a limit are divisible by one of two numbers."""
    first, second = rng.sample(range(2, 7), 2)
    limit = rng.randint(12, 40)
    common = first * second // gcd(first, second)
    one, two, both = limit // first, limit // second, limit // common
    return Exercise(
        "count_multiples",
        (first, second, limit),
        f"How many positive integers at most {limit} are divisible by {first} or by {second}?",
        (
            f"Divisible by {first}: {limit} // {first} = {one}.",
            f"Divisible by {second}: {limit} // {second} = {two}.",
            f"Divisible by both, so by {common}: {limit} // {common} = {both}.",
            f"Together: {one} + {two} = {one + two}.",
            f"Counted twice, so: {one + two} - {both} = {one + two - both}.",
        ),
        one + two - both,
    )


def arithmetic_sum(rng: Random) -> Exercise:
    """The sum of an arithmetic progression with an even number of terms."""
    start, gap, terms = rng.randint(1, 6), rng.randint(1, 4), 2 * rng.randint(2, 4)
    last = start + (terms - 1) * gap
    return Exercise(
        "arithmetic_sum",
        (start, gap, terms),
        f"The first term of an arithmetic sequence is {start}, the common difference is {gap} and "
        f"there are {terms} terms. Find their sum.",
        (
            f"The gaps add: {terms - 1} * {gap} = {last - start}.",
            f"The last term is: {start} + {last - start} = {last}.",
            f"Each pair adds to: {start} + {last} = {start + last}.",
            f"There are {terms // 2} pairs: {terms // 2} * {start + last} = "
            f"{terms // 2 * (start + last)}.",
        ),
        terms // 2 * (start + last),
    )


def handshakes(rng: Random) -> Exercise:
    """Pairs among people, some of whom do not meet."""
    people, apart = rng.randint(4, 12), rng.randint(2, 5)
    pairs = people * (people - 1) // 2
    return Exercise(
        "handshakes",
        (people, apart),
        f"At a party with {people} guests every two guests shake hands once, except for {apart} "
        "pairs who do not. How many handshakes are there?",
        (
            f"Ordered pairs: {people} * {people - 1} = {people * (people - 1)}.",
            f"Pairs: {people * (people - 1)} / 2 = {pairs}.",
            f"Handshakes: {pairs} - {apart} = {pairs - apart}.",
        ),
        pairs - apart,
    )


def sum_and_product(rng: Random) -> Exercise:
    """x^2 + y^2 from the sum and the product."""
    first, second = rng.randint(1, 7), rng.randint(1, 7)
    total, product = first + second, first * second
    square = total * total
    return Exercise(
        "sum_and_product",
        (total, product),
        f"Real numbers x and y satisfy x + y = {total} and xy = {product}. Find x^2 + y^2.",
        (
            f"The square of the sum: {total} * {total} = {square}.",
            f"Twice the product: 2 * {product} = {2 * product}.",
            f"The difference: {square} - {2 * product} = {square - 2 * product}.",
        ),
        square - 2 * product,
    )


def lattice_area(rng: Random) -> Exercise:
    """The area of a right triangle on the lattice, twice over."""
    width, height, extra = rng.randint(2, 8), rng.randint(2, 8), rng.randint(1, 9)
    double = width * height
    return Exercise(
        "lattice_area",
        (width, height, extra),
        f"A triangle has the corners (0, 0), ({width}, 0) and (0, {height}). Let K be twice its "
        f"area. Find K + {extra}.",
        (
            f"Twice the area is: {width} * {height} = {double}.",
            f"Then: {double} + {extra} = {double + extra}.",
        ),
        double + extra,
    )


TEMPLATES = (
    remainder_of_power,
    count_multiples,
    arithmetic_sum,
    handshakes,
    sum_and_product,
    lattice_area,
)


def write_question(rng: Random) -> Draft:
    """A competition problem in the queries' form."""
    exercise = draw_exercise(rng, TEMPLATES)
    text = f"{as_question(exercise.question)} {' '.join(exercise.steps)} {final(exercise.answer)}"
    return Draft(text, exercise.difficulty())


def write_paper(rng: Random) -> Draft:
    """A problem and its solution as in a problem collection."""
    exercise = draw_exercise(rng, TEMPLATES)
    heading = pick(rng, "## Problem", "### Exercise", "**Problem**")
    text = (
        f"{heading} {rng.randint(1, 30)}\n\n{exercise.question}\n\n"
        f"{pick(rng, '*Solution.*', '**Solution.**')} {' '.join(exercise.steps)} "
        f"{final(exercise.answer)} {pick(rng, 'QED', '', 'Done.')}"
    )
    return Draft(text.strip(), exercise.difficulty())


RECIPES = (
    Recipe("contest-question", "math_and_trivia", "math", "competition", "qa", 35, write_question),
    Recipe(
        "contest-paper", "arxiv_markdown", "math", "competition", "worked_example", 8, write_paper
    ),
)
