"""What the page of a document says in words: its levels, its scale, what is marked."""

from __future__ import annotations

import numpy as np

from attribution_engine.store.document_views import Cells, Passage, Reading
from pages.parts import wording

CLASSES = {
    "connective": "logical connective",
    "code": "code syntax",
    "markdown": "Markdown structure",
    "fence": "code fence",
    "number": "number",
    "operator": "operator",
    "other": "other",
}
MARK_NAMES = {
    **{name: words for name, words in CLASSES.items() if name != "other"},
    "answer": "answer of the query",
    "exploration": "exploration",
}
LEVEL_NAMES = {
    "token": "Token",
    "word": "Word",
    "sentence": "Sentence",
    "step": "Step",
    "behaviour": "Behaviour",
}
SCALE_NAMES = {"document": "Document", "query": "Query"}
PLURALS = {
    "token": "tokens",
    "word": "words",
    "sentence": "sentences",
    "step": "steps",
    "behaviour": "stretches of one behaviour",
}


def legend_words(reading: Reading, unit: str) -> str:
    """The scale of the heatmap."""
    clip, many = reading.clip, PLURALS[reading.units.level]
    over = (
        f"99th percentile of this document's {many}"
        if not (clip.helpful or clip.harmful)
        else f"99th percentile over {wording.whole(clip.n)} {many} of the {clip.helpful} most "
        f"helpful and the {clip.harmful} most harmful documents of this query"
    )
    beyond = wording.whole(reading.n_clipped)
    what = (
        "Shade: square root of the size of each token's influence"
        if reading.units.level == "token"
        else "Each unit is shaded as one, by the square root of the size of its tokens' sum"
    )
    largest = "; none here is beyond it" if not reading.n_clipped else f"; {beyond} here beyond it"
    return (
        "Blue raises and orange lowers the log-probability of the completion. "
        f"{what}, in eight steps; deepest from {wording.plain(clip.value)} {unit}".rstrip()
        + f" on ({over}{largest})."
    )


def level_words(reading: Reading) -> str:
    """What the units of the level are, and how many."""
    level, n = reading.units.level, wording.whole(len(reading.units.starts))
    if len(reading.units.starts) == 1:
        return f"One {level} in all." if level != "behaviour" else "One stretch in all."
    if level == "step":
        by = (
            "as the run has cut it"
            if reading.units.by == "store"
            else "cut by rules (sentences, lines, formulas, blocks of code): the run keeps none"
        )
        return f"{n} steps of this document, {by}."
    return {
        "token": f"{n} tokens.",
        "word": f"{n} words, numbers and marks; blanks count with the word behind them.",
        "sentence": f"{n} sentences, lines and formulas, cut by rules.",
        "behaviour": f"{n} stretches, each of neighbouring spans of one behaviour or of none.",
    }[level]


def passage_lines(
    passage: Passage, cells: Cells, reading: Reading | None, unit: str
) -> list[tuple[str, str]]:
    """A marked passage: name and value of each line."""
    behind = f" {unit}" if unit else ""
    lines: list[tuple[str, str]] = []
    if passage.value is not None:
        name = "Influence" if passage.n_tokens == 1 else "Sum of its tokens"
        lines.append((name, f"{wording.signed(passage.value)}{behind}"))
        lines.append(("Exactly", f"{exact(passage.value, passage.n_tokens == 1)}{behind}"))
    first = int(cells.firsts[passage.first]) + 1
    last = first + passage.n_tokens - 1
    lines.append(
        ("Token", wording.whole(first))
        if passage.n_tokens == 1
        else ("Tokens", f"{wording.whole(passage.n_tokens)}: {wording.whole(first)} to "
              f"{wording.whole(last)}")
    )  # fmt: skip
    lines.append(
        ("Characters", f"{wording.whole(passage.end - passage.start)}: "
         f"{wording.whole(passage.start)} to {wording.whole(passage.end)}")
    )  # fmt: skip
    if passage.first == passage.last:
        lines.append(("Class", list(CLASSES.values())[cells.classes[passage.first]]))
    if reading is not None and reading.units.level != "token":
        at = int(np.searchsorted(reading.units.starts, passage.first, "right")) - 1
        ends_in = int(np.searchsorted(reading.units.starts, passage.last, "right")) - 1
        if at == ends_in:
            level = LEVEL_NAMES[reading.units.level]
            name = f", {reading.units.names[at]}" if reading.units.names else ""
            lines.append((f"{level}{name}", f"{wording.signed(float(reading.sums[at]))}{behind}"))
    return lines


def exact(value: float, stored: bool) -> str:
    """All digits that are known: of a number as the store keeps it, or of a sum."""
    text = str(np.float32(value)) if stored else f"{value:.9g}"
    return text.replace("-", "−")
