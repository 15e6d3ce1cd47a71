"""The command `flip`: a training set with some groups of a run's documents in place of others."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from attribution_engine.findings.flip import MODES, Flipped, Mode, flip
from attribution_engine.findings.flip_plan import FlipGroup, Swap, asked_swaps, chosen_swaps
from attribution_engine.flip_report import FlipReport, flip_report, markdown
from attribution_engine.records import InputError
from attribution_engine.store.flip_reads import (
    BATCH,
    DocumentLabels,
    DocumentLine,
    FlipReads,
    flip_groups,
)

WITHOUT_SIGN: Final = ("bm25", "self-influence")
NAMED: Final = 12  # groups that a message lists
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class FlipOptions:
    """What to write. See `add_flip_command`."""

    store: Path
    output: Path
    suites: tuple[str, ...] = ()
    into: tuple[str, ...] = ()
    out: tuple[str, ...] = ()
    mode: Mode = "resample"
    amount: float = 1.0
    tokens: int | None = None
    tolerance: float = 0.01
    seed: int = 0
    force: bool = False


def add_flip_command(commands: Any) -> None:
    """Adds `flip` to the command line."""
    parser = commands.add_parser(
        "flip", help="write a training set with some groups of documents in place of others"
    )
    parser.add_argument("store", type=Path, metavar="STORE")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE.jsonl",
        help="the training set; its report goes beside it, as .json and .md",
    )  # fmt: skip
    parser.add_argument(
        "--suite", action="append", default=[], metavar="NAME",
        help="suite whose influence counts; may be given several times (math and code suites)",
    )  # fmt: skip
    parser.add_argument(
        "--out", action="append", default=[], metavar="DIFFICULTY:DOMAIN",
        help="group that goes out; may be given several times (worst level of each domain)",
    )  # fmt: skip
    parser.add_argument(
        "--into", action="append", default=[], metavar="DIFFICULTY:DOMAIN",
        help="group that comes in; may be given several times (best level of each domain)",
    )  # fmt: skip
    parser.add_argument("--mode", choices=MODES, default="resample")
    parser.add_argument(
        "--amount", type=float, default=1.0, help="share of what goes out, by tokens (1)"
    )
    parser.add_argument(
        "--tokens", type=int, help="size of the set; what it leaves is drawn first (all documents)"
    )
    parser.add_argument(
        "--tolerance", type=float, default=0.01, help="share by which tokens may miss (0.01)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (0)")
    parser.add_argument("--force", action="store_true", help="write over what is there")
    parser.set_defaults(command=_command)


def _command(chosen: argparse.Namespace) -> int:
    options = FlipOptions(
        chosen.store, chosen.output, tuple(chosen.suite), tuple(chosen.into), tuple(chosen.out),
        chosen.mode, chosen.amount, chosen.tokens, chosen.tolerance, chosen.seed, chosen.force,
    )  # fmt: skip
    try:
        report = write_flip(options)
    except KeyboardInterrupt:
        print("\nstopped; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        raise InputError(f"flip: nothing was written: {error}") from error
    for line in report.summary():
        print(line)
    print(f"{options.output}: written, its report beside it as .json and .md")
    return 0


def write_flip(options: FlipOptions) -> FlipReport:
    """Writes the training set and its report, all three files or none.

    Raises:
        InputError: something asked for is not there, or a file is there already.
    """
    files = _files(options)
    reads = FlipReads(options.store)
    try:
        run = reads.run()
        if run.method in WITHOUT_SIGN and not (options.out and options.into):
            raise InputError(
                f"flip: scores of {run.method} do not say what helps; name groups with --out and "
                "--into, or take a run of a gradient method"
            )
        labels = reads.labels()
        names = _suites(reads, options)
        scores = {name: reads.suite_scores(name, labels) for name in names}
        groups = flip_groups(labels, scores)
        swaps = _swaps(groups, names, options)
        flipped = flip(
            labels.n_tokens,
            [(_members(swap.out, labels), _members(swap.into, labels)) for swap in swaps],
            options.mode,
            options.seed,
            options.amount,
            options.tokens,
        )
        missed = max((done.missed for done in flipped.swaps), default=0.0)
        report = flip_report(
            options.store, run, options, swaps, flipped, labels,
            scores if run.method not in WITHOUT_SIGN else {}, missed,
        )  # fmt: skip
        with _aside(files) as (data, record, page):
            for line in _lines(reads, labels, flipped):
                data.write(json.dumps(line, ensure_ascii=False) + "\n")
            json.dump(report.record, record, ensure_ascii=False, indent=1)
            record.write("\n")
            page.write(markdown(report))
        return report
    finally:
        reads.close()


def _files(options: FlipOptions) -> tuple[Path, Path, Path]:
    output = options.output
    if output.suffix != ".jsonl":
        raise InputError(f"flip: --output {output} does not end in .jsonl; the report is beside it")
    files = (output, output.with_suffix(".json"), output.with_suffix(".md"))
    there = [file for file in files if file.exists()]
    if there and not options.force:
        raise InputError(f"flip: {there[0]} is there already; choose another --output or --force")
    if any(file.is_dir() for file in there):
        raise InputError(f"flip: {there[0]} is a folder; choose another --output")
    if not 0 < options.amount <= 1:
        raise InputError("flip: --amount is a share above 0 and at most 1")
    if not 0 <= options.tolerance <= 1:
        raise InputError("flip: --tolerance is a share from 0 to 1")
    if options.tokens is not None and options.tokens < 1:
        raise InputError("flip: --tokens is at least 1")
    if options.seed < 0:
        raise InputError("flip: --seed is a whole number from 0 on")
    if bool(options.into) != bool(options.out):
        raise InputError("flip: give both --out and --into, or neither of them")
    return files


def _suites(reads: FlipReads, options: FlipOptions) -> list[str]:
    abouts = reads.suites()
    for name in options.suites:
        if name not in abouts:
            raise InputError(f"flip: there is no suite {name}; this run has {', '.join(abouts)}")
    chosen = list(dict.fromkeys(options.suites))
    return chosen or [name for name, about in abouts.items() if about != "other"] or list(abouts)


def _swaps(groups: Sequence[FlipGroup], suites: Sequence[str], options: FlipOptions) -> list[Swap]:
    if options.out:
        out, into = (
            list({one.name: one for text in asked for one in _named(text, groups)}.values())
            for asked in (options.out, options.into)
        )
        both = {group.name for group in out} & {group.name for group in into}
        if both:
            raise InputError(f"flip: {sorted(both)[0]} cannot go out and come in at once")
        return asked_swaps(out, into)
    swaps = chosen_swaps(groups, suites)
    if not swaps:
        raise InputError(
            "flip: no domain has two levels of difficulty (easy, medium, hard, or numbers) to "
            "choose from; set `domain` and `difficulty` in [corpus] and run again, or name groups "
            "with --out and --into"
        )
    return swaps


def _named(text: str, groups: Sequence[FlipGroup]) -> list[FlipGroup]:
    """The groups that "hard:math" names; an empty part names all."""
    difficulty, colon, domain = text.rpartition(":")
    found = [
        group
        for group in groups
        if (not difficulty or group.difficulty == difficulty)
        and (not domain or group.domain == domain)
    ]
    if not colon or not (difficulty or domain) or not found:
        known = ", ".join(f"{group.name} ({group.n})" for group in groups[:NAMED])
        more = f" and {len(groups) - NAMED} others" if len(groups) > NAMED else ""
        raise InputError(f"flip: no group {text}; DIFFICULTY:DOMAIN are {known}{more}")
    return found


def _members(groups: Sequence[FlipGroup], labels: DocumentLabels) -> np.ndarray:
    codes = [labels.pairs.index((group.domain, group.difficulty)) for group in groups]
    return np.flatnonzero(np.isin(labels.codes, codes))


def _lines(reads: FlipReads, labels: DocumentLabels, flipped: Flipped) -> Iterator[dict[str, Any]]:
    """The lines of the set: every document once, in order, then the second copies, and so on."""
    with_prompts = reads.has_prompts()
    for copy in range(1, int(flipped.copies.max(initial=0)) + 1):
        rows = np.flatnonzero(flipped.copies >= copy)
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            for row, line in zip(part, reads.lines(labels.doc_ids[part]), strict=True):
                domain, difficulty = labels.pairs[labels.codes[row]]
                yield {
                    **_text(line, with_prompts),
                    "weight": float(flipped.weights[row]),
                    "doc_id": line.doc_id,
                    "group": f"{difficulty}:{domain}",
                    "copy": copy,
                    "source": line.source,
                }


def _text(line: DocumentLine, with_prompts: bool) -> dict[str, Any]:
    if not with_prompts:
        return {"text": line.text}
    fields: dict[str, Any] = {
        "prompt": line.text[: line.prompt_chars],
        "response": line.text[line.prompt_chars :],
    }
    if line.loss_ranges:
        # Characters of the response with loss, where some of it has none.
        fields["loss_ranges"] = [at - line.prompt_chars for at in line.loss_ranges]
    return fields


@contextmanager
def _aside(files: Sequence[Path]) -> Iterator[list[IO[str]]]:
    """Files beside these to write; moved into place together, or removed."""
    parts = [file.with_name(f".{file.name}.{os.getpid()}.part") for file in files]
    files[0].parent.mkdir(parents=True, exist_ok=True)
    opened: list[IO[str]] = []
    try:
        for part in parts:
            opened.append(part.open("w", encoding="utf-8"))
        yield opened
        for stream in opened:
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
        # The set itself last: where it is, its report is.
        for part, file in reversed(list(zip(parts, files, strict=True))):
            os.replace(part, file)
    finally:
        for stream in opened:
            stream.close()
        for part in parts:
            part.unlink(missing_ok=True)
