"""The words that carry the logic of a reasoning text from one step to the next."""

from __future__ import annotations

from typing import Final

# Grouped by what the step does; the list is ours, and holds the seven connectives reported for
# mathematical traces: Wait, However, Verify, Hence, First, Therefore, Alternatively.
CONNECTIVES: Final = {
    "conclusion": (
        "therefore",
        "hence",
        "thus",
        "so",
        "consequently",
        "accordingly",
        "as a result",
        "it follows that",
        "in conclusion",
        "in summary",
    ),
    "reason": ("because", "since", "given that", "due to", "as long as"),
    "condition": ("if", "unless", "otherwise", "suppose", "assume", "assuming", "provided that"),
    "contrast": (
        "however",
        "but",
        "although",
        "though",
        "whereas",
        "nevertheless",
        "nonetheless",
        "yet",
        "instead",
        "conversely",
        "on the other hand",
    ),
    "change of course": (
        "wait",
        "hmm",
        "actually",
        "alternatively",
        "another way",
        "another approach",
        "on second thought",
    ),
    "verification": ("verify", "check", "double-check", "let me see", "to confirm", "indeed"),
    "order": (
        "first",
        "firstly",
        "secondly",
        "thirdly",
        "then",
        "next",
        "finally",
        "lastly",
        "now",
        "afterwards",
        "meanwhile",
    ),
    "addition": (
        "moreover",
        "furthermore",
        "additionally",
        "in addition",
        "also",
        "besides",
        "similarly",
        "likewise",
        "for example",
        "for instance",
        "namely",
        "in other words",
        "specifically",
    ),
}
