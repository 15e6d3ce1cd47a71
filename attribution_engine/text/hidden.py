"""Characters of a text that cannot be seen, or that move those beside them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

# Overrides, embeddings, isolates and marks of direction.
BIDI: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Control characters but tab and line end, zero-width characters, fillers, tags and all of the
# above. A carriage return counts where no line end follows it.
HIDDEN: Final = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffc"
    "\U000e0000-\U000e0fff]|\r(?!\n)"
)


def hidden_characters(text: str) -> list[tuple[str, int]]:
    """The hidden characters of a text as "U+202E", with how often; the most frequent first."""
    found = Counter(HIDDEN.findall(text))
    return [(f"U+{ord(character):04X}", n) for character, n in found.most_common()]
