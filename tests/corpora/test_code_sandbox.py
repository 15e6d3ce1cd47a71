"""The sandbox: right code passes, wrong code fails, and hostile code gets nowhere.

Every attack is tried under all protections, and under those that a machine without namespaces, or
one without the system call filter, would have.
"""

from __future__ import annotations

import functools
import os
import re
import socket
import sys
import time
from pathlib import Path

import pytest

from attribution_engine.corpora import code_sandbox
from attribution_engine.corpora.code_sandbox import CodeResult, extract_code
from tests.quick import processor_seconds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the protections are Linux's")
FORGERY = """
import os
import re
def forge(lines):
    for descriptor in range(3, 1 << 16):
        for line in lines:
            try:
                os.write(descriptor, line)
            except OSError:
                break
"""


PATIENCE = 60  # seconds: for what takes hardly one where there is no other work


def run_code(code: str, tests: str, timeout_seconds: float = PATIENCE) -> CodeResult:
    return code_sandbox.run_code(code, tests, timeout_seconds=timeout_seconds)


VARIANTS = ["all", "no namespaces", "no filter"]


@pytest.fixture(params=VARIANTS)
def shut_in(request, monkeypatch, tmp_path):
    """Which protections there are; those left out are made to fail as they would elsewhere."""
    source = code_sandbox.CHILD.read_text()
    if request.param == "no namespaces":
        assert source.count("libc.unshare(") == 1
        source = source.replace("libc.unshare(", "(lambda flags: -1)(")
    # A script of its own: other tests run the sandbox at the same time, in other processes.
    own = tmp_path / "child.py"
    own.write_text(source)
    monkeypatch.setattr(code_sandbox, "CHILD", own)
    if request.param == "no filter":
        monkeypatch.setattr(code_sandbox, "_filter", lambda: b"")
    held = protections(request.param)
    if request.param == "all" and not {"files out of sight", "system calls filtered"} <= set(held):
        pytest.skip(f"this machine has only: {', '.join(held)}")
    if request.param == "no namespaces" and "system calls filtered" not in held:
        pytest.skip("no filter for this machine")
    if request.param == "no filter" and "no network" not in held:
        pytest.skip("no namespaces on this machine")
    return request.param


@functools.cache
def protections(variant: str) -> tuple[str, ...]:
    """What holds on this machine under the variant that is in force now."""
    return run_code("", "").protections


def left_behind() -> list[int]:
    """Processes that still run this test's script, in this or another session.

    One that was killed may take a moment to be gone: the system has other work.
    """
    until = time.monotonic() + PATIENCE
    while (found := running()) and time.monotonic() < until:
        time.sleep(0.02)
    return found


def running() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if str(code_sandbox.CHILD).encode() in line and state != "Z":
                found.append(int(entry.name))
    return found


def test_right_code_passes_and_wrong_code_says_why_not():
    code = "def double(x):\n    return 2 * x\n"
    assert run_code(code, "assert double(3) == 6").passed
    assert run_code(code, "assert double('ab') == 'abab'\n").passed
    wrong = run_code(code, "\nassert double(3) == 7, 'seven'")
    assert (wrong.outcome, wrong.reason) == (
        "failed",
        "AssertionError: seven (line 2 of the tests)",
    )
    broken = run_code("def double(x) return", "assert double(3) == 6")
    assert broken.outcome == "failed"
    assert broken.reason.startswith("SyntaxError: ")
    assert run_code("", "assert (").outcome == "not runnable"
    assert (
        run_code("raise ValueError('one\\ntwo')", "").reason
        == "ValueError: one (line 1 of the code)"
    )


def test_the_standard_library_is_there_and_nothing_else():
    modules = "math heapq re decimal hashlib asyncio sqlite3 zoneinfo typing statistics threading"
    assert run_code("\n".join(f"import {name}" for name in modules.split()), "").passed
    assert "ModuleNotFoundError" in run_code("import numpy", "").reason


def test_threads_dataclasses_and_event_loops_work(shut_in):
    code = """
from __future__ import annotations
import asyncio, threading
from dataclasses import dataclass
@dataclass
class Point:
    x: int
async def three():
    return 3
seen = []
thread = threading.Thread(target=seen.append, args=(1,))
thread.start()
thread.join()
if __name__ == "__main__":
    raise SystemExit("not run")
"""
    found = run_code(code, "assert seen == [Point(1).x]\nassert asyncio.run(three()) == 3")
    assert found.passed, found.reason


