"""Python programs that have nothing to do with the three tasks. Every document runs."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick

WORDS = (
    "river", "stone", "lamp", "cloud", "paper", "garden", "bridge", "window", "tiger", "olive",
    "candle", "button", "harbor", "pepper", "violin", "carpet", "marble", "feather",
)  # fmt: skip
GREETINGS = ("hello", "welcome", "good morning", "greetings", "hi")
MAKERS = ("name", "label", "title", "key", "word")


def some_words(rng: Random, count: int) -> list[str]:
    """Distinct words."""
    return rng.sample(WORDS, count)


def write_counter(rng: Random) -> Draft:
    """Count letters or words."""
    words = some_words(rng, 3)
    words += [words[0]] * rng.randint(1, 2)
    rng.shuffle(words)
    name = pick(rng, "count_words", "tally", "frequencies")
    text = (
        f"def {name}(words):\n    counts = {{}}\n    for word in words:\n"
        "        counts[word] = counts.get(word, 0) + 1\n    return counts\n\n\n"
        f"words = {words!r}\ncounts = {name}(words)\n"
        f"assert counts[{words[0]!r}] == {words.count(words[0])}\nprint(sorted(counts))\n"
    )
    return Draft(text, "easy", category="dictionaries")


def write_reverse(rng: Random) -> Draft:
    """Reverse or test a word."""
    word = rng.choice(WORDS)
    name = pick(rng, "reverse", "backwards", "mirror")
    body = pick(
        rng,
        "    return text[::-1]\n",
        '    result = ""\n    for char in text:\n        result = char + result\n'
        "    return result\n",
        '    return "".join(reversed(text))\n',
    )
    text = (
        f"def {name}(text):\n"
        f"    # {pick(rng, 'last letter first', 'read from the end')}\n{body}\n\n"
        f"assert {name}({word!r}) == {word[::-1]!r}\n"
        f"assert {name}({name}({word!r})) == {word!r}\nprint({name}({word!r}))\n"
    )
    return Draft(text, "easy", category="strings")


def write_class(rng: Random) -> Draft:
    """A small class with a list."""
    kind = pick(rng, "Shelf", "Basket", "Queue", "Playlist", "Album")
    first, second = some_words(rng, 2)
    add = pick(rng, "add", "put", "append_item", "push")
    text = (
        f"class {kind}:\n    def __init__(self):\n        self.items = []\n\n"
        f"    def {add}(self, item):\n        self.items.append(item)\n        return self\n\n"
        "    def __len__(self):\n        return len(self.items)\n\n\n"
        f"box = {kind}()\nbox.{add}({first!r}).{add}({second!r})\n"
        f"assert len(box) == 2\nassert box.items[0] == {first!r}\n"
    )
    return Draft(text, "medium", category="classes")


def write_sort(rng: Random) -> Draft:
    """Sort words or numbers by a rule."""
    words = some_words(rng, 4)
    rule, order = rng.choice((("len", sorted(words, key=len)), ("str", sorted(words))))
    text = (
        f"# {pick(rng, 'sorting with a key', 'stable sorting', 'order a list')}\n"
        f"words = {words!r}\nordered = sorted(words, key={rule})\nassert ordered == {order!r}\n"
        f"{pick(rng, 'print(ordered[0])', 'print(len(ordered))', 'print(ordered)')}\n"
    )
    return Draft(text, "easy", category="sorting")


def write_recursion(rng: Random) -> Draft:
    """Fibonacci, factorial or a greatest common divisor."""
    number = rng.randint(4, 9)
    kind = rng.choice(("factorial", "fibonacci", "gcd"))
    note = pick(rng, "# a recursive definition", "# recursion", "# calls itself")
    if kind == "factorial":
        value = 1
        for factor in range(2, number + 1):
            value *= factor
        text = (
            f"{note}\ndef factorial(n):\n    if n <= 1:\n        return 1\n"
            f"    return n * factorial(n - 1)\n\n\nassert factorial({number}) == {value}\n"
            f"print([factorial(n) for n in range({number})])\n"
        )
    elif kind == "fibonacci":
        before, value = 0, 1
        for _ in range(number - 1):
            before, value = value, before + value
        text = (
            f"{note}\ndef fibonacci(n):\n    if n < 2:\n        return n\n"
            "    return fibonacci(n - 1) + fibonacci(n - 2)\n\n\n"
            f"assert fibonacci({number}) == {value}\nprint(fibonacci({number + 1}))\n"
        )
    else:
        other = rng.randint(2, 6)
        text = (
            f"{note}\ndef gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n\n\n"
            f"assert gcd({number * other}, {number}) == {number}\nprint(gcd({number}, {other}))\n"
        )
    return Draft(text, "medium", category="recursion")


def write_greeting(rng: Random) -> Draft:
    """Formatting and default arguments."""
    greeting, word = rng.choice(GREETINGS), rng.choice(WORDS)
    parameter = rng.choice(MAKERS)
    text = (
        f'def greet({parameter}, greeting="{greeting}"):\n'
        f'    """{pick(rng, "Return a friendly line.", "Greet someone.", "A polite start.")}"""\n'
        f'    return f"{{greeting}}, {{{parameter}}}!"\n\n\n'
        f'assert greet("{word}") == "{greeting}, {word}!"\n'
        f'print(greet("{rng.choice(WORDS)}", greeting="{rng.choice(GREETINGS)}"))\n'
    )
    return Draft(text, "easy", category="strings")


def write_matrix(rng: Random) -> Draft:
    """Nested lists."""
    rows = [[rng.randint(0, 9) for _ in range(3)] for _ in range(2)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    text = (
        f"# {pick(rng, 'rows become columns', 'transpose a table')}\n"
        f"table = {rows}\n"
        f"columns = {pick(rng, '[list(c) for c in zip(*table)]', 'list(map(list, zip(*table)))')}\n"
        f"assert columns == {columns}\n"
        "for row in table:\n    print(row)\n"
    )
    return Draft(text, "medium", category="lists")


def write_temperature(rng: Random) -> Draft:
    """Unit conversion."""
    celsius = 5 * rng.randint(0, 12)
    fahrenheit = celsius * 9 // 5 + 32
    text = (
        f"def {pick(rng, 'to_fahrenheit', 'fahrenheit', 'convert')}(celsius):\n"
        f"    {pick(rng, '# nine fifths and thirty-two', '# temperature conversion')}\n"
        "    return celsius * 9 / 5 + 32\n\n\n"
    )
    name = text[4 : text.index("(")]
    text += f"assert {name}({celsius}) == {fahrenheit}\nprint({name}({celsius + 5}))\n"
    return Draft(text, "easy", category="units")


def write_primes(rng: Random) -> Draft:
    """Primes up to a limit."""
    limit = rng.randint(10, 40)
    primes = [n for n in range(2, limit + 1) if all(n % d for d in range(2, n))]
    text = (
        "def is_prime(n):\n    if n < 2:\n        return False\n    for d in range(2, n):\n"
        "        if n % d == 0:\n            return False\n    return True\n\n\n"
        f"{pick(rng, '# small primes', '# a plain test is enough here')}\n"
        f"primes = [n for n in range({limit + 1}) if is_prime(n)]\nassert len(primes) == "
        f"{len(primes)}\nassert primes[-1] == {primes[-1]}\n"
    )
    return Draft(text, "medium", category="number_theory")


def recipe(name: str, weight: float, write: object) -> Recipe:
    """A recipe of this subject."""
    return Recipe(f"code-{name}", "code", "code", "programming", "code", weight, write)  # type: ignore[arg-type]


RECIPES = (
    recipe("counter", 5, write_counter),
    recipe("reverse", 5, write_reverse),
    recipe("class", 6, write_class),
    recipe("sort", 5, write_sort),
    recipe("recursion", 5, write_recursion),
    recipe("greeting", 5, write_greeting),
    recipe("matrix", 5, write_matrix),
    recipe("temperature", 3, write_temperature),
    recipe("primes", 4, write_primes),
)
