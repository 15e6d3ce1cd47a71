"""Training: batches, schedule, kill and resume, the finished folder, clear errors."""

from __future__ import annotations

import json
import math
import os
import signal
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from attribution_engine.lab import accuracy, demo
from attribution_engine.lab.batches import endless_batches, make_batches, split_off
from attribution_engine.lab.grammar.mixture import write_corpus
from attribution_engine.lab.trainer import Trainer, rate_at
from attribution_engine.lab.training import TrainingSettings, train
from attribution_engine.records import InputError

TINY = TrainingSettings(
    vocabulary=400,
    hidden=16,
    layers=1,
    heads=2,
    inner=32,
    epochs=1.0,
    minutes=None,
    batch_tokens=2048,
    held_out=0.1,
    bf16=False,
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    write_corpus(path, 90)
    return path


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return AutoModelForCausalLM.from_pretrained(folder).state_dict()


def test_finished_folder(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    report = train(corpus, out, settings=TINY, seed=1)
    model = AutoModelForCausalLM.from_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert model.config.model_type == "llama"
    assert model.dtype == torch.float32
    assert tokenizer.is_fast and tokenizer.pad_token_id is not None
    assert json.loads((out / "training.json").read_text())["steps"] == report["steps"] > 3
    assert report["loss_last_steps"] < report["loss_first_step"]
    assert 0 < report["loss_held_out"] < 7
    assert report["corpus"]["documents"] == 90
    assert report["machine"]["torch"] == torch.__version__
    assert not out.with_name("model.partial").exists()


def test_interrupted_and_resumed_is_the_same(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    expected = train(corpus, whole, settings=TINY, seed=2)
    note = Trainer.note

    def note_and_interrupt(self: Trainer, loss: float, count: int, seconds: float) -> None:
        note(self, loss, count, seconds)
        if self.progress.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "note", note_and_interrupt)
        train(corpus, parts, settings=TINY, seed=2)
    assert not parts.exists()
    report = train(corpus, parts, settings=TINY, seed=2)
    assert report["resumed"] and not expected["resumed"]
    assert report["steps"] == expected["steps"]
    resumed = weights(parts)
    assert all(torch.equal(value, resumed[name]) for name, value in weights(whole).items())


def test_checkpoint_of_other_settings_is_not_used(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    train(corpus, out, settings=TINY, seed=1)
    assert not train(corpus, out, settings=TINY, seed=5)["resumed"]


def test_time_budget_ends_training(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = TrainingSettings(
        vocabulary=400, hidden=16, layers=1, heads=2, inner=32, epochs=1e6, minutes=0.02, bf16=False
    )
    taken: list[float] = []
    note = Trainer.note

    def noted(self: Trainer, loss: float, count: int, seconds: float) -> None:
        taken.append(seconds)
        note(self, loss, count, seconds)

    monkeypatch.setattr(Trainer, "note", noted)
    report = train(corpus, tmp_path / "model", settings=settings)
    assert sum(taken[:-1]) < 60 * 0.02 <= sum(taken)  # however long a step takes here
    assert report["seconds"] == pytest.approx(sum(taken), abs=0.051)
    assert report["steps"] == len(taken)


def test_rate_rises_and_falls() -> None:
    rates = [rate_at(fraction / 100, TINY) for fraction in range(101)]
    assert max(rates) == pytest.approx(TINY.learning_rate, rel=0.01)
    assert rates[0] < rates[1] < rates[2]
    assert rates[-1] == pytest.approx(TINY.learning_rate * TINY.floor)


@pytest.mark.parametrize("shuffled", [True, False])
def test_batches_hold_each_document_once(shuffled: bool) -> None:
    documents = [[0] * length for length in (5, 90, 30, 7, 64, 64, 12, 100)]
    batches = make_batches(documents, 128, Random(0) if shuffled else None)
    assert sorted(index for batch in batches for index in batch) == list(range(len(documents)))
    for batch in batches:
        assert max(len(documents[index]) for index in batch) * len(batch) <= 128


def test_batches_go_on_where_they_stopped() -> None:
    documents = [[number] * (3 + number % 7) for number in range(40)]
    whole = endless_batches(documents, 40, 0, 0)
    batches = [next(whole) for _ in range(30)]
    for skip in (0, 5, 17):
        rest = endless_batches(documents, 40, 0, skip)
        assert [next(rest) for _ in range(30 - skip)] == batches[skip:]


def test_held_out_documents_are_apart() -> None:
    documents = [[number] for number in range(50)]
    trained, held_out = split_off(documents, 0.2, 7)
    assert len(held_out) == 10
    assert sorted(trained + held_out) == documents


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "no documents"), ('{"body": "x"}\n', "row 1: no text in 'text'"), (None, "no such file")],
)
def test_bad_corpus_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "corpus.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        train(path, tmp_path / "model", settings=TINY)
    assert str(path) in str(error.value)


def test_fine_tuning_goes_on_from_a_model_and_masks_prompts(corpus: Path, tmp_path: Path) -> None:
    base, tuned = tmp_path / "base", tmp_path / "tuned"
    train(corpus, base, settings=replace(TINY, saved="bfloat16"), seed=1)
    assert {weight.dtype for weight in weights(base).values()} == {torch.bfloat16}
    traces = tmp_path / "traces.jsonl"
    row = {"prompt": "Question: 1 + 1\nAnswer:", "response": " It is 2. The answer is 2."}
    traces.write_text(json.dumps(row) + "\n")
    settings = replace(TINY, prompt="prompt", response="response", epochs=20.0, held_out=0.0)
    report = train(traces, tuned, settings=settings, base=base)
    tokenizer = AutoTokenizer.from_pretrained(base)
    response = len(tokenizer(row["prompt"] + row["response"])["input_ids"])
    response -= len(tokenizer(row["prompt"])["input_ids"])
    assert report["corpus"]["tokens"] == response + 1  # and the end token
    assert report["base"] == str(base)
    assert report["loss_last_steps"] < report["loss_first_step"]
    first = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).state_dict()
    apart = [(weight - first[name]).abs().max() for name, weight in weights(tuned).items()]
    assert 0 < max(apart) < 0.5


