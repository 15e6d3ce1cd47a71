"""How numbers and labels are written: one way for the whole explorer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from os.path import commonprefix

from attribution_engine.store.views import QueryInfo, RunInfo, Side
from attribution_engine.text.hidden import hidden_characters

SIDE_NAMES = {"helpful": "▲ Helpful", "harmful": "▼ Harmful"}
ALIGNMENTS = {
    "predicted": "Each token carries the loss of predicting it: the highlighted token is the one "
    "whose learning mattered.",
    "update": "Each token carries the weight update made at its position: the highlighted token is "
    "the one before the predicted one, and later tokens send back through it. Signs are harder to "
    "read.",
}


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a run: its name, what its number counts, what the number is in a sentence.

    `signed` is whether the number can be negative, so that there is a harmful side; `noun` is what
    a single number is called; `lacks` the scores that it does not have.
    """

    name: str
    unit: str
    meaning: str
    signed: bool = True
    noun: str = "Influence"
    lacks: tuple[str, ...] = ()

    @property
    def bare_unit(self) -> str:
        """What stands behind a single number: nats, or nothing where it is something else."""
        return "nats" if self.unit == _WEIGHT else ""

    @property
    def score_names(self) -> dict[str, str]:
        """The scores by which a ranking can be ordered."""
        names = {"influence": self.noun, "per_nat": "Per-nat", "normed": "Norm-corrected"}
        return {name: words for name, words in names.items() if name not in self.lacks}

    @property
    def side_names(self) -> dict[str, str]:
        """What the two ends of a ranking are called where one chooses between them."""
        return SIDE_NAMES if self.signed else {"helpful": "▲ Highest", "harmful": "▼ Lowest"}

    @property
    def first_rank(self) -> str:
        """What stands at rank 1."""
        return "1 = most helpful" if self.signed else "1 = highest"

    @property
    def score_units(self) -> dict[str, str]:
        """What the three scores count."""
        noun = self.noun.lower()
        return {
            "influence": self.unit,
            "per_nat": f"{noun} ÷ nats of the completion",
            "normed": f"{noun} ÷ gradient norm of the document",
        }

    def first(self, side: Side) -> str:
        """What the documents at one end are: "most helpful", or where nothing helps "highest"."""
        if self.signed:
            return f"most {side}"
        return "highest" if side == "helpful" else "lowest"

    def end(self, side: Side) -> str:
        """Which end of the ranking a side is, in words."""
        if not self.signed:
            return f"of the {'highest' if side == 'helpful' else 'lowest'} scores"
        effect = "raises" if side == "helpful" else "lowers"
        return f"that {effect} the completion's log-probability most"


_WEIGHT = "nats per unit of extra weight"
_CHANGE = (
    "First-order change of the completion's log-probability per unit of extra weight on the "
    "document in training"
)
METHODS = {
    "ek-fac": Method(
        "EK-FAC", _WEIGHT, f"{_CHANGE}; curvature: Kronecker factors, eigenvalues corrected."
    ),
    "k-fac": Method("K-FAC", _WEIGHT, f"{_CHANGE}; curvature: Kronecker factors."),
    "diagonal": Method("Diagonal", _WEIGHT, f"{_CHANGE}; curvature: one number a weight."),
    "gradient-dot": Method(
        "Gradient product",
        "nats per unit of learning rate",
        "Product of the document's and the completion's gradient: the first-order change of the "
        "completion's log-probability by one plain gradient step on the document, per unit of "
        "learning rate (nats² ÷ weight²). No curvature, so directions of steep loss lead.",
    ),
    "gradient-cosine": Method(
        "Gradient cosine",
        "cosine, −1 to 1",
        "Cosine of the angle between the document's and the completion's gradient: no unit. How "
        "long either gradient is does not count.",
    ),
    "tracin": Method(
        "TracIn",
        "nats per step on the document",
        "Learning rate × gradient product, summed over checkpoints: the first-order change of the "
        "completion's log-probability by one plain gradient step on the document at each of them.",
    ),
    "bm25": Method(
        "BM25",
        "BM25 score",
        "Overlap of words between the document and the query, rare words first. The model is not "
        "asked. No unit and no sign: a small score means unlike, not harmful.",
        signed=False,
        noun="Score",
        lacks=("normed",),
    ),
    "self-influence": Method(
        "Self-influence",
        _WEIGHT,
        "First-order change of the document's own log-probability per unit of extra weight on it: "
        "how much it stands out, whatever the query. Never negative.",
        signed=False,
        lacks=("per_nat",),
    ),
}


