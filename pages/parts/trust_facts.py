"""The page Trust in words: what each test is, what the lab was, what is assumed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from attribution_engine.findings.verdict import Tone
from attribution_engine.store.trust_views import TrustBadge
from attribution_engine.store.views import RunInfo
from pages.parts import wording
from pages.parts.run_facts import Fact
from pages.parts.trust_figures import method_name

TITLES = {
    "removal": "Removal",
    "lds": "Linear datamodelling score",
    "planted": "Planted facts",
    "stability": "Stability",
    "behaviour_cut": "Behaviour cut",
}
QUESTIONS = {
    "removal": "Does a completion become less likely without the documents that are said to help "
    "it?",
    "lds": "Do the scores say which parts of the corpus make a completion likelier?",
    "planted": "Is a document found that alone states a fact?",
    "stability": "Do the scores stay as they are under choices that ought not to matter?",
    "behaviour_cut": "Does cutting a behaviour out of the traces change what the influence of that "
    "text says?",
}
COLOURS: dict[Tone, Literal["blue", "gray", "orange"]] = {
    "good": "blue",
    "open": "gray",
    "bad": "orange",
    "untested": "gray",
}
# Settings of the lab that are not among its facts: they stand elsewhere on the page.
NOT_TESTED, ASSUMPTIONS, BASELINE = "not tested", "what the theory assumes", "baseline"
ELSEWHERE = (NOT_TESTED, ASSUMPTIONS, BASELINE)
LEADING = (
    *("documents", "queries", "parameters", "retrainings", "seeds", "optimiser", "weight decay"),
    *("learning rate", "date", "machine", "seconds", "command"),
)
ASSUMED_TITLE = "**What influence functions assume.**"
ASSUMED = f"""
{ASSUMED_TITLE} Training ended in a minimum of the loss, or close to it; the
answer to a change of one document's weight is linear; the curvature is what the factors say. Weight
decay adds a quadratic term to the loss that the damping only stands in for, and decoupled decay
(AdamW) is not even such a term. An adaptive optimiser takes other steps than the gradient's, and a
training that ends early remembers the order of its documents. Retraining is free of all of this,
which is why it is the test.
"""
OTHER_MODEL = """
**What the tests are about.** Training this run's own model again hundreds of times is out of reach.
Removal, the datamodelling score and planted facts are about a lab: {model}, trained from nothing on
{documents} and scored by the same engine. They say whether the method works on such text and such
models, and do not prove that it does on this one. {scoring}Stability and the behaviour
cut say with their figures, at the end of this page, which model they are of.
"""


def command(path: Path) -> str:
    """The command that tests a store."""
    inside = Path.cwd() in path.resolve().parents
    shown = path.resolve().relative_to(Path.cwd()) if inside else Path(path.name)
    return f"python -m attribution_engine trust {shlex.quote(str(shown))}"


def why_not(lab: Mapping[str, Any], experiment: str) -> str:
    """The reason that the lab gives for a test it did not make."""
    reasons = lab.get(NOT_TESTED)
    reason = reasons.get(experiment) if isinstance(reasons, dict) else None
    if isinstance(reason, str) and reason:
        return f": {reason}"
    return ": it needs traces whose behaviours are known" if experiment == "behaviour_cut" else ""


def about_the_lab(lab: Mapping[str, Any], run: RunInfo) -> str:
    """How the lab relates to the run's model and corpus."""
    model, documents = "a smaller model", "a sample of this run's documents"
    if isinstance(lab.get("parameters"), int):
        model = (
            f"a model of {wording.whole(lab['parameters'])} parameters (this run's has "
            f"{wording.whole(run.n_parameters)})"
        )
    known = lab.get("documents")
    drawn = known.get("of the store") if isinstance(known, dict) else known
    if isinstance(drawn, int):
        documents = (
            f"{wording.whole(drawn)} of this run's {wording.whole(run.n_documents)} documents"
        )
    return OTHER_MODEL.format(model=model, documents=documents, scoring=_scoring(lab, run))


