"""What `--resume` and `--plan` may change, what they refuse, and what they leave as it was."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest

import attribution_engine.run as run_module
from attribution_engine import plan, preparation, query_stages, run_inputs
from attribution_engine.__main__ import main
from attribution_engine.corpora.configuration import load_config
from attribution_engine.influence.query_gradients import query_directions
from attribution_engine.records import InputError
from attribution_engine.workspace import Workspace
from tests.tiny_run import write_config, write_corpus

SETTINGS = 'levels = ["document"]\nmemory_gb = 0.001\n'


def start(config: Path, *more: str) -> int:
    return main(["run", str(config), "--device", "cpu", *more])


def refused(capsys, config: Path, *more: str) -> str:
    """The one line of a run that must stop on bad input."""
    capsys.readouterr()
    assert start(config, *more) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


def influence(folder: Path) -> np.ndarray:
    with duckdb.connect(str(folder / "tiny.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "SELECT influence FROM influence ORDER BY query_id, doc_id"
        ).fetchnumpy()
    return np.asarray(rows["influence"])


def corpora(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "work").glob("corpus-*"))


def edit(config: Path, old: str, new: str) -> None:
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of a finished run; tests work on copies."""
    folder = tmp_path_factory.mktemp("finished")
    write_corpus(folder / "corpus.jsonl", 8)
    assert start(write_config(folder, influence=SETTINGS)) == 0
    return folder


@pytest.fixture
def config(finished, tmp_path, monkeypatch) -> Path:
    """The finished run's configuration, whose work and store are a copy of its own."""
    shutil.copytree(finished / "work", tmp_path / "work")
    text = (finished / "tiny.toml").read_text()
    for name in ("work", "tiny.duckdb"):
        text = text.replace(f'"{finished}/{name}"', f'"{tmp_path}/{name}"')
    (tmp_path / "tiny.toml").write_text(text)
    monkeypatch.setattr(plan, "eigen_rate_of", lambda device: 1e9)
    return tmp_path / "tiny.toml"


def test_memory_gb_may_change_and_layers_are_put_into_groups_again(
    finished, config, capsys, monkeypatch
):
    stages = config.parent / "work" / "stages"
    before = Workspace(load_config(config), resume=True).load("room-cpu")
    shutil.rmtree(stages / "directions")
    shutil.rmtree(stages / "scores")
    edit(config, "memory_gb = 0.001", "memory_gb = 0.00004")
    groups = []

    def counted(tracked, *arguments, **named):
        groups.append(tracked.wanted)
        return query_directions(tracked, *arguments, **named)

    monkeypatch.setattr(query_stages, "query_directions", counted)
    capsys.readouterr()
    assert start(config, "--resume") == 0
    assert "memory_gb has changed (40 kB for factors)" in capsys.readouterr().out
    assert len(groups) > 1 and sorted(sum(groups, ())) == list(range(6))
    expected, found = influence(finished), influence(config.parent)
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-4 * float(np.abs(expected).max()))
    after = Workspace(load_config(config), resume=True).load("room-cpu")
    assert (before["allowed"], after["allowed"]) == (1_000_000, 40_000)
    assert start(config, "--resume") == 0
    assert "has changed" not in capsys.readouterr().out


def test_running_out_of_memory_advises_what_resuming_takes(config, capsys, monkeypatch):
    def too_large(*_arguments):
        raise run_module.OutOfMemory("CUDA out of memory.")

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "find_directions", too_large)
        line = refused(capsys, config, "--resume")
    assert "set influence.memory_gb lower and go on with --resume" in line
    edit(config, "memory_gb = 0.001", "memory_gb = 0.0005")
    assert start(config, "--resume") == 0


def test_a_refused_resume_leaves_the_prepared_corpus(config, capsys):
    before = corpora(config.parent)
    edit(config, "max_tokens = 60", "max_tokens = 8")
    assert "corpus.max_tokens was 60, is 8" in refused(capsys, config, "--resume")
    assert corpora(config.parent) == before


def test_a_plan_leaves_the_prepared_corpus_and_the_next_run_removes_it(config):
    before = corpora(config.parent)
    edit(config, "max_tokens = 60", "max_tokens = 8")
    assert start(config, "--plan") == 0
    both = corpora(config.parent)
    assert len(both) == 2 and set(before) < set(both)
    assert start(config) == 0
    assert corpora(config.parent) == sorted(set(both) - set(before))


def test_a_new_run_that_cannot_read_its_corpus_leaves_stages_and_corpus(config, capsys, tmp_path):
    before = corpora(config.parent)
    (tmp_path / "broken.jsonl").write_text('{"text": "a", "source": "b", "level": 1}\n{\n')
    text = config.read_text()
    (place,) = [line for line in text.splitlines() if line.endswith('corpus.jsonl"')]
    edit(config, place, f'path = "{tmp_path}/broken.jsonl"')
    assert "line 2" in refused(capsys, config)
    assert set(before) <= set(corpora(config.parent))
    assert (tmp_path / "work" / "stages" / "completions.pt").exists()


def test_a_plan_is_refused_while_a_run_is_at_work_in_its_folder(config, capsys):
    with (config.parent / "work" / "lock").open("a+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.truncate(0)
        other.write("4321")
        other.flush()
        line = refused(capsys, config, "--plan")
    assert "another run (process 4321) is at work in this folder" in line


def test_results_of_another_device_are_refused(config):
    kept = load_config(config)
    Workspace(kept, resume=True, device="cpu")
    with pytest.raises(InputError, match="device was cpu, is cuda; change it back"):
        Workspace(kept, resume=True, device="cuda")


def test_the_device_of_a_run_is_in_its_record(config, monkeypatch, capsys):
    monkeypatch.setattr(run_module, "resolve_device", lambda _: run_module.torch.device("cuda"))
    monkeypatch.setattr(preparation, "load_model", lambda *_: pytest.fail("loaded"))
    assert "device was cpu, is cuda" in refused(capsys, config, "--resume")


@pytest.mark.parametrize("library", ["transformers", "peft"])
def test_another_version_of_a_library_is_refused(config, capsys, monkeypatch, library):
    usual = run_inputs.version
    monkeypatch.setattr(
        run_inputs, "version", lambda name: "0.0.1" if name == library else usual(name)
    )
    assert f"{library} was {usual(library)}, is 0.0.1; change it back" in refused(
        capsys, config, "--resume"
    )


def test_a_refused_resume_changes_no_file(config, capsys):
    def times() -> dict[str, int]:
        files = (path for path in (config.parent / "work").rglob("*") if path.is_file())
        return {str(path): os.stat(path).st_mtime_ns for path in files if path.name != "lock"}

    before = times()
    edit(config, "tail = 4", "tail = 3")
    assert "influence.tail was 4, is 3" in refused(capsys, config, "--resume")
    assert times() == before