ATTACKS = {
    "endless loop": ("while True: pass", "timeout"),
    "sleep": ("import time; time.sleep(99)", "timeout"),
    "memory": ("hog = []\nwhile True: hog.append(bytearray(1 << 24))", "MemoryError"),
    "one huge list": ("hog = [0] * 10**11", "MemoryError"),
    "exit 0": ("exit = __import__('sys').exit; exit(0)", "SystemExit"),
    "hard exit 0": ("import os; os._exit(0)", "before its tests did"),
    "abort": ("import os; os.abort()", "before its tests did|timeout"),
    "deep recursion": (
        "import sys; sys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1) + f(n)\nf(0)",
        "MemoryError|RecursionError|killed|timeout",
    ),
    "deep brackets": ("(" * 10_000 + ")" * 10_000, "SyntaxError|MemoryError|RecursionError"),
    "big file": (
        "with open('big', 'wb') as f:\n    f.write(b'0' * (1 << 24))\n    f.flush()",
        "Error",
    ),
    "asks the user": ("input('name? ')", "EOFError"),
    "a closed report": (
        "import os; os.closerange(3, 1 << 16)",
        "OSError|ended|before its tests did",
    ),
    "an error without a text": (
        "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
        "E ",
    ),
    "forged report": (
        FORGERY + 'forge([b\'["passed", "", []]\\n\'])',
        "before its tests did|while it reported|reached",
    ),
    "flooded report": (FORGERY + "forge([b'x' * 100_000])", "before its tests did|reached|timeout"),
}


EVERYWHERE = ("endless loop", "hard exit 0", "big file", "forged report")


@pytest.mark.parametrize(
    ("name", "shut_in"),
    [(name, "all") for name in ATTACKS]
    + [(name, variant) for name in EVERYWHERE for variant in VARIANTS[1:]],
    indirect=["shut_in"],
)
def test_attacks_do_not_pass(name, shut_in):
    code, pattern = ATTACKS[name]
    quick = "timeout" in pattern
    found = run_code(code, "assert False, 'reached'", timeout_seconds=0.2 if quick else PATIENCE)
    assert not found.passed
    assert re.search(pattern, f"{found.outcome}: {found.reason}"), found
    assert left_behind() == []


@pytest.mark.parametrize(
    "code",
    [
        "import builtins\nbuiltins.exec = builtins.compile = lambda *a, **k: None",
        "import json\njson.dumps = lambda *a, **k: 'passed'",
        "import os\nos.write = os.read = lambda *a: b''",
        "import sys\nsys.settrace(lambda *a: None); sys.setprofile(lambda *a: None)",
        "import sys\nsys.excepthook = lambda *a: None\nsys.modules.clear()",
        "class AssertionError(BaseException): pass\nimport builtins\nbuiltins.Exception = int",
        "import atexit, os\natexit.register(lambda: os._exit(0))",
    ],
)
def test_tests_that_fail_still_fail_when_the_code_has_changed_the_interpreter(code):
    found = run_code(code, "assert 1 == 2, 'not equal'")
    assert found.outcome == "failed"
    assert "passed" not in found.reason


def test_exiting_in_the_tests_is_no_pass():
    for tests in ("import sys; sys.exit(0)", "raise SystemExit", "import os; os._exit(0)"):
        assert run_code("", tests + "\nassert False").outcome == "failed"


def test_no_secret_lies_in_memory_while_the_code_runs(shut_in):
    code = (
        FORGERY
        + """
import gc, re, sys
seen = set()
def look(thing):
    text = thing.encode() if isinstance(thing, str) else bytes(thing)
    seen.update(re.findall(rb"[0-9a-f]{64}", text))
frame = sys._getframe()
while frame:
    for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
        if isinstance(value, (str, bytes)):
            look(value)
        elif isinstance(value, dict):
            [look(v) for v in value.values() if isinstance(v, (str, bytes))]
    frame = frame.f_back
for thing in gc.get_objects():
    for part in gc.get_referents(thing):
        if isinstance(part, (str, bytes)):
            look(part)
forge([one + b'["passed", "", []]\\n' for one in seen] + [b"\\n"])
"""
    )
    assert not run_code(code, "assert False").passed


def test_the_environment_and_standard_input_are_empty(monkeypatch, shut_in):
    monkeypatch.setenv("SECRET_KEY", "12345")
    tests = "import os, sys\nassert set(os.environ) <= {'LC_CTYPE'}, os.environ\n"
    found = run_code("", tests + "assert sys.stdin.read() == ''")
    assert found.passed, found.reason


