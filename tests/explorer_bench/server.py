"""A server of the explorer whose memory and log are watched."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.free_port import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180  # seconds that a start or an end may take


class Server:
    """The explorer on a folder of runs, on a free port, as `make explore` starts it."""

    def __init__(self, runs: Path, scratch: Path) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._log = scratch / "server.log"
        environment = {
            **os.environ,
            "INFLUENCE_RUNS": str(runs),
            "INFLUENCE_NOTES": str(scratch / "notes.sqlite"),
        }
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "serve.py", "--server.port", str(port)],
                cwd=ROOT,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Server:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=2).close()
                return self
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"the server did not start:\n{self.log()}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)

    def log(self) -> str:
        """What the server has said."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def errors(self) -> int:
        """How many errors stand in the log."""
        return self.log().count("Traceback") + self.log().count("MemoryError")

    def memory(self) -> tuple[int, int]:
        """Resident memory of the server's process now and at its highest, in bytes."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        values = dict(line.split(":", 1) for line in lines)
        now, highest = (int(values[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
        return now, highest
