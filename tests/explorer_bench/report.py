"""The one table, in Markdown, with the machine that it was taken on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.explorer_bench.crowd import Crowd
from tests.explorer_bench.steps import Result

MEMORY_TARGET = 10**9  # bytes, of the server with one person
SLACK = 1.5  # with 20 people, and from 5,000,000 documents on
LARGE = 5_000_000
PACKAGES = ("streamlit", "duckdb", "plotly", "pandas", "playwright")


@dataclass(frozen=True)
class Memory:
    """Resident memory of the server now and at its highest, in bytes; errors in its log."""

    now: int
    highest: int
    errors: int


@dataclass
class Measured:
    """All that was measured on one store."""

    n_documents: int
    n_queries: int
    results: list[Result] = field(default_factory=list)
    alone: Memory = Memory(0, 0, 0)
    together: Memory = Memory(0, 0, 0)
    crowd: Crowd | None = None

    @property
    def slack(self) -> float:
        """What the targets are multiplied with."""
        return SLACK if self.n_documents >= LARGE else 1.0

    @property
    def met(self) -> bool:
        """Whether every target is met."""
        return all(met for _, met in self.cells().values())

    def cells(self) -> dict[tuple[str, str], tuple[str, bool]]:
        """(what, target) -> (measured, whether the target is met)."""
        found = {}
        for one in self.results:
            target = f"≤ {_seconds(one.target)}"
            if one.problem:
                found[one.name, target] = (one.problem, False)
                continue
            middle = median(one.times)
            words = f"{_seconds(middle)} (worst of {len(one.times)}: {_seconds(max(one.times))})"
            found[one.name, target] = (words, middle <= one.target * self.slack)
        if self.alone.highest:
            found["Server memory at its highest", "≤ 1 GB"] = (
                _gigabytes(self.alone.highest),
                self.alone.highest <= MEMORY_TARGET * self.slack and not self.alone.errors,
            )
        if self.crowd is not None:
            people = self.crowd.sessions
            errors = len(self.crowd.errors) + self.together.errors
            found[f"The same with {people} people at once", "≤ 1.5 GB"] = (
                _gigabytes(self.together.highest),
                self.together.highest <= SLACK * MEMORY_TARGET * self.slack,
            )
            found[f"Errors that {people} people saw", "0"] = (
                f"{errors} in {self.crowd.actions} views (median wait "
                f"{_seconds(self.crowd.median_wait)}, browsers included)",
                errors == 0 and self.crowd.actions > 0,
            )
        return found


def table(measured: Sequence[Measured], command: str, sessions: int) -> str:
    """Every target, what each store gave, and whether it is met: ✓ or ✗."""
    heads = [f"{one.n_documents:,} × {one.n_queries:,}" for one in measured]
    lines = [
        "| What | Target | " + " | ".join(f"{head} | Met" for head in heads) + " |",
        "|---|---|" + "---|---|" * len(heads),
    ]
    cells = [one.cells() for one in measured]
    for key in dict.fromkeys(key for found in cells for key in found):
        row = [*key]
        for found in cells:
            words, met = found.get(key, ("not measured", False))
            row += [words, "✓" if met else "✗"]
        lines.append("| " + " | ".join(row) + " |")
    slack = (
        f" From {LARGE:,} documents on, targets are multiplied by {SLACK}."
        if any(one.slack > 1 for one in measured)
        else ""
    )
    errors = [error for one in measured if one.crowd for error in one.crowd.errors]
    told = "".join(f"\n\nError: {error}" for error in dict.fromkeys(errors[:10]))
    return (
        "\n".join(lines)
        + f"\n\nMedians; from the click to the content on screen, headless Chromium on the same "
        f"machine.{slack} {machine()} `{command}`{told}"
    )


def machine() -> str:
    """Processor, memory and versions."""
    facts = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((one.split(":")[1].strip() for one in facts if one.startswith("model name")), "?")
    kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{os.cpu_count()} cores ({model}), {kilobytes / 2**20:.0f} GB; Python "
        f"{platform.python_version()}, {versions}."
    )


def _seconds(milliseconds: float) -> str:
    if milliseconds != milliseconds:
        return "–"
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.2f} s"
    return f"{milliseconds:.0f} ms"


def _gigabytes(size: int) -> str:
    return f"{size / 10**9:.2f} GB"
