"""From nothing to a store that a lab can be made of: traces, a tiny model, questions, a run."""

from __future__ import annotations

import json
from pathlib import Path

from attribution_engine.corpora.configuration import load_config
from attribution_engine.lab.budgets import Budget
from attribution_engine.lab.grammar import word_problems
from attribution_engine.lab.grammar.sft_traces import write_traces
from attribution_engine.lab.lab_corpus import LabSize
from attribution_engine.lab.lab_model import LabSettings
from attribution_engine.lab.sft_suites import exercise_rows
from attribution_engine.lab.trainer import TrainingSettings
from attribution_engine.lab.training import train
from attribution_engine.run import run

TRACES = 120
TINY_MODEL = TrainingSettings(
    vocabulary=900,
    hidden=16,
    layers=1,
    heads=2,
    inner=32,
    context=384,
    epochs=1.0,
    minutes=None,
    held_out=0.0,
    bf16=False,
    prompt="prompt",
    response="response",
)
TINY = Budget(
    size=LabSize(documents=60, queries=3, plants=3, context=160),
    settings=LabSettings(
        hidden=16, layers=1, heads=2, inner=32, context=160, epochs=2.0, at_once=8
    ),
    seeds=2,
    halves=6,
    random_draws=2,
    fractions=(0.05, 0.1),
    stability_documents=12,
    traces=20,
    cut_items=2,
    cut_epochs=1.0,
)


def write_store(folder: Path) -> Path:
    """A run on traces, all of whose questions are answered right, one suite of them as a set."""
    write_traces(folder / "traces.jsonl", TRACES)
    train(folder / "traces.jsonl", folder / "model", settings=TINY_MODEL)
    rows = [
        {**row, "completion": f" The answer is {row['reference']}."}
        for row in exercise_rows("word problem (synthetic)", word_problems.TEMPLATES, 0)[:6]
    ]
    for name, part in (("alone", rows[:3]), ("together", rows[3:])):
        text = "".join(json.dumps(row) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    config = folder / "tiny_lab.toml"
    config.write_text(
        f"""
name = "tiny_lab"
[model]
path = "{folder}/model"
[corpus]
path = "{folder}/traces.jsonl"
prompt = "prompt"
response = "response"
spans = "spans"
max_tokens = 384
[[queries]]
file = "{folder}/alone.jsonl"
completions = "given"
[[queries]]
file = "{folder}/together.jsonl"
completions = "given"
set = true
[influence]
levels = ["document", "span"]
tail = 2
[output]
store = "{folder}/tiny_lab.duckdb"
work = "{folder}/work"
"""
    )
    run(load_config(config), device="cpu")
    return folder / "tiny_lab.duckdb"