def assumed(lab: Mapping[str, Any]) -> str:
    """What influence functions assume, as the lab says it or in general."""
    said = lab.get(ASSUMPTIONS)
    return f"{ASSUMED_TITLE} {wording.label(said)}" if isinstance(said, str) else ASSUMED


def lab_facts(lab: Mapping[str, Any], more: bool = False) -> list[Fact]:
    """What the lab was, as names, values and notes; groups of settings become one value each.

    Args:
        more: the settings that only a repetition needs, instead of those that lead.
    """
    keys = [key for key in LEADING if key in lab]
    if more:
        keys = [key for key in lab if key not in (*LEADING, *ELSEWHERE)]
    return [_fact(key, lab[key]) for key in keys]


def lab_accuracy_records(lab: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Suite, questions, nats and share of completions that the lab's models reproduce."""
    suites = lab.get(BASELINE)
    if not isinstance(suites, dict):
        return []
    return [
        {"suite": name, **{key: found.get(key) for key in ("questions", "nats", "reproduced")}}
        for name, found in suites.items()
        if isinstance(found, dict)
    ]


def lab_accuracies(lab: Mapping[str, Any]) -> list[list[str]]:
    """The same in words."""
    return [
        [
            one["suite"],
            wording.whole(one["questions"]),
            wording.plain(one["nats"]),
            wording.percent(one["reproduced"]),
        ]
        for one in lab_accuracy_records(lab)
    ]


def badge(known: TrustBadge | None) -> str:
    """How far to trust a ranking, as the label of a link."""
    return f"How far to trust this: :{COLOURS[known.tone if known else 'untested']}-badge[" + (
        f"{wording.label(badge_words(known))}]"
    )


def badge_words(known: TrustBadge | None) -> str:
    """The linear datamodelling score in as few words as a badge holds."""
    if known is None:
        return "not tested"
    of = "" if known.ceiling is None else f" of a ceiling of {wording.decimal(known.ceiling)}"
    return f"{method_name(known.method)} LDS {wording.decimal(known.lds)}{of}"


def _scoring(lab: Mapping[str, Any], run: RunInfo) -> str:
    """Which linear maps and damping the lab's scores use, and which the run's."""
    how = lab.get("methods")
    if not isinstance(how, dict) or not {"modules", "damping"} <= how.keys():
        return ""
    damping = "not known" if run.damping is None else f"{run.damping:g}"
    return (
        f"The lab's EK-FAC scores use {_maps(str(how['modules']))} and damping "
        f"{wording.label(str(how['damping']))}; "
        f"this run's use {_maps(run.modules)} and damping {damping}. "
    )


def _maps(modules: str) -> str:
    """What a setting of `modules` tracks."""
    if modules == "linear":
        return "all linear maps (modules linear)"
    if modules in ("", "mlp-linear", "mlp"):
        return "the linear maps of the MLP blocks (modules mlp)"
    return f"the linear maps of modules {wording.label(modules)}"


def _fact(key: str, value: Any) -> Fact:
    """A setting; where the lab and the run have one each, the run's is the note."""
    if isinstance(value, dict) and "lab" in value:
        rest = {name: of for name, of in value.items() if name not in ("lab", "run")}
        note = f"this run's model: {_value(value.get('run'))}"
        own = _value(value["lab"]) + "".join(f", {_value(of)}" for of in rest.values())
        return (_title(key), own, note)
    return (_title(key), _value(value, key == "seconds"))


def _title(key: str) -> str:
    words = "time" if key == "seconds" else key.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _value(value: Any, seconds: bool = False) -> str:
    """A setting in words; the numbers of `seconds` become times."""
    if isinstance(value, dict):
        return " · ".join(
            f"{str(name).replace('_', ' ')} {_value(of, seconds)}" for name, of in value.items()
        )
    if isinstance(value, list):
        return ", ".join(_value(one, seconds) for one in value) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int | float) and seconds:
        return wording.duration(value)
    if isinstance(value, int):
        return wording.whole(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
