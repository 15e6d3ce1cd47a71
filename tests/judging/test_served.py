"""A bundled model judges: on this machine, and behind `transformers serve`, with one outcome."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from attribution_engine.judging.judges import open_judge
from attribution_engine.judging.kept import KeptJudge
from attribution_engine.judging.readers import confirm_answers
from tests.free_port import free_port

MODEL = Path("data/models/demo_sft")
PATIENCE = 600  # seconds until the server must be there, or gone
PROMPTS = ["What is 3 + 4?", "Is 12 an even number? Reply with one word, yes or no.", "x"]


@pytest.fixture(scope="module")
def chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model with a chat template, which it ships without."""
    folder = tmp_path_factory.mktemp("judge") / "small-judge"
    shutil.copytree(MODEL, folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config["chat_template"] = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    path.write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def served(chat_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of `transformers serve` with that model."""
    port = free_port()
    home = tmp_path_factory.mktemp("home")
    log = tmp_path_factory.mktemp("server") / "log.txt"
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(chat_model)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)],
            env={**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.mark.slow
def test_the_served_model_replies_as_it_does_on_this_machine(served: str, chat_model: Path) -> None:
    here = open_judge(str(chat_model), tokens=8, device="cpu")
    there = open_judge(served, model=str(chat_model), tokens=8)
    assert here.name == there.name == "small-judge"
    alone = [reply for one in PROMPTS for reply in here.ask([one])]
    assert alone == here.ask(PROMPTS)  # batches of prompts of other lengths change nothing
    assert [one.strip() for one in there.ask(PROMPTS)] == [one.strip() for one in alone]


@pytest.mark.slow
def test_verdicts_of_a_served_model_are_kept_with_its_name(served: str, chat_model: Path) -> None:
    kept = KeptJudge(open_judge(served, model=str(chat_model)))
    verdicts = confirm_answers(kept, [("What is 1 + 1?", "2", "1 + 1 = 2", 5, 8, 9)])
    (said,) = kept.new
    assert (said.judge, said.question, said.doc_id) == ("small-judge", "answer", 5)
    assert verdicts == [said.verdict] and said.reply  # a model this small need not say yes or no
