"""Families of tiny Python functions: what is asked, the code, another way, a wrong idea."""

from __future__ import annotations

from dataclasses import dataclass

Values = tuple[int, int] | str  # a range of whole numbers, both ends included, or letters


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of function, with places for its parameters in braces.

    Attributes:
        name: unique.
        category: number, string, list or words; it also says what the argument is.
        verbs: the first half of the function's name is one of them.
        ask: what the function does, after "that".
        body: the code, its lines indented by four spaces from the second level on.
        words: the way that `body` takes, in a few words.
        other: an expression with the same value for every argument.
        other_words: its way.
        wrong: an expression with another value for the argument of the first test.
        work: the value of the first test, worked; {a} is the argument and {r} the value.
        p, q: values of the parameters; a string is one of its letters, or of its words if it has
            spaces.
    """

    name: str
    category: str
    verbs: str
    ask: str
    body: str
    words: str
    other: str
    other_words: str
    wrong: str
    work: str
    p: Values = ""
    q: Values = ""


LETTERS = "aeorstln"
ENDINGS = "ed er ing ly s x"
MARKS = "- + / . : _"

NUMBER = (
    Family(
        "add", "number", "add plus raise", "adds {p} to n", "return n + {p}", "one sum",
        "{p} - -n", "a double minus", "n * {p}", "{a} + {p} = {r}", (2, 40),
    ),
    Family(
        "multiply_add", "number", "scale grow blow_up", "multiplies n by {p} and adds {q}",
        "return n * {p} + {q}", "one line", "{q} + {p} * n", "the sum turned round",
        "(n + {q}) * {p}", "{a} * {p} + {q} = {r}", (2, 9), (1, 12),
    ),
    Family(
        "subtract_multiply", "number", "shift lower adjust",
        "subtracts {p} from n and multiplies the result by {q}", "return (n - {p}) * {q}",
        "brackets", "n * {q} - {p} * {q}", "two products", "n - {p} * {q}",
        "({a} - {p}) * {q} = {r}", (1, 9), (2, 9),
    ),
    Family(
        "divisible", "number", "divides fits splits", "tells whether n is divisible by {p}",
        "return n % {p} == 0", "the remainder", "n // {p} * {p} == n", "a division and a product",
        "n // {p} == 0", "{a} % {p} == 0 is {r}", (2, 12),
    ),
    Family(
        "square_add", "number", "square power quad", "adds {p} to the square of n",
        "return n * n + {p}", "a product", "n ** 2 + {p}", "a power", "n * 2 + {p}",
        "{a} * {a} + {p} = {r}", (1, 30),
    ),
    Family(
        "at_most", "number", "cap limit bound", "returns n, but at most {p}",
        "if n > {p}:\n    return {p}\nreturn n", "a condition", "min(n, {p})", "the minimum",
        "max(n, {p})", "the smaller of {a} and {p} is {r}", (5, 15),
    ),
    Family(
        "distance", "number", "distance gap far", "returns the distance from n to {p}",
        "if n > {p}:\n    return n - {p}\nreturn {p} - n", "a condition", "abs(n - {p})",
        "the absolute value", "n - {p}", "{p} - {a} = {r}", (6, 25),
    ),
    Family(
        "sum_to", "number", "total heap pile", "adds {p} and all numbers from 1 to n",
        "total = {p}\nfor i in range(1, n + 1):\n    total += i\nreturn total", "a loop",
        "n * (n + 1) // 2 + {p}", "a formula", "n + {p}",
        "{a} * ({a} + 1) // 2 + {p} = {r}", (1, 30),
    ),
    Family(
        "parity", "number", "parity branch fork",
        "multiplies n by {p} if n is even and adds {q} if not",
        "if n % 2 == 0:\n    return n * {p}\nreturn n + {q}", "an early return",
        "n * {p} if n % 2 == 0 else n + {q}", "a conditional expression",
        "n + {q} if n % 2 == 0 else n * {p}", "for {a} the value is {r}", (2, 9), (1, 12),
    ),
    Family(
        "clamp", "number", "clamp keep hold", "returns n, but at least {p} and at most {q}",
        "if n < {p}:\n    return {p}\nif n > {q}:\n    return {q}\nreturn n", "two conditions",
        "max({p}, min(n, {q}))", "minimum and maximum", "min({p}, max(n, {q}))",
        "{a} held between {p} and {q} is {r}", (2, 8), (10, 18),
    ),
    Family(
        "count_multiples", "number", "multiples tally hits",
        "counts the numbers from 1 to n that are divisible by {p}",
        "count = 0\nfor i in range(1, n + 1):\n    if i % {p} == 0:\n        count += 1\n"
        "return count",
        "a loop", "n // {p}", "one division", "n % {p}", "{a} // {p} = {r}", (2, 9),
    ),
)  # fmt: skip

STRING = (
    Family(
        "repeat", "string", "repeat copy echo", "repeats text {p} times", "return text * {p}",
        "a product", '"".join([text] * {p})', "a list that is joined", "text + text[:{p}]",
        "{p} times {a} is {r}", (2, 4),
    ),
    Family(
        "count_letter", "string", "count letters tally", "counts the letter {p} in text",
        'return text.count("{p}")', "the count method", 'len(text.split("{p}")) - 1',
        "the pieces between", 'text.find("{p}")', "{p} stands {r} times in {a}", LETTERS,
    ),
    Family(
        "add_ending", "string", "end suffix finish", 'adds the ending "{p}" to text',
        'return text + "{p}"', "a sum", '"".join([text, "{p}"])', "a list that is joined",
        '"{p}" + text', '{a} with "{p}" is {r}', ENDINGS,
    ),
    Family(
        "first_letters", "string", "first start head", "returns the first {p} letters of text",
        "return text[:{p}]", "a slice", '"".join(list(text)[:{p}])', "a list of letters",
        "text[{p}:]", "the first {p} letters of {a} are {r}", (1, 4),
    ),
    Family(
        "reverse_mark", "string", "reverse flip mirror", 'reverses text and adds "{p}"',
        'return text[::-1] + "{p}"', "a slice", '"".join(reversed(text)) + "{p}"',
        "the reversed function", '(text + "{p}")[::-1]', "{a} backwards with {p} is {r}", MARKS,
    ),
    Family(
        "size", "string", "size rank grade",
        'returns "long" if text has more than {p} letters, else "short"',
        'if len(text) > {p}:\n    return "long"\nreturn "short"', "a condition",
        '["short", "long"][len(text) > {p}]', "a list of two words",
        '"short" if len(text) > {p} else "long"', "with limit {p} the word {a} is {r}", (3, 5),
    ),
    Family(
        "stretch", "string", "stretch widen swell", "repeats every letter of text {p} times",
        'result = ""\nfor letter in text:\n    result += letter * {p}\nreturn result', "a loop",
        '"".join(letter * {p} for letter in text)', "a joined expression", "text * {p}",
        "{a} becomes {r}", (2, 3),
    ),
    Family(
        "ensure_start", "string", "ensure open lead",
        'puts "{p}" before text if it does not start with it',
        'if text.startswith("{p}"):\n    return text\nreturn "{p}" + text', "an early return",
        'text if text.startswith("{p}") else "{p}" + text', "a conditional expression",
        'text + "{p}"', '{a} with "{p}" before it is {r}', "re un co pre sub x",
    ),
    Family(
        "remove_letter", "string", "remove drop strip", "removes the letter {p} from text",
        'result = ""\nfor letter in text:\n    if letter != "{p}":\n        result += letter\n'
        "return result",
        "a loop", 'text.replace("{p}", "")', "the replace method", 'text.strip("{p}") + "{p}"',
        "{a} without {p} is {r}", LETTERS,
    ),
    Family(
        "count_two", "string", "both pair either", "counts the letters {p} and {q} in text",
        'count = 0\nfor letter in text:\n    if letter in "{p}{q}":\n        count += 1\n'
        "return count",
        "a loop", 'text.count("{p}") + text.count("{q}")', "two counts", 'text.count("{p}{q}")',
        "{p} and {q} stand {r} times in {a}", "aeo", "rstln",
    ),
    Family(
        "star_letter", "string", "hide cover mask", "replaces the letter {p} in text by a star",
        'result = ""\nfor letter in text:\n    if letter == "{p}":\n        letter = "*"\n'
        "    result += letter\nreturn result",
        "a loop", 'text.replace("{p}", "*")', "the replace method", 'text.replace("{p}", "")',
        "{a} becomes {r}", LETTERS,
    ),
)  # fmt: skip

LIST = (
    Family(
        "greater", "list", "keep filter above", "keeps the numbers greater than {p}",
        "return [x for x in numbers if x > {p}]", "a list expression",
        "list(filter(lambda x: x > {p}, numbers))", "the filter function",
        "[x for x in numbers if x < {p}]", "in {a} the numbers above {p} are {r}", (1, 9),
    ),
    Family(
        "add_each", "list", "add_to shift lift", "adds {p} to every number",
        "return [x + {p} for x in numbers]", "a list expression",
        "list(map(lambda x: x + {p}, numbers))", "the map function", "numbers + [{p}]",
        "{a} becomes {r}", (1, 20),
    ),
    Family(
        "multiply_each", "list", "scale multiply times", "multiplies every number by {p}",
        "return [x * {p} for x in numbers]", "a list expression",
        "list(map(lambda x: x * {p}, numbers))", "the map function", "numbers * {p}",
        "{a} becomes {r}", (2, 9),
    ),
    Family(
        "spread", "list", "spread range_of width",
        "subtracts the smallest number from the largest and adds {p}",
        "return max(numbers) - min(numbers) + {p}", "minimum and maximum",
        "sorted(numbers)[-1] - sorted(numbers)[0] + {p}", "sorting", "max(numbers) + {p}",
        "for {a} it is {r}", (1, 20),
    ),
    Family(
        "sum_plus", "list", "sum total add_up", "adds {p} to the sum of the numbers",
        "return sum(numbers) + {p}", "the sum function", "sum(numbers + [{p}])", "a longer list",
        "len(numbers) + {p}", "the sum of {a} plus {p} is {r}", (1, 20),
    ),
    Family(
        "running", "list", "collect gather stack", "starts at {p} and adds all numbers to it",
        "total = {p}\nfor x in numbers:\n    total += x\nreturn total", "a loop",
        "sum(numbers, {p})", "the sum function", "max(numbers) + {p}", "for {a} it is {r}",
        (1, 20),
    ),
    Family(
        "append_missing", "list", "append include insert",
        "adds {p} at the end if the list does not have it",
        "if {p} in numbers:\n    return numbers\nreturn numbers + [{p}]", "an early return",
        "numbers + [{p}] * ({p} not in numbers)", "a product with a condition", "[{p}] + numbers",
        "{a} becomes {r}", (1, 12),
    ),
    Family(
        "subtract_each", "list", "subtract lower less", "subtracts {p} from every number",
        "result = []\nfor x in numbers:\n    result.append(x - {p})\nreturn result", "a loop",
        "[x - {p} for x in numbers]", "a list expression", "[{p} - x for x in numbers]",
        "{a} becomes {r}", (1, 12),
    ),
    Family(
        "count_above", "list", "count_above how_many tally",
        "counts the numbers greater than {p}",
        "count = 0\nfor x in numbers:\n    if x > {p}:\n        count += 1\nreturn count", "a loop",
        "sum(x > {p} for x in numbers)", "a sum of conditions", "sum(x < {p} for x in numbers)",
        "in {a} there are {r} above {p}", (1, 9),
    ),
    Family(
        "sum_below", "list", "sum_below small_sum low_sum", "adds the numbers smaller than {p}",
        "total = 0\nfor x in numbers:\n    if x < {p}:\n        total += x\nreturn total", "a loop",
        "sum(x for x in numbers if x < {p})", "a sum of an expression", "sum(numbers)",
        "in {a} those below {p} add to {r}", (3, 12),
    ),
    Family(
        "first_above", "list", "find search first",
        "returns the first number greater than {p}, or 0",
        "for x in numbers:\n    if x > {p}:\n        return x\nreturn 0", "a loop",
        "next((x for x in numbers if x > {p}), 0)", "the next function", "max(numbers)",
        "in {a} the first above {p} is {r}", (1, 9),
    ),
)  # fmt: skip

WORDS = (
    Family(
        "join", "words", "join glue link", 'joins the words with "{p}"',
        'return "{p}".join(words)', "the join method", '"".join("{p}" + w for w in words)[1:]',
        "a slice", '"".join(words) + "{p}"', "{a} becomes {r}", MARKS,
    ),
    Family(
        "lengths", "words", "lengths measure sizes", "returns the length of every word plus {p}",
        "return [len(w) + {p} for w in words]", "a list expression",
        "list(map(lambda w: len(w) + {p}, words))", "the map function", "[{p} for w in words]",
        "{a} becomes {r}", (1, 12),
    ),
    Family(
        "longer", "words", "longer keep filter", "keeps the words with more than {p} letters",
        "return [w for w in words if len(w) > {p}]", "a list expression",
        "list(filter(lambda w: len(w) > {p}, words))", "the filter function", "words[:{p}]",
        "in {a} the words above {p} letters are {r}", (2, 5),
    ),
    Family(
        "letters_plus", "words", "letters total sum", "adds {p} to the number of all letters",
        "total = {p}\nfor w in words:\n    total += len(w)\nreturn total", "a loop",
        'len("".join(words)) + {p}', "one long text", "len(words) + {p}", "for {a} it is {r}",
        (1, 20),
    ),
    Family(
        "mark_each", "words", "mark label tag", 'puts "{p}" before every word',
        'result = []\nfor w in words:\n    result.append("{p}" + w)\nreturn result', "a loop",
        '["{p}" + w for w in words]', "a list expression", '["{p}"] + words', "{a} becomes {r}",
        MARKS,
    ),
    Family(
        "pick_word", "words", "pick choose word_at",
        "returns word number {p}, counted from 0, or an empty text",
        'if len(words) > {p}:\n    return words[{p}]\nreturn ""', "a condition",
        '"".join(words[{p}:{p} + 1])', "a slice", "words[-1]", "in {a} it is {r}", (0, 1),
    ),
    Family(
        "count_longer", "words", "count_longer many big",
        "counts the words with more than {p} letters",
        "count = 0\nfor w in words:\n    if len(w) > {p}:\n        count += 1\nreturn count",
        "a loop", "sum(len(w) > {p} for w in words)", "a sum of conditions", "len(words) + {p}",
        "in {a} there are {r}", (2, 5),
    ),
    Family(
        "words_with", "words", "with_letter having search",
        "keeps the words that have the letter {p}",
        'result = []\nfor w in words:\n    if "{p}" in w:\n        result.append(w)\nreturn result',
        "a loop", '[w for w in words if "{p}" in w]', "a list expression",
        '[w for w in words if "{p}" not in w]', "in {a} they are {r}", LETTERS,
    ),
    Family(
        "first_longer", "words", "first_longer find_long seek",
        "returns the first word with more than {p} letters, or an empty text",
        'for w in words:\n    if len(w) > {p}:\n        return w\nreturn ""', "a loop",
        '([w for w in words if len(w) > {p}] + [""])[0]', "a list expression", "words[0][:{p}]",
        "in {a} it is {r}", (2, 4),
    ),
)  # fmt: skip

FAMILIES = NUMBER + STRING + LIST + WORDS