NO_TOKENS = {
    "bm25": "BM25 compares words and asks no model",
    "self-influence": "self-influence is one number a document, and no completion is explained",
}


def no_token_scores(run: RunInfo) -> str:
    """Why a document has no heatmap."""
    if run.method in NO_TOKENS:
        return f"No token scores: {NO_TOKENS[run.method]}. This is the plain text."
    if not run.tail:
        return "No token scores: this run was asked for none. This is the plain text."
    return (
        f"No token scores for this pair: this run keeps them for the {run.tail} most helpful and "
        f"the {run.tail} most harmful documents of each query. This is the plain text."
    )


def method(name: str) -> Method:
    """What is known of a method, by the name that a run's store gives it."""
    return METHODS.get(
        name,
        Method(
            name or "method not named", "score", "This explorer knows no more of it.", noun="Score"
        ),
    )


def unit_of(name: str) -> str:
    """What the numbers of a method count: "nats …" only where they are nats."""
    return method(name).unit


def signed(value: float | None) -> str:
    """A score with its sign and three significant digits."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = abs(value)
    if 1e-4 <= size < 999.5:
        text = f"{size:#.3g}".rstrip(".")
    elif 999.5 <= size < 1e7:
        text = whole(round(float(f"{size:.3g}")))
    else:
        text = f"{size:.2e}".replace("e-0", "e−").replace("e+0", "e").replace("e-", "e−")
    return ("+" if value > 0 else "−") + text


def written(value: float | None, of: Method) -> str:
    """A score as its method has it: with a sign where the sign means something."""
    return signed(value) if of.signed else plain(value)


def plain(value: float | None, digits: int = 3) -> str:
    """A size without a plus sign."""
    return signed(value).removeprefix("+") if digits == 3 else decimal(value, digits)


def decimal(value: float | None, digits: int = 2) -> str:
    """A number with a fixed count of decimals."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}f}".replace("-", "−")


def whole(value: int | None) -> str:
    """A count with thin spaces between thousands."""
    return "–" if value is None else f"{value:,}".replace(",", "\u202f")


def percent(value: float | None, digits: int = 0) -> str:
    """A share as a percentage."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def one_line(text: str, length: int) -> str:
    """The beginning of a text on one line."""
    folded = " ".join(text.split())
    return folded if len(folded) <= length else folded[: length - 1] + "…"


def label(text: str) -> str:
    """Untrusted text for a widget's label: no character keeps a meaning in Markdown.

    Bare addresses become links whatever is escaped: an invisible character parts them.
    """
    apart = re.sub(r"(?i)(:(?=//)|www(?=\.)|@)", "\\1\u2060", " ".join(text.split()))
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", apart)


def hidden_words(text: str) -> str:
    """Which characters of a text cannot be seen; nothing where all can."""
    found = hidden_characters(text)
    if not found:
        return ""
    listed = ", ".join(f"{name} {whole(n)}×" for name, n in found[:8])
    more = f" and {len(found) - 8} other kinds" if len(found) > 8 else ""
    total = sum(n for _, n in found)
    kind = "character" if total == 1 else "characters"
    return f"This text holds {whole(total)} {kind} that cannot be seen: {listed}{more}."


def component_key(text: str) -> str:
    """A text as the key of a component: Streamlit keeps double underscores for itself."""
    return re.sub("_(?=_)", "_·", text)


def verdict(correct: bool | None) -> tuple[str, str]:
    """Glyph and word for whether a completion is right."""
    return {True: ("✓", "correct"), False: ("✗", "wrong"), None: ("?", "unknown")}[correct]


def query_label(query: QueryInfo, opening: str = "", length: int = 60) -> str:
    """A query in one line.

    Args:
        opening: what its prompt has in common with its neighbours in the list, left out.
    """
    rest = query.prompt.removeprefix(opening)
    return f"{verdict(query.correct)[0]} {query.query_id} {query.suite} · {one_line(rest, length)}"


def shared_opening(prompts: Sequence[str]) -> str:
    """The words that all prompts begin with; nothing if they are few."""
    common = commonprefix(list(prompts)) if len(prompts) > 1 else ""
    words = common[: common.rfind(" ") + 1]
    return words if len(words) >= 10 else ""
