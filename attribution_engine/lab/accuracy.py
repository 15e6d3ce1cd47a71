"""What a bundled model can do: its greedy answers to suites and to fresh questions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from tqdm import tqdm
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from attribution_engine.corpora.verifiers import read_tests, verify_completion
from attribution_engine.lab.problems import as_question
from attribution_engine.lab.suites import DRAWS, all_suites
from attribution_engine.lab.tokenizer import load_tokenizer
from attribution_engine.lab.training import choose_device
from attribution_engine.records import Query

MAX_NEW_TOKENS = 220
SAMPLES = 3
Row = Mapping[str, Any]


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


def fresh_questions(task: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Held-out problems of one of the three tasks that are in no suite."""
    asked = {row["prompt"] for row in all_suites(seed)[task]}
    rng = Random(f"{seed}/fresh/{task}")
    rows: dict[str, dict[str, Any]] = {}
    while len(rows) < count:
        problem = DRAWS[task](rng, held_out=True)
        prompt = as_question(problem.question())
        if prompt not in asked:
            rows[prompt] = {"prompt": prompt, "reference": str(problem.answer)}
    return list(rows.values())


def is_right(row: Row, completion: str) -> bool:
    """Whether a completion is right by the row's tests, or else by its reference."""
    tests, entry_point = read_tests("suite", dict(row))
    query = Query(
        query_id=0,
        suite="",
        task="",
        kind="reasoning",
        prompt=row["prompt"],
        reference=row.get("reference"),
        verifier="numeric" if tests is None else "code",
        tests=tests,
        entry_point=entry_point,
    )
    return bool(verify_completion(query, completion).correct)


def load(model: Path, device: str) -> tuple[Any, PreTrainedTokenizerFast]:
    """A bundled model and its tokenizer."""
    loaded: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    loaded.to(choose_device(device)).eval()
    return loaded, load_tokenizer(model)


def answer_right(model: Path, rows: Sequence[Row], *, device: str, what: str) -> list[bool]:
    """Whether a model answers each question right."""
    loaded, tokenizer = load(model, device)
    return [
        is_right(row, complete(loaded, tokenizer, row["prompt"]))
        for row in tqdm(rows, desc=f"{model.name} answers the {what}", unit="query")
    ]


def measure_suite(
    model: Any, tokenizer: PreTrainedTokenizerFast, name: str, rows: Sequence[Row]
) -> dict[str, Any]:
    """Answer every question of a suite greedily and count the right ones."""
    answered = [
        {
            "prompt": row["prompt"],
            "completion": (completion := complete(model, tokenizer, row["prompt"])),
            "reference": row.get("reference"),
            "correct": is_right(row, completion),
        }
        for row in tqdm(rows, desc=f"answering {name}", unit="query")
    ]
    right = sum(bool(row["correct"]) for row in answered)
    return {
        "n": len(rows),
        "right": right,
        "accuracy": right / len(rows),
        "samples": answered[:SAMPLES],
    }


def measure_accuracy(
    model: Path, questions: Mapping[str, Sequence[Row]], seed: int = 0, device: str = "cpu"
) -> dict[str, Any]:
    """Measure a model on suites of questions; writes `accuracy.json` to its folder.

    Returns:
        By suite: n, right, accuracy (a share) and the first answers.
    """
    loaded, tokenizer = load(model, device)
    report = {
        name: measure_suite(loaded, tokenizer, name, rows) for name, rows in questions.items()
    }
    text = json.dumps({"seed": seed, "decoding": "greedy", "suites": report}, indent=2)
    partial = model / "accuracy.partial"
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(model / "accuracy.json")
    return report
