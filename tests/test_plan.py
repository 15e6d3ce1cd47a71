"""`run --plan`: what a run will need, without running it, and how near it comes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from attribution_engine import plan as planning
from attribution_engine.__main__ import main
from attribution_engine.influence.memory import STAGES
from attribution_engine.text.spans import steps
from tests.influence.layer_gradients import family_model
from tests.qwen_shape import write_shape
from tests.tiny_run import write_config

UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
SIZE = r"([\d.]+ [kMGT]?B)"


def size(words: str) -> float:
    number, unit = words.split()
    return float(number) * UNITS[unit]


def rows(printed: str) -> dict[str, tuple[float, float, int]]:
    """stage -> memory, disk, passes."""
    found = re.findall(rf"^(\S.*?)  +\S+ \S+ +{SIZE} +{SIZE} +(\d+)$", printed, re.MULTILINE)
    return {name: (size(memory), size(disk), int(n)) for name, memory, disk, n in found}


def planned(config: Path, capsys, *more: str) -> tuple[int, str, str]:
    code = main(["run", str(config), "--plan", "--device", "cpu", *more])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def quick(monkeypatch) -> None:
    """No time is spent on measuring this machine."""
    monkeypatch.setattr(planning, "eigen_rate_of", lambda device: 1e9)


def without_weights(folder: Path, dtype: str = "float32") -> Path:
    """A run of Qwen2-7B whose weights are not there."""
    config = write_config(folder)
    (folder / "model" / "model.safetensors").unlink()
    write_shape(folder / "model")
    text = config.read_text().replace("[corpus]", f'dtype = "{dtype}"\n[corpus]', 1)
    config.write_text(text)
    return config


def test_every_stage_is_printed_and_nothing_computed(tmp_path, capsys) -> None:
    code, printed, _ = planned(write_config(tmp_path), capsys)
    assert code == 0
    assert list(rows(printed)) == [*STAGES, "token scores"]
    assert "30 documents, " in printed and "queries: 4\n" in printed
    assert "billion operations a second in matrix products" in printed
    assert all(memory > 0 and passes == 1 for memory, _, passes in rows(printed).values())
    assert not (tmp_path / "work" / "stages").exists()
    assert not (tmp_path / "tiny.duckdb").exists()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("method", "stages"),
    [
        ("k-fac", [each for each in STAGES if each != "eigenvalues"]),
        ("diagonal", ["eigenvalues", "query gradients", "scores"]),
        ("gradient-dot", ["query gradients", "scores"]),
        ("self-influence", [each for each in STAGES if each != "query gradients"]),
        ("bm25", []),
    ],
)
def test_other_methods_have_the_stages_they_need(tmp_path, capsys, method, stages) -> None:
    config = write_config(tmp_path, influence=f'method = "{method}"')
    code, printed, _ = planned(config, capsys)
    assert code == 0
    tokens = [] if method in ("self-influence", "bm25") else ["token scores"]
    assert list(rows(printed)) == [*stages, *tokens]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_seven_billion_parameters_are_planned_without_their_weights(
    tmp_path, capsys, dtype
) -> None:
    config = without_weights(tmp_path, dtype)
    code, printed, said = planned(config, capsys, "--memory-gb", "80", "--tflops", "500")
    assert (code, "error" in said) == (0, False)
    assert (
        "model: 7,615,616,512 parameters, " + ("30.5" if dtype == "float32" else "15.2") in printed
    )
    assert "84 of 196 linear maps tracked, 75% of the parameters" in printed
    assert "as told: 500,000 billion operations a second" in printed
    found = rows(printed)
    assert found["covariances"][2] > 1 and found["eigenvalues"][2] > 1
    weights = 7_615_616_512 * (4 if dtype == "float32" else 2)
    assert all(weights < memory < 80e9 for memory, _, _ in found.values())
    # 28 blocks of one input of 3,584 for two maps and of 18,944, outputs the other way round
    squares = 28 * (2 * 3584**2 + 3 * 18944**2)
    assert found["eigendecompositions"][1] == pytest.approx(4 * squares, rel=0.01)
    assert found["eigenvalues"][1] == pytest.approx(4 * 28 * 3 * 3584 * 18944, rel=0.01)
    assert not (tmp_path / "work" / "stages").exists()


@pytest.mark.parametrize("memory", ["30", "42"])
def test_what_cannot_fit_is_said_in_one_line(tmp_path, capsys, memory) -> None:
    config = without_weights(tmp_path)
    code, _, said = planned(config, capsys, "--memory-gb", memory, "--tflops", "500")
    assert code == 2
    (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert "memory" in line


@pytest.mark.usefixtures("quick")
def test_a_disk_that_is_too_small_is_said_before_the_run(tmp_path, capsys, monkeypatch) -> None:
    config = write_config(tmp_path)
    monkeypatch.setattr(planning.shutil, "disk_usage", lambda _: type("Disk", (), {"free": 1000}))
    code, _, said = planned(config, capsys)
    assert code == 2
    assert "are needed and 1 kB free" in said and "output.work" in said


def larger_model(folder: Path) -> None:
    """In place of the tiny one, so that the archive's own bytes count little in a file."""
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=300,
            hidden_size=64,
            intermediate_size=112,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=64,
        )
    ).save_pretrained(folder)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("rank", ["", "rank = 12"])
def test_planned_bytes_are_those_that_a_run_leaves(tmp_path, capsys, rank) -> None:
    config = write_config(tmp_path, influence=f'levels = ["document"]\n{rank}')
    larger_model(tmp_path / "model")
    code, printed, _ = planned(config, capsys)
    assert code == 0 and main(["run", str(config), "--device", "cpu"]) == 0
    folder, found = tmp_path / "work" / "stages", rows(printed)
    for stage, kind in (
        ("eigendecompositions", "bases"),
        ("eigenvalues", "eigenvalues"),
        ("query gradients", "directions"),
    ):
        left = sum(file.stat().st_size for file in (folder / kind).iterdir())
        assert found[stage][1] == pytest.approx(left, rel=0.2)
    assert not list(folder.glob("covariances/*"))


def test_experts_cost_what_their_tokens_cost() -> None:
    model = family_model("mixtral")  # 4 experts, 2 of them for each token
    some = planning._pass_operations(model)
    model.config.num_experts_per_tok = 4
    experts = sum(p.numel() for name, p in model.named_parameters() if ".experts." in name)
    assert planning._pass_operations(model) - some == 4 * experts / 2


@pytest.mark.usefixtures("quick")
def test_the_disk_of_the_scores_counts_the_sums_of_all_spans(tmp_path, capsys) -> None:
    disk = {}
    for name, levels in (("with", ["document", "span"]), ("without", ["document"])):
        config = write_config(tmp_path, influence=f"levels = {levels}")
        code, printed, _ = planned(config, capsys)
        assert code == 0
        disk[name] = rows(printed)["scores"][1]
    lines = (tmp_path / "corpus.jsonl").read_text().splitlines()
    n_spans = sum(len(steps(json.loads(line)["text"])) for line in lines)
    n_queries, float32 = 4, 4
    assert disk["without"] == pytest.approx(2 * n_queries * len(lines) * float32, rel=0.05)
    assert disk["with"] - disk["without"] == pytest.approx(n_queries * n_spans * float32, rel=0.1)