def test_fine_tuning_without_a_base_is_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model to fine-tune"):
        train(corpus, tmp_path / "out", settings=TINY, base=tmp_path / "nothing")


def test_loss_is_measured_on_documents_that_are_not_in_the_corpus(
    corpus: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.jsonl"
    write_corpus(other, 90, 1)
    other.write_text(other.read_text() + corpus.read_text())
    settings = replace(TINY, held_out=0.0)
    report = train(corpus, tmp_path / "model", settings=settings, held_out=other)
    assert report["corpus"]["trained_on"] == 90
    assert 80 <= report["corpus"]["held_out"] <= 90


BASE_MODELS = ("demo", "demo_large")


def test_demo_is_prepared_asked_and_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "MAX_NEW_TOKENS", 3)
    monkeypatch.setattr(demo, "choose_factual", lambda pool, right, wrong, each: pool[: each // 5])
    settings = {name: replace(TINY, saved="bfloat16", held_out=0.0) for name in BASE_MODELS}
    sizes = {"base": 120}
    options = {"data": tmp_path, "settings": settings, "documents": sizes}
    with pytest.raises(InputError, match="demo_large: no model"):
        demo.ask("cpu", ["demo_large"], data=tmp_path, fresh=2)
    demo.prepare("cpu", BASE_MODELS, resume=True, **options)
    demo.ask("cpu", BASE_MODELS, data=tmp_path, fresh=2)
    folder = tmp_path / "models" / "demo"
    found = json.loads((folder / "accuracy.json").read_text())["suites"]
    assert found["slopes, fresh"]["n"] == 2
    assert found["factual"]["n"] == 4
    assert not math.isnan(found["arithmetic"]["accuracy"])
    files = [path for path in tmp_path.rglob("*.json*") if "queries" not in path.parts]
    before = {path: path.stat().st_mtime_ns for path in files}
    demo.prepare("cpu", BASE_MODELS, resume=True, **options)
    demo.ask("cpu", BASE_MODELS, data=tmp_path, fresh=2, resume=True)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
