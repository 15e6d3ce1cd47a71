"""The bundled demo: corpus, query suites, tokenizer and model, rebuilt from nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from tqdm import tqdm
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from attribution_engine.corpora.correctness import is_correct
from attribution_engine.lab.grammar.mixture import DOCUMENTS, write_corpus
from attribution_engine.lab.problems import as_question
from attribution_engine.lab.suites import DRAWS, all_suites, write_suites
from attribution_engine.lab.tokenizer import load_tokenizer
from attribution_engine.lab.training import TrainingSettings, choose_device, train

WORK = Path("data/work/demo")
MODEL = Path("data/models/demo")
QUERIES = Path("data/queries")
FRESH_QUESTIONS = 50
MAX_NEW_TOKENS = 160


@torch.no_grad()
def complete(model: Any, tokenizer: PreTrainedTokenizerFast, prompt: str) -> str:
    """The model's greedy completion of a prompt, without the end token."""
    inputs = tokenizer(prompt, return_tensors="pt")["input_ids"].to(model.device)
    room = model.config.max_position_embeddings - inputs.shape[1]
    tokens = model.generate(
        inputs,
        attention_mask=torch.ones_like(inputs),
        do_sample=False,
        max_new_tokens=min(MAX_NEW_TOKENS, room),
        pad_token_id=tokenizer.pad_token_id,
    )
    return str(tokenizer.decode(tokens[0, inputs.shape[1] :], skip_special_tokens=True))


def fresh_questions(name: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Held-out problems of one of the three tasks that are in no suite."""
    asked = {row["prompt"] for row in all_suites(seed)[name]}
    rng = Random(f"{seed}/fresh/{name}")
    rows: dict[str, dict[str, Any]] = {}
    while len(rows) < count:
        problem = DRAWS[name](rng, held_out=True)
        prompt = as_question(problem.question())
        if prompt not in asked:
            rows[prompt] = {"prompt": prompt, "reference": str(problem.answer)}
    return list(rows.values())


def measure_suite(
    model: Any, tokenizer: PreTrainedTokenizerFast, name: str, rows: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Answer every question of a suite greedily and count the right ones."""
    answers = [
        complete(model, tokenizer, row["prompt"])
        for row in tqdm(rows, desc=f"answering {name}", unit="query")
    ]
    pairs = list(zip(answers, rows, strict=True))
    right = sum(bool(is_correct(answer, row["reference"])) for answer, row in pairs)
    samples = [
        {
            "prompt": row["prompt"],
            "completion": answer,
            "reference": row["reference"],
            "correct": is_correct(answer, row["reference"]),
        }
        for answer, row in pairs[:3]
    ]
    return {"n": len(pairs), "right": right, "accuracy": right / len(pairs), "samples": samples}


def measure_accuracy(
    model: Path = MODEL, seed: int = 0, fresh: int | None = None, device: str = "cpu"
) -> dict[str, Any]:
    """Measure the model on every suite and on fresh questions; writes `accuracy.json` to it."""
    tokenizer = load_tokenizer(model)
    loaded: Any = AutoModelForCausalLM.from_pretrained(model)
    loaded.to(choose_device(device)).eval()
    questions = dict(all_suites(seed))
    for name in DRAWS:
        questions[f"{name}, fresh"] = fresh_questions(name, fresh or FRESH_QUESTIONS, seed)
    report = {
        name: measure_suite(loaded, tokenizer, name, rows) for name, rows in questions.items()
    }
    text = json.dumps({"seed": seed, "decoding": "greedy", "suites": report}, indent=2)
    partial = model / "accuracy.partial"
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(model / "accuracy.json")
    return report


def prepare(
    device: str = "auto",
    work: Path = WORK,
    model: Path = MODEL,
    seed: int = 0,
    *,
    queries: Path = QUERIES,
    settings: TrainingSettings | None = None,
    resume: bool = False,
) -> None:
    """Write the demo's corpus, query suites, tokenizer and model.

    Args:
        device: "auto", "cpu" or "cuda".
        work: folder of the corpus and of the training's checkpoint.
        model: folder of the finished model and its tokenizer.
        seed: decides everything that is drawn.
        queries: folder of the query suites.
        settings: shape and schedule of the model; None = the demo's.
        resume: keep what is complete and go on from the training's checkpoint.
    """
    corpus, training = work / "corpus.jsonl", work / "training"
    if not (resume and corpus.is_file()):
        write_corpus(corpus, DOCUMENTS, seed)
    write_suites(queries, seed)
    if not resume:
        (training / "checkpoint.pt").unlink(missing_ok=True)
    if not (resume and (model / "training.json").is_file()):
        train(corpus, model, settings=settings, device=device, seed=seed, work=training)
    if not (resume and (model / "accuracy.json").is_file()):
        measure_accuracy(model, seed, device=device)
