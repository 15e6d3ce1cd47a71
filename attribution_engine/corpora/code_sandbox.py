"""Runs a model's Python code against tests in a process that is shut in and limited.

What it protects from: endless loops, memory hogs, fork bombs, floods of output, full disks; code
that reads this process's environment or open files, writes, deletes or renames files, uses the
network, signals or traces other processes, or leaves children behind; and code that ends the
process, or fakes its output, to look as if the tests had passed. On Linux, x86-64, with user
namespaces allowed, all of these hold. Elsewhere fewer do, and `CodeResult.protections` names those
that did: without namespaces files that the user may read can be read (nothing can be sent out),
and without the filter (other machines than x86-64) files can be removed.

What it does not protect from: holes in the kernel, for which one uses a virtual machine; time and
memory within the limits; and code that was written against this very script, which runs in the
same interpreter as the tests: it could look for the descriptor with the secret and claim to have
passed. A language model that was never shown this file does not do so by chance.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import re
import secrets
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

from attribution_engine.corpora.syscall_filter import filter_program

Outcome = Literal["passed", "failed", "timeout", "not runnable"]
CHILD: Final = Path(__file__).with_name("sandbox_child.py")
REPORT_BYTES: Final = 16_384
STARTING: Final = 0.5  # seconds allowed for the start of the interpreter
FENCE: Final = re.compile(
    r"^[ \t]*(?P<marks>`{3,}|~{3,})[ \t]*(?P<language>[\w+.-]*)[^\n]*\n(?P<code>.*?)"
    r"(?:^[ \t]*(?P=marks)|\Z)",
    re.MULTILINE | re.DOTALL,
)
PYTHON: Final = ("python", "python3", "py")


@dataclass(frozen=True, slots=True)
class CodeResult:
    """How code fared.

    Attributes:
        outcome: "passed": all tests ran to their end; "failed": an error, a wrong answer or an
            early end; "timeout"; "not runnable": the tests are no Python, or no process started.
        reason: first line of why it did not pass; empty when it did.
        protections: those that were in force, in words; empty if the process never said.
    """

    outcome: Outcome
    reason: str = ""
    protections: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"


def run_code(
    code: str, tests: str, *, timeout_seconds: float = 10.0, memory_mb: int = 512
) -> CodeResult:
    """Runs code, then tests in the same name space; passed if neither raises.

    Only the standard library can be imported; standard input is empty and output is dropped;
    `__name__` is "answer", so that what stands under `if __name__ == "__main__"` is not run.

    Args:
        code: Python source that is not trusted; tests: Python source, as a rule assertions.
        timeout_seconds: of wall-clock time; the start of the interpreter has half a second more.
        memory_mb: address space of the process.
    """
    secret = secrets.token_hex(32).encode()
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder, tempfile.TemporaryFile() as told:
        job = {
            "code": code,
            "tests": tests,
            "folder": folder,
            "memory_mb": memory_mb,
            "cpu_seconds": math.ceil(timeout_seconds) + 1,
            "filter": _filter().hex(),
        }
        text = json.dumps(job).encode()
        told.write(b"%d\n%b%b" % (len(text), text, secret))
        told.seek(0)
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-X", "utf8", str(CHILD)],
                stdin=told,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env={},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return CodeResult("not runnable", f"no process could be started: {error}")
        try:
            assert process.stdout is not None
            said = _report(process.stdout, timeout_seconds + STARTING)
        finally:
            ended = _end(process)
    return _judged(said, secret, ended, timeout_seconds)


def extract_code(completion: str) -> str:
    """The last Python fence of a completion, else its last unnamed one, else all of it."""
    fences = list(FENCE.finditer(completion))
    for wanted in (PYTHON, ("",)):
        for fence in reversed(fences):
            if fence["language"].lower() in wanted:
                return fence["code"]
    return completion


def _filter() -> bytes:
    linux = sys.platform == "linux" and platform.machine() == "x86_64" and sys.maxsize > 2**32
    return filter_program() if linux else b""


def _report(pipe: IO[bytes], seconds: float) -> bytes | None:
    """What the process reports, to its first newline or end; None if that took too long."""
    deadline = time.monotonic() + seconds
    said = b""
    while b"\n" not in said and len(said) < REPORT_BYTES:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return None
        piece = os.read(pipe.fileno(), REPORT_BYTES)
        if not piece:
            break
        said += piece
    return said


def _end(process: subprocess.Popen[bytes]) -> int:
    """Kills what is left of the process and its group, and gives its exit status."""
    # One that reported or closed its output is about to end by itself.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.05)
    if process.poll() is None:
        process.terminate()  # what waits outside the namespace then ends all that is inside
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    status = process.wait()
    if process.stdout is not None:
        process.stdout.close()
    return status


def _judged(said: bytes | None, secret: bytes, ended: int, timeout_seconds: float) -> CodeResult:
    if said is None:
        return CodeResult("timeout", f"still running after {timeout_seconds:g} seconds")
    if not said.startswith(secret):
        return CodeResult("failed", f"the process ended before its tests did ({_status(ended)})")
    try:
        outcome, reason, protections = json.loads(said[len(secret) :])
    except ValueError:
        return CodeResult("failed", "the process ended while it reported")
    return CodeResult(outcome, reason, tuple(protections))


def _status(ended: int) -> str:
    """An exit status in words; 256 − n is how the process apart passes signal n on."""
    number = -ended if ended < 0 else 256 - ended
    if 0 < number < signal.NSIG:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(number).name}"
    return f"exit status {ended}"
