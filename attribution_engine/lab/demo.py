"""The bundled models and what they are asked: corpora, suites, training, rebuilt from nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from attribution_engine.lab.accuracy import answer_right, fresh_questions, measure_accuracy
from attribution_engine.lab.grammar.mixture import DOCUMENTS, write_corpus
from attribution_engine.lab.grammar.sft_traces import TRACES, write_traces
from attribution_engine.lab.sft_suites import sft_suites, write_sft_suites
from attribution_engine.lab.suites import (
    DRAWS,
    all_suites,
    as_jsonl,
    choose_factual,
    factual_pool,
    write_suites,
)
from attribution_engine.lab.training import TrainingSettings, train
from attribution_engine.records import InputError

DATA = Path("data")
HELD_OUT = 200
SMALL = TrainingSettings(epochs=14.0, minutes=60.0, held_out=0.0, saved="bfloat16", compiled=True)
LARGE = replace(SMALL, hidden=192, layers=6, heads=6, inner=576, epochs=11.0, learning_rate=1.5e-3)
TUNED = replace(SMALL, epochs=4.0, learning_rate=5e-4, prompt="prompt", response="response")


@dataclass(frozen=True, slots=True)
class Bundled:
    """One bundled model.

    Attributes:
        settings: its shape and schedule.
        corpus: which corpus it is trained on, a key of `CORPORA`.
        base: the bundled model that training goes on from; None = from nothing.
        facts: file of its factual questions, and how many it answers right (and as many wrong).
    """

    settings: TrainingSettings
    corpus: str
    base: str | None = None
    facts: tuple[str, int] | None = None


BUNDLE: dict[str, Bundled] = {
    "demo": Bundled(SMALL, "base", facts=("factual.jsonl", 20)),
    "demo_large": Bundled(LARGE, "base", facts=("factual_large.jsonl", 10)),
    "demo_sft": Bundled(TUNED, "traces", base="demo"),
}


@dataclass(frozen=True, slots=True)
class Corpus:
    """How a corpus is written: where below data/work, by what, and how many documents."""

    file: str
    write: Callable[[Path, int, int], int]
    documents: int


CORPORA = {
    "base": Corpus("demo/corpus.jsonl", write_corpus, DOCUMENTS),
    "traces": Corpus("demo_sft/traces.jsonl", write_traces, TRACES),
}


def prepare(
    device: str = "auto",
    names: Sequence[str] = tuple(BUNDLE),
    *,
    data: Path = DATA,
    seed: int = 0,
    settings: Mapping[str, TrainingSettings] | None = None,
    documents: Mapping[str, int] | None = None,
    resume: bool = False,
) -> None:
    """Write the corpora, tokenizers and models of bundled runs.

    Args:
        device: "auto", "cpu" or "cuda".
        names: which of `BUNDLE`.
        data: folder with work/ and models/.
        seed: decides everything that is drawn.
        settings: shape and schedule by name, in place of the bundle's.
        documents: sizes by corpus, in place of the bundle's.
        resume: keep what is complete and go on from a training's checkpoint.

    Raises:
        InputError: a model to go on from is not there.
    """
    for name in names:
        bundled = BUNDLE[name]
        chosen = (settings or {}).get(name, bundled.settings)
        recipe = CORPORA[bundled.corpus]
        count = (documents or {}).get(bundled.corpus, recipe.documents)
        corpus, work = data / "work" / recipe.file, data / "work" / name / "training"
        model = data / "models" / name
        held_out = corpus.with_name("held_out.jsonl")
        if not (resume and corpus.is_file()):
            recipe.write(corpus, count, seed)
        if not (resume and held_out.is_file()):
            recipe.write(held_out, min(count, HELD_OUT), seed + 1)
        if resume and (model / "training.json").is_file():
            continue
        if not resume:
            (work / "checkpoint.pt").unlink(missing_ok=True)
        base = data / "models" / bundled.base if bundled.base else None
        train(
            corpus,
            model,
            settings=chosen,
            device=device,
            seed=seed,
            work=work,
            base=base,
            held_out=held_out,
        )


def ask(
    device: str = "auto",
    names: Sequence[str] = tuple(BUNDLE),
    *,
    data: Path = DATA,
    seed: int = 0,
    fresh: int = 100,
    resume: bool = False,
) -> None:
    """Write the suites, and measure each model on them and on fresh questions.

    The factual questions of a base run are chosen as in the Procedural paper: half of them are
    answered right by its model and half wrong. The pool's order decides between several, so that
    two runs share many.

    Raises:
        InputError: a model is missing, or answers too few questions right or wrong.
    """
    queries = data / "queries"
    write_suites(queries, seed)
    if any(BUNDLE[name].corpus == "traces" for name in names):
        write_sft_suites(queries, seed)
    for name in names:
        model = data / "models" / name
        if not (model / "training.json").is_file():
            raise InputError(f"{model}: no model; train it first (demo --only {name} --train)")
        facts = BUNDLE[name].facts
        if facts and not (resume and (queries / facts[0]).is_file()):
            rows = _factual_queries(model, facts[1], seed, device)
            (queries / facts[0]).write_text(as_jsonl(rows), encoding="utf-8")
        if not (resume and (model / "accuracy.json").is_file()):
            questions = dict(_suites_of(name, seed, queries))
            for task in DRAWS:
                questions[f"{task}, fresh"] = fresh_questions(task, fresh, seed)
            measure_accuracy(model, questions, seed, device=device)


def _suites_of(name: str, seed: int, queries: Path) -> dict[str, list[dict[str, object]]]:
    if BUNDLE[name].corpus == "traces":
        return {key.removeprefix("sft_"): rows for key, rows in sft_suites(seed).items()}
    file, _ = BUNDLE[name].facts or ("factual.jsonl", 0)
    lines = (queries / file).read_text(encoding="utf-8").splitlines()
    return {**all_suites(seed), "factual": [json.loads(line) for line in lines]}


def _factual_queries(model: Path, each: int, seed: int, device: str) -> list[dict[str, object]]:
    """Questions that the model answers right, and as many that it answers wrong."""
    pool = factual_pool(seed)
    answers = answer_right(model, pool, device=device, what="factual pool")
    right = {index for index, correct in enumerate(answers) if correct}
    return choose_factual(pool, right, set(range(len(pool))) - right, each)