def test_floods_of_output_are_dropped(shut_in):
    code = "import sys\nfor n in range(100_000):\n    print(n); sys.stderr.write('error\\n')"
    assert run_code(code, "print('x' * 10**7)").passed


def test_no_network(shut_in):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = run_code(
            f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=1)", ""
        )
        server.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert found.outcome == "failed"
    assert "Error" in found.reason


def test_files_of_the_user_are_not_changed(tmp_path, shut_in):
    kept = tmp_path / "kept.txt"
    kept.write_text("kept")
    code = f"""
import os
kept, new = {str(kept)!r}, {str(tmp_path / "new.txt")!r}
actions = (
    lambda: os.remove(kept),
    lambda: os.truncate(kept, 0),
    lambda: os.rename(kept, new),
    lambda: os.chmod(kept, 0),
    lambda: open(kept, "w"),
    lambda: os.mkdir(new),
    lambda: os.symlink(kept, new),
    lambda: os.mkdir(os.path.dirname(os.__file__) + "/new-folder"),
    lambda: os.chroot("/"),
)
done = []
for number, action in enumerate(actions):
    try:
        action()
        done.append(number)
    except OSError:
        pass
"""
    found = run_code(code, "assert done == [], done")
    assert found.passed, found.reason
    assert kept.read_text() == "kept"
    assert sorted(path.name for path in tmp_path.glob("*.txt")) == ["kept.txt"]


def test_files_of_the_user_are_out_of_sight(tmp_path, shut_in):
    if shut_in == "no namespaces":
        pytest.skip("without namespaces files can be read")
    (tmp_path / "secret.txt").write_text("secret")
    for action in (f"open({str(tmp_path / 'secret.txt')!r})", "open('/proc/self/environ')"):
        assert "FileNotFoundError" in run_code(action, "").reason


def test_other_processes_cannot_be_reached(shut_in):
    found = run_code(f"import os\nos.kill({os.getpid()}, 0)", "")
    assert found.outcome == "failed"
    assert "PermissionError" in found.reason or "ProcessLookupError" in found.reason


def test_a_fork_bomb_does_not_go_off(shut_in):
    if shut_in == "no filter" and os.getuid() == 0:
        pytest.skip("the kernel sets no limit to an administrator's processes")
    found = run_code("import os\nwhile True: os.fork()", "", timeout_seconds=0.5)
    assert not found.passed
    assert left_behind() == []


def test_no_child_outlives_the_run(shut_in):
    code = """
import os, time
for _ in range(3):
    try:
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
            os._exit(0)
    except OSError:
        pass
import threading
threading.Thread(target=time.sleep, args=(600,)).start()
"""
    for more, seconds, outcome in (("", PATIENCE, "passed"), ("time.sleep(600)", 0.4, "timeout")):
        assert run_code(code + more, "pass", timeout_seconds=seconds).outcome == outcome
        assert left_behind() == []


def test_an_interpreter_that_does_not_start_is_not_runnable(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert run_code("", "").outcome == "not runnable"


def test_text_that_is_no_text_does_no_harm():
    for code in ("x = '\ud800'", "\x00", "# \u202e\n", "x = 1\r\ny = 2\r\n"):
        assert run_code(code, "").outcome in ("passed", "failed")


@pytest.mark.parametrize(
    ("completion", "code"),
    [
        ("x = 1\n", "x = 1\n"),
        ("Sure:\n```python\nx = 1\n```\nDone.", "x = 1\n"),
        ("```\na\n```\n```python\nb\n```\n```\nc\n```", "b\n"),
        ("```py\na\n```\nNo, better:\n```Python3\nb\n```", "b\n"),
        ("```\na\n```\nthen\n```\nb\n```", "b\n"),
        ("```bash\nls\n```", "```bash\nls\n```"),
        ("~~~python\nx = 1\n~~~", "x = 1\n"),
        ("```python\nnever closed = 1", "never closed = 1"),
        ("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''\n"),
        ("  ```python\n  x = 1\n  ```", "  x = 1\n"),
    ],
)
def test_the_last_python_fence_is_the_code(completion, code):
    assert extract_code(completion) == code


def test_fences_are_found_fast():
    pieces = [piece * 20_000 for piece in ("```\n", "```python\n", "`", "~~~ ", " ", "\n")]
    assert processor_seconds(lambda: list(map(extract_code, pieces)), 4.0) < 4.0  # 0.3 as written
