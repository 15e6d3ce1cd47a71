"""What lies beside a model is read, cut to what a store keeps, and refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attribution_engine.corpora.configuration import load_config
from attribution_engine.model_reports import ModelReports, read_accuracy, read_reports
from attribution_engine.records import InputError
from attribution_engine.run import run
from attribution_engine.store.reader import StoreReader
from tests.tiny_run import write_config

GOOD = {"n": 4, "right": 3, "accuracy": 0.75, "samples": [{"prompt": "1+1="}]}


def write(folder: Path, name: str, content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder)


def test_counts_are_kept_and_samples_are_not(tmp_path: Path) -> None:
    model = write(tmp_path, "accuracy.json", {"seed": 0, "suites": {"slopes, fresh": GOOD}})
    assert read_accuracy(model) == {"slopes, fresh": {"n": 4, "right": 3, "accuracy": 0.75}}


def test_a_training_is_kept_without_its_history(tmp_path: Path) -> None:
    training = {"steps": 7, "history": [[1, 2.0]], "settings": {"clip": 1.0, "curve": [1]}}
    model = write(tmp_path, "training.json", training)
    assert read_reports(model) == ModelReports(None, {"steps": 7, "settings": {"clip": 1.0}})


def test_a_model_without_reports_or_on_a_hub_has_none(tmp_path: Path) -> None:
    assert read_reports(str(tmp_path)) == ModelReports(None, None)
    assert read_reports("owner/no-such-model") == ModelReports(None, None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ({"seed": 0}, "has no object `suites`"),
        ({"suites": {"s": {**GOOD, "right": 5}}}, 'suite "s" needs n > 0'),
        ({"suites": {"s": {**GOOD, "accuracy": 0.9}}}, "accuracy = right ÷ n"),
        ({"suites": {"s": {"n": 4, "right": 3}}}, 'suite "s" needs'),
        ({"suites": {"s": {"n": 0, "right": 0, "accuracy": 0.0}}}, 'suite "s" needs'),
    ],
)
def test_a_broken_report_is_one_line_with_its_file(
    tmp_path: Path, content: object, said: str
) -> None:
    model = write(tmp_path, "accuracy.json", content)
    with pytest.raises(InputError) as error:
        read_accuracy(model)
    assert said in str(error.value) and str(tmp_path / "accuracy.json") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_run_takes_the_reports_of_its_model_into_the_store(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path, influence='levels = ["document"]'))
    write(tmp_path / "model", "accuracy.json", {"suites": {"slopes, fresh": GOOD}})
    write(tmp_path / "model", "training.json", {"optimiser": "AdamW", "steps": 7})
    run(config, device="cpu")
    info = StoreReader(config.store).run()
    assert [(one.name, one.right, one.meets) for one in info.accuracies] == [("slopes", 3, False)]
    assert info.training == {"optimiser": "AdamW", "steps": 7}


def test_a_broken_report_stops_a_run_before_its_first_stage(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path))
    write(tmp_path / "model", "accuracy.json", "{")
    with pytest.raises(InputError, match="is not JSON"):
        run(config, device="cpu")
    assert not config.store.exists() and not list(config.work.glob("*.pt"))
