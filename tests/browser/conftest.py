"""A server on a folder of runs, and sessions in Chromium that nothing may go wrong in.

A test module says which runs with a module fixture `folder`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, expect, sync_playwright

HERE = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:blank")
PATIENCE = 90_000  # ms that anything may take: the machine may be slow and have other work
ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def notes_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook of the server: never a person's own."""
    return tmp_path_factory.mktemp("notes") / "notes.sqlite"


@pytest.fixture(scope="module")
def address(
    folder: Path, notes_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server of its own on a free port."""
    log = tmp_path_factory.mktemp("server") / "log.txt"
    env = {**os.environ, "INFLUENCE_RUNS": str(folder), "INFLUENCE_NOTES": str(notes_path)}
    for _ in range(3):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with log.open("wb") as out:
            server = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "serve.py", "--server.port", str(port)],
                cwd=ROOT,
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        base = f"http://127.0.0.1:{port}"
        # Nobody else may have taken the port meanwhile: the server ends itself then.
        if answers(base, server):
            break
    else:
        pytest.fail(f"the server did not start: {log.read_text()}")
    try:
        yield base
        assert "Traceback" not in log.read_text()
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE / 1000)


def answers(base: str, server: subprocess.Popen[bytes]) -> bool:
    """Waits until a server answers; False if it has ended itself or takes too long."""
    until = time.monotonic() + 2 * PATIENCE / 1000
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(f"{base}/_stcore/health", timeout=20).close()
            return server.poll() is None
        except OSError:
            time.sleep(0.2)
    server.kill()
    server.wait()
    return False


@pytest.fixture(scope="module")
def context() -> Iterator[BrowserContext]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Chromium is missing: install Debian's package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS, timeout=PATIENCE)
        # One context: later pages take Streamlit's scripts from its cache.
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        yield context
        browser.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A fresh session; no script may fail, nothing be fetched from elsewhere, no dialog open."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    failures: list[str] = []

    def refuse(dialog: Dialog) -> None:
        failures.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def watch(url: str) -> None:
        if not url.startswith(HERE):
            failures.append(url)

    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("dialog", refuse)
    page.on("request", lambda request: watch(request.url))
    page.on("websocket", lambda socket: watch(socket.url))
    page.on("popup", lambda popup: watch(popup.url))
    yield page
    page.close()
    assert not failures
