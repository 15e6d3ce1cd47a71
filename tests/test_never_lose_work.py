"""Killed, out of disk, out of memory, changed underneath: a run loses nothing, and says why."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import peft
import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoModelForCausalLM
from transformers.models.llama.modeling_llama import LlamaModel

import attribution_engine.run as run_module
from attribution_engine import run_inputs
from attribution_engine.__main__ import main
from attribution_engine.corpora.configuration import load_config
from attribution_engine.records import InputError
from attribution_engine.workspace import Workspace
from tests.kill_run import different
from tests.tiny_run import write_config, write_corpus

# All levels, cut spans, several shards, and layers in two to six groups a stage.
EVERYTHING = "rank = 3\nshard_tokens = 120\ncut_documents = 1\nmemory_gb = 0.000024\n"
N_DOCUMENTS = 10


def configured(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    write_corpus(folder / "corpus.jsonl", N_DOCUMENTS)
    return write_config(folder, influence=EVERYTHING)


def start(config: Path, *more: str) -> int:
    return main(["run", str(config), "--device", "cpu", *more])


def refused(capsys, config: Path, *more: str) -> str:
    """The one line of a run that must stop on bad input."""
    capsys.readouterr()
    assert start(config, *more) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


def resumes_to(reference: Path, config: Path) -> None:
    """Goes on with a run, which must end in the reference's scores, bit for bit."""
    assert start(config, "--resume") == 0
    assert different(config.parent / "tiny.duckdb", reference) == []
    assert list(config.parent.rglob("*.part*")) == []


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The configuration of a finished run; tests leave it so."""
    config = configured(tmp_path_factory.mktemp("finished"))
    assert start(config) == 0
    shutil.copy(config.parent / "tiny.duckdb", config.parent / "reference.duckdb")
    return config


@pytest.fixture
def reference(finished) -> Path:
    return finished.parent / "reference.duckdb"


@pytest.mark.slow
def test_a_run_killed_at_25_random_moments_ends_in_the_same_scores_bit_for_bit(tmp_path):
    config = configured(tmp_path / "run")
    done = subprocess.run(
        [sys.executable, "-m", "tests.kill_run", config, "25", "1", tmp_path / "reference.duckdb"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    *kills, summary = map(json.loads, done.stdout.splitlines())
    assert len(kills) >= 25
    assert {each["kind"] for each in kills} == {"event", "half", "time"}
    assert summary["chains"] >= 2
    assert different(tmp_path / "run" / "tiny.duckdb", tmp_path / "reference.duckdb") == []


CUT_BY_THE_DISK = (
    "completions.pt",
    "room-cpu.pt",
    "seconds.json",
    "bases/00003.pt",
    "eigenvalues/00001.pt",
    "directions/00005.pt",
    "scores/000001/documents.parquet",
    "scores/000000/tokens.parquet",
    "scores/000000/classes.parquet",
    "predicted/000002/tokens.parquet",
    "cuts/000000/cuts.parquet",
    "influence.f32",
)


@pytest.mark.parametrize("left", [0.0, 0.6])
def test_files_that_a_power_failure_cut_are_computed_again(finished, reference, left):
    stages = finished.parent / "work" / "stages"
    for names in (CUT_BY_THE_DISK[left > 0 :: 4], CUT_BY_THE_DISK[2::3], CUT_BY_THE_DISK):
        for path in map(stages.joinpath, names):
            os.truncate(path, int(path.stat().st_size * left))
        resumes_to(reference, finished)


def test_a_result_with_wrong_bytes_inside_is_removed_with_a_line_and_computed_again(
    finished, reference, capsys
):
    file = finished.parent / "work" / "stages" / "directions" / "00002.pt"
    content = bytearray(file.read_bytes())
    at = content.index(b"data.pkl") + 60
    content[at : at + 40] = bytes(40)
    file.write_bytes(content)
    shutil.rmtree(finished.parent / "work" / "stages" / "scores")
    assert "00002.pt: was damaged and is removed; go on with --resume" in refused(
        capsys, finished, "--resume"
    )
    resumes_to(reference, finished)


def test_a_prepared_corpus_that_the_disk_cut_is_never_scored_as_it_is(finished, reference, capsys):
    (folder,) = (finished.parent / "work").glob("corpus-*")
    for name in ("corpus.json", "part-000000/tokens.npy", "part-000000/documents.parquet"):
        os.truncate(folder / name, (folder / name).stat().st_size // 2)
        line = refused(capsys, finished, "--resume")
        assert str(folder) in line
        assert "remove the folder" in line
        shutil.rmtree(folder)
        resumes_to(reference, finished)


class FullDisk:
    """Writes that fail from the n-th on, with half of the last file written."""

    def __init__(self, monkeypatch, room: int) -> None:
        self.room = room
        monkeypatch.setattr(torch, "save", self.limited(torch.save, 1))
        monkeypatch.setattr(pq, "write_table", self.limited(pq.write_table, 1))
        monkeypatch.setattr(np, "save", self.limited(np.save, 0))

    def limited(self, write, place):
        def write_or_fail(*arguments, **named):
            write(*arguments, **named)
            self.room -= 1
            if self.room < 0:
                os.truncate(arguments[place], os.path.getsize(arguments[place]) // 2)
                raise OSError(errno.ENOSPC, "No space left on device", str(arguments[place]))

        return write_or_fail


def test_a_full_disk_is_one_line_and_the_run_goes_on_after(tmp_path, reference, capsys):
    config = configured(tmp_path)
    draw = random.Random(3)
    more: list[str] = []
    for _ in range(6):
        with pytest.MonkeyPatch.context() as patch:
            FullDisk(patch, draw.randint(0, 8))
            line = refused(capsys, config, *more)
        assert "No space left on device" in line
        assert "--resume" in line
        assert not (tmp_path / "tiny.duckdb").exists()
        assert list(tmp_path.rglob("*.part*")) == []
        more = ["--resume"]
    resumes_to(reference, config)


def test_a_real_limit_on_files_is_met_in_every_writer_and_the_run_goes_on_after(
    tmp_path, reference, capsys
):
    config = configured(tmp_path)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    lines, more = [], []
    for room in (2_000, 3_500, 9_000, 100_000):  # Python ignores SIGXFSZ: writes fail instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, usual[1]))
        try:
            lines.append(refused(capsys, config, *more))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        assert list(tmp_path.rglob("*.part*")) == []
        more = ["--resume"]
    assert "tiny.duckdb: cannot be written" in lines[-1]
    assert all("--resume" in line for line in lines)
    assert len(set(lines)) >= 3
    resumes_to(reference, config)


def test_a_disk_too_full_for_the_union_of_shards_is_one_line(finished, capsys, monkeypatch):
    def no_room(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", no_room)
    assert "No space left" in refused(capsys, finished, "--resume")


def limit_passes(monkeypatch, positions: int) -> None:
    """Has every pass with gradients over more positions run out of memory."""
    forward = LlamaModel.forward

    def limited(self, input_ids=None, **named):
        if torch.is_grad_enabled() and input_ids.numel() > positions:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return forward(self, input_ids=input_ids, **named)

    monkeypatch.setattr(LlamaModel, "forward", limited)


def test_out_of_memory_halves_the_batches_and_the_scores_agree(
    tmp_path, reference, capsys, monkeypatch
):
    config = configured(tmp_path)
    limit_passes(monkeypatch, 70)
    assert start(config) == 0
    assert "out of memory, going on with batches of 62 tokens" in capsys.readouterr().out
    for table, column in (("influence", "influence"), ("token_influence", "unnest(scores)")):
        found, wanted = (
            np.array(scores_of(store, f"SELECT {column} FROM {table} ORDER BY query_id, doc_id"))
            for store in (tmp_path / "tiny.duckdb", reference)
        )
        assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()


def scores_of(store: Path, question: str) -> list[float]:
    with duckdb.connect(str(store), read_only=True) as connection:
        return [value for (value,) in connection.execute(question).fetchall()]


def test_what_fits_in_no_batch_is_one_line(tmp_path, capsys, monkeypatch):
    config = configured(tmp_path)
    limit_passes(monkeypatch, 0)
    line = refused(capsys, config)
    assert "out of memory even with one text a batch" in line
    assert "corpus.max_tokens" in line


def test_out_of_memory_outside_the_batches_is_one_line(tmp_path, capsys, monkeypatch):
    def too_large(*_arguments):
        raise torch.OutOfMemoryError("CUDA out of memory.\nand a report of many lines")

    monkeypatch.setattr(run_module, "find_directions", too_large)
    line = refused(capsys, configured(tmp_path))
    assert "out of memory (CUDA out of memory.)" in line
    assert "influence.memory_gb" in line


def test_an_unreadable_row_in_the_middle_is_mended_and_the_run_goes_on(tmp_path, reference, capsys):
    config = configured(tmp_path)
    corpus = tmp_path / "corpus.jsonl"
    whole = corpus.read_text()
    lines = whole.splitlines()
    lines[7] = lines[7][:-4]
    corpus.write_text("\n".join(lines) + "\n")
    assert "corpus.jsonl: line 8" in refused(capsys, config)
    corpus.write_text(whole)
    resumes_to(reference, config)


@contextlib.contextmanager
def changed(path: Path, old: str = "", new: str = "\n"):
    """A text file changed for a while."""
    before, stat = path.read_bytes(), path.stat()
    text = before.decode()
    assert old in text
    path.write_text(text.replace(old, new, 1) if old else text + new)
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_changed_key_is_named_with_its_old_and_new_value(finished, reference, capsys):
    with changed(finished, "tail = 4", "tail = 3"):
        line = refused(capsys, finished, "--resume")
    assert "configuration: influence.tail was 4, is 3; change it back" in line
    with changed(finished, "[influence]", "[influence]\nseed = 5"):
        line = refused(capsys, finished, "--resume")
    assert "configuration: influence.seed was absent, is 5" in line
    resumes_to(reference, finished)


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("corpus.jsonl", "corpus {}/corpus.jsonl (corpus.jsonl)"),
        ("given.jsonl", "queries {}/given.jsonl"),
        ("model/config.json", "model {}/model (config.json)"),
        ("model/tokenizer_config.json", "model {}/model (tokenizer_config.json)"),
    ],
)
def test_a_changed_file_is_named(finished, reference, capsys, file, named):
    with changed(finished.parent / file):
        line = refused(capsys, finished, "--resume")
    assert f"changed since: {named.format(finished.parent)}; change it back" in line
    resumes_to(reference, finished)


def test_changed_weights_are_named(finished, reference, capsys):
    weights = finished.parent / "model" / "model.safetensors"
    stat = weights.stat()
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    line = refused(capsys, finished, "--resume")
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert f"model {weights.parent} (model.safetensors)" in line
    resumes_to(reference, finished)


def test_another_engine_is_named_with_both_versions(finished, reference, capsys, monkeypatch):
    monkeypatch.setattr(run_inputs, "__version__", "99.0")
    line = refused(capsys, finished, "--resume")
    assert "engine was 0." in line
    assert "is 99.0" in line


def test_a_changed_adapter_and_a_changed_tokenizer_of_its_own_are_named(tmp_path, finished, capsys):
    model = AutoModelForCausalLM.from_pretrained(finished.parent / "model")
    lora = peft.LoraConfig(r=2, target_modules=["up_proj"], init_lora_weights=False)
    peft.get_peft_model(model, lora).save_pretrained(tmp_path / "adapter")
    shutil.copytree(finished.parent / "model", tmp_path / "tokenizer")
    config = configured(tmp_path / "run")
    text = config.read_text().replace(
        "[corpus]",
        f'adapter = "{tmp_path}/adapter"\ntokenizer = "{tmp_path}/tokenizer"\n[corpus]',
    )
    config.write_text(text)
    kept = load_config(config)
    Workspace(kept, resume=False)
    Workspace(kept, resume=True)
    for folder, file in (("adapter", "adapter_config.json"), ("tokenizer", "tokenizer.json")):
        with (
            changed(tmp_path / folder / file),
            pytest.raises(InputError, match=rf"since: {folder} {tmp_path}/{folder} \({file}\);"),
        ):
            Workspace(kept, resume=True)
    Workspace(kept, resume=True)


def test_a_folder_of_an_older_version_is_refused_and_a_start_that_was_killed_is_not(
    finished, reference, capsys, tmp_path
):
    kept = finished.parent / "work" / "stages" / "inputs.json"
    content = kept.read_bytes()
    for damage in (kept.unlink, lambda: kept.write_bytes(b"")):
        damage()
        line = refused(capsys, finished, "--resume")
        assert "an older version left it without a record of what it was computed from" in line
        assert "run without --resume to start anew" in line
        kept.write_bytes(content)
    resumes_to(reference, finished)
    config = configured(tmp_path)
    (tmp_path / "work" / "stages").mkdir(parents=True)
    (tmp_path / "work" / "stages" / "inputs.part.json").write_text("{")
    assert Workspace(load_config(config), resume=True).seconds == {}


def test_a_start_anew_never_takes_half_removed_results_for_its_own(finished, monkeypatch, tmp_path):
    config = configured(tmp_path)
    kept = load_config(config)
    work = Workspace(kept, resume=False)
    with work.writing_shard("scores/000000") as folder:
        (folder / "first").write_text("1")
        (folder / "second").write_text("2")

    def killed(path, **_named):
        if Path(path).exists():
            next(Path(path).rglob("second")).unlink()
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", killed)
        Workspace(kept, resume=False)
    assert Workspace(kept, resume=True).shard("scores/000000") is None
    assert [path.name for path in (tmp_path / "work").rglob("first")] == []


def test_two_runs_in_one_work_folder_are_refused(finished, reference, capsys):
    with (finished.parent / "work" / "lock").open("a+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.truncate(0)
        other.write("4321")
        other.flush()
        line = refused(capsys, finished, "--resume")
        assert "another run (process 4321) is at work in this folder" in line
        line = refused(capsys, finished)  # nothing is thrown away either
    assert "output.work" in line
    resumes_to(reference, finished)


def test_a_finished_run_resumed_computes_nothing_and_keeps_its_timings(
    finished, reference, monkeypatch
):
    kept = finished.parent / "work" / "stages" / "seconds.json"
    before = json.loads(kept.read_text())
    assert set(before) == {
        "completions",
        "covariances",
        "eigendecompositions",
        "eigenvalues",
        "query gradients",
        "scores",
        "tokens (predicted)",
        "cuts",
    }

    def never(*_arguments, **_named):
        raise AssertionError("computed again")

    began = time.monotonic()
    with monkeypatch.context() as patch:
        for module, name in (
            ("run", "complete_queries"),
            ("curvature_stages", "fit_covariances"),
            ("curvature_stages", "eigenpairs"),
            ("curvature_stages", "fit_eigenvalues"),
            ("query_stages", "query_directions"),
            ("score_stages", "score_documents"),
            ("token_stages", "predicted_scores"),
            ("cut_stages", "score_documents"),
        ):
            patch.setattr(f"attribution_engine.{module}.{name}", never)
        resumes_to(reference, finished)
    took = time.monotonic() - began
    after = json.loads(kept.read_text())
    assert all(after[stage] >= seconds for stage, seconds in before.items())
    # What looking the results up took is added, and no more than that (kept to a millisecond).
    assert sum(after.values()) - sum(before.values()) <= took + 0.001 * len(after)
    (stored,) = scores_of(finished.parent / "tiny.duckdb", "SELECT stage_seconds FROM run")
    assert json.loads(stored) == after


def test_time_spent_before_a_kill_counts(tmp_path, monkeypatch):
    kept = load_config(configured(tmp_path))
    clock = iter(range(0, 1000, 10))
    # Its own clock only: other threads may look at the time too.
    ours = SimpleNamespace(monotonic=lambda: next(clock))
    monkeypatch.setattr("attribution_engine.workspace.time", ours)
    work = Workspace(kept, resume=False)
    stage = work.timed("scores")
    stage.__enter__()
    with work.timed("inner"):
        pass
    with work.writing_shard("scores/000000") as folder:
        (folder / "file").write_text("1")
    # Killed here: the stage never ends.
    again = Workspace(kept, resume=True)
    assert again.seconds["scores"] >= 20
    assert again.seconds["inner"] == 10
    with again.timed("scores"):
        pass
    assert again.seconds["scores"] > work.seconds["scores"]


def test_stores_that_differ_in_the_last_bit_of_a_score_are_told_apart(reference, tmp_path):
    other = Path(shutil.copy(reference, tmp_path))
    with duckdb.connect(str(other)) as connection:
        connection.execute(
            "UPDATE influence SET influence = influence * (1 + 1.2e-7) WHERE doc_id = 3"
        )
    assert different(other, reference) == ["influence"]
