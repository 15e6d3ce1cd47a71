"""`python -m tests.explorer_bench`: one table of the explorer's speeds, with its machine."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from attribution_engine.store.reader import StoreReader
from tests.browser.conftest import FLAGS
from tests.explorer_bench.crowd import browse
from tests.explorer_bench.report import Measured, Memory, table
from tests.explorer_bench.server import ROOT, Server
from tests.explorer_bench.steps import STEPS, Visit, measure

FOLDER = ROOT / "data" / "work" / "bench-explorer"
MEMORY, CROWD = "memory", "crowd"


def main() -> int:
    """Measures every store and prints the table; 1 where a target is missed."""
    options = _arguments()
    stores = options.stores or [
        _made(count, options.queries) for count in options.documents or [1_000_000]
    ]
    measured = [_measure(path.resolve(), options) for path in stores]
    print(table(measured, _command(), options.sessions))
    return 0 if all(one.met for one in measured) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.explorer_bench", description=__doc__)
    parser.add_argument(
        "--documents",
        type=int,
        action="append",
        metavar="N",
        help="size of a synthetic store, made where it is not there (1000000); may be given again",
    )
    parser.add_argument("--queries", type=int, default=100, help="queries of such a store (100)")
    parser.add_argument(
        "--stores",
        type=Path,
        nargs="+",
        help="stores of `synth` to take instead; the explorer opens their folder",
    )
    parser.add_argument("--only", nargs="+", choices=[*STEPS, CROWD], default=[*STEPS, CROWD])
    parser.add_argument("--repeats", type=int, default=10, help="of every step (10)")
    parser.add_argument("--sessions", type=int, default=20, help="people at once (20)")
    parser.add_argument("--seconds", type=float, default=60, help="that they browse (60)")
    parser.add_argument("--quick", action="store_true", help="three repeats, 15 seconds")
    options = parser.parse_args()
    if options.quick:
        options.repeats, options.seconds = 3, 15
    return options


def _made(documents: int, queries: int) -> Path:
    """The synthetic store of a size."""
    path = FOLDER / f"synthetic-{documents}x{queries}.duckdb"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "attribution_engine", "synth", "--documents", str(documents),
             "--queries", str(queries), "--output", str(path)],
            cwd=ROOT, check=True,
        )  # fmt: skip
    return path


def _measure(path: Path, options: argparse.Namespace) -> Measured:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is missing: install Debian's package `chromium`")
    with tempfile.TemporaryDirectory() as scratch:
        reader = StoreReader(path)
        run = reader.run()
        found = Measured(run.n_documents, run.n_queries)
        with Server(path.parent, Path(scratch)) as server:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                visit = Visit(browser, server.address, path.stem, reader, options.repeats)
                visit.to(visit.page(), "rankings")  # the server is warm after one visitor
                for name in STEPS:
                    if name in options.only:
                        found.results.append(measure(visit, name))
                        print(f"  {found.results[-1]}", file=sys.stderr)
                browser.close()
            found.alone = Memory(*server.memory(), server.errors())
            if CROWD in options.only:
                found.crowd = browse(
                    chromium, FLAGS, server.address, path.stem, run.n_queries, run.n_documents,
                    options.sessions, options.seconds,
                )  # fmt: skip
            found.together = Memory(*server.memory(), server.errors())
            if found.together.errors:
                print(server.log()[-4000:], file=sys.stderr)
        reader.close()
    return found


def _command() -> str:
    return " ".join(["python -m tests.explorer_bench", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
