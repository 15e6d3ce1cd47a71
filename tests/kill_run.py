"""Runs in forked processes that are killed at chosen moments: the far side of the kill tests.

`python -m tests.kill_run CONFIG KILLS SEED REFERENCE` runs CONFIG undisturbed, keeps its store as
REFERENCE, and then kills runs of it KILLS times, going on with --resume in between. A process that
has imported everything and started no thread is forked for each, so that a kill costs little.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import torch
import torch._dynamo  # noqa: F401  (a run's first backward pass would import it)
import transformers.models.llama.modeling_llama  # noqa: F401  (so would the first model)
from transformers import AutoModelForCausalLM  # noqa: F401

from attribution_engine import prepared_corpus
from attribution_engine.__main__ import main
from attribution_engine.run import run  # noqa: F401  (the command imports it late)

FILE_EVENTS = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "open", "shutil.rmtree"}


@dataclass(frozen=True, slots=True)
class Moment:
    """When a run is killed.

    Attributes:
        kind: "event" (before the n-th change of a file), "half" (with the n-th file written in
            part), "time" (after `at` seconds), or "never".
        at: which one; for "half" its fraction is the part of the file that is there.
    """

    kind: str
    at: float = 0.0


def forked(work: Callable[[], int], log: Path, kill_after: float | None = None) -> tuple[int, str]:
    """Runs a function in a child process.

    Returns:
        Its exit code, negative where a signal ended it, and all that it printed.
    """
    child = os.fork()
    if not child:
        with log.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        try:
            code = work()
        except BaseException as error:  # shown by the parent
            print(f"{type(error).__name__}: {error}", flush=True)
            code = 99
        sys.stdout.flush()
        os._exit(code)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), log.read_text(errors="replace")


def killed_run(config: Path, resume: bool, moment: Moment, counts: Path | None = None) -> int:
    """A run that ends its own process at the moment; `counts` is told how many there were."""
    seen = {"events": 0, "writes": 0}
    folder = str(config.parent)

    def watch(event: str, arguments: tuple) -> None:
        if event not in FILE_EVENTS or not str(arguments[0]).startswith(folder):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & os.O_CREAT):
            return
        seen["events"] += 1
        if moment.kind == "event" and seen["events"] == int(moment.at):
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(write: Callable, place: int) -> Callable:
        def write_and_look(*arguments, **named):
            write(*arguments, **named)
            seen["writes"] += 1
            if moment.kind == "half" and seen["writes"] == int(moment.at):
                size = os.path.getsize(arguments[place])
                os.truncate(arguments[place], int(size * (moment.at % 1)))
                os.kill(os.getpid(), signal.SIGKILL)

        return write_and_look

    torch.save = watched(torch.save, 1)
    pq.write_table = watched(pq.write_table, 1)
    np.save = watched(np.save, 0)
    prepared_corpus.PART_DOCUMENTS = 4  # so that there are several parts
    sys.addaudithook(watch)
    code = main(["run", str(config), "--device", "cpu", *(["--resume"] if resume else [])])
    if counts is not None:
        counts.write_text(json.dumps(seen))
    return code


def check_whole(config: Path, reference: Path) -> int:
    """Whether everything that passes for complete is; an error says what is not."""
    for path in (config.parent / "work").rglob("*"):
        if any(part.endswith((".part", ".part.json")) for part in path.parts) or path.is_dir():
            continue
        if path.suffix == ".pt":
            torch.load(path, weights_only=True)
        elif path.suffix == ".parquet":
            pq.ParquetFile(path).read(use_threads=False)
        elif path.suffix == ".npy":
            np.load(path)
        elif path.suffix == ".json":
            json.loads(path.read_text())
    store = config.parent / "tiny.duckdb"
    if store.exists() and different(store, reference):
        raise AssertionError(f"the store differs in {different(store, reference)}")
    return 0


def different(store: Path, reference: Path) -> list[str]:
    """The tables that are not the same in two stores, bit for bit; not those that hold times."""
    found = []
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, path in (("a", store), ("b", reference)):
            connection.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'b'"
        ).fetchall()
        for (table,) in names:
            rows = [
                connection.execute(f'SELECT * FROM {name}.main."{table}"').fetchall()
                for name in ("a", "b")
            ]
            # As text, since a NaN is not equal to itself; in order, which is part of the store.
            if table not in ("run", "finding_setting") and repr(rows[0]) != repr(rows[1]):
                found.append(table)
    return found


def drawn_moment(
    draw: random.Random, kinds: list[str], seen: dict[str, int], seconds: float, share: float
) -> Moment:
    """A moment of one of the kinds, within the first `share` of a run."""
    kind = draw.choice(kinds)
    if kind == "event":
        return Moment(kind, draw.randint(1, int(seen["events"] * share)))
    if kind == "half":
        return Moment(kind, draw.randint(1, int(seen["writes"] * share)) + draw.random() * 0.99)
    return Moment(kind, draw.uniform(0.0, seconds * share))


def kill_again_and_again(config: Path, kills: int, seed: int, reference: Path) -> None:
    """Prints a line for every kill; raises where a resumed run fails or leaves half a file.

    There are at least that many kills, and some of every kind.
    """
    folder, draw = config.parent, random.Random(seed)
    log, counts = folder / "log.txt", folder.parent / "counts.json"
    started = time.monotonic()
    code, said = forked(lambda: killed_run(config, False, Moment("never"), counts), log)
    seconds = time.monotonic() - started
    assert code == 0, said
    shutil.copy(folder / "tiny.duckdb", reference)
    seen = json.loads(counts.read_text())
    kinds, done = ["event", "event", "half", "time"], []
    chains = 0
    while len(done) < kills or set(done) != set(kinds):
        if chains % 2:  # every other time from nothing, else over a finished run
            shutil.rmtree(folder / "work")
            (folder / "tiny.duckdb").unlink()
        chains += 1
        finished, resume = False, False
        while not finished:
            # A resumed run may end before the moment drawn for it, a fresh one hardly does: what
            # no kill was of yet is drawn there.
            share = 0.35 if resume else 1.0
            missing = [kind for kind in kinds if kind not in done]
            moment = Moment("never")
            if len(done) < kills or missing:
                of = missing if missing and not resume else kinds
                moment = drawn_moment(draw, of, seen, seconds, share)
            code, said = forked(
                lambda resume=resume, moment=moment: killed_run(config, resume, moment),
                log,
                moment.at if moment.kind == "time" else None,
            )
            assert code in (0, -signal.SIGKILL), (moment, said)
            finished, resume = code == 0, True
            code, said = forked(lambda: check_whole(config, reference), log)
            assert code == 0, (moment, said)
            if not finished:
                done.append(moment.kind)
                print(json.dumps({"kind": moment.kind, "at": moment.at}), flush=True)
        left = [path.name for path in folder.glob(".*.part*")]
        assert not left, left
        assert (folder / "tiny.duckdb").exists()
    print(json.dumps({"chains": chains, "seen": seen, "seconds": seconds}))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        kill_again_and_again(
            Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
        )
