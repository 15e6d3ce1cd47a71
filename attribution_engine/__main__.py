"""The command line: `python -m attribution_engine run | demo | verify`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# Threads that wait actively starve each other on a shared machine.
# Has to be said before torch is imported, which the commands below do.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
os.environ.setdefault("KMP_BLOCKTIME", "0")

from attribution_engine.records import InputError  # noqa: E402

PROJECT = Path(__file__).resolve().parent.parent
BAD_INPUT, BROKEN_PROMISE, INTERRUPTED = 2, 1, 130


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Returns:
        0; 1 if a store breaks a promise; 2 on bad input; 130 on Ctrl-C.
    """
    chosen = _parser().parse_args(arguments)
    try:
        return chosen.command(chosen)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except OSError as error:  # a full disk, a folder without permission
        print(f"error: {error}; mend that, then go on with --resume", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("\nstopped; finished stages are kept, --resume goes on after them", file=sys.stderr)
        return INTERRUPTED


def _run(chosen: argparse.Namespace) -> int:
    from attribution_engine.corpora.configuration import load_config
    from attribution_engine.plan import print_plan
    from attribution_engine.run import run

    config = load_config(chosen.config)
    if chosen.plan:
        print_plan(config, chosen.device)
    else:
        run(config, device=chosen.device, resume=chosen.resume)
    return 0


def _demo(chosen: argparse.Namespace) -> int:
    from attribution_engine.corpora.configuration import load_config
    from attribution_engine.influence.model import resolve_device
    from attribution_engine.lab.demo import prepare
    from attribution_engine.run import run

    os.chdir(PROJECT)  # the demo is the project's own: its paths are the project's
    resolve_device(chosen.device)
    prepare(chosen.device, resume=chosen.resume)
    run(load_config(Path("data/configs/demo.toml")), device=chosen.device, resume=chosen.resume)
    return 0


def _verify(chosen: argparse.Namespace) -> int:
    from attribution_engine.store.verify import verify

    complaints = verify(chosen.store)
    for complaint in complaints:
        print(complaint)
    if not complaints:
        print(f"{chosen.store}: keeps its promises")
    return BROKEN_PROMISE if complaints else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m attribution_engine", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="corpus + model + queries -> store")
    run.add_argument("config", type=Path, metavar="CONFIG.toml")
    run.add_argument(
        "--plan", action="store_true", help="print what every stage will need, and stop"
    )
    run.set_defaults(command=_run)

    demo = commands.add_parser(
        "demo", help="rebuild the bundled run from nothing, training included"
    )
    demo.set_defaults(command=_demo)

    for command in (run, demo):
        command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
        command.add_argument(
            "--resume", action="store_true", help="go on after the last finished stage"
        )

    verify = commands.add_parser("verify", help="does a store keep its own promises?")
    verify.add_argument("store", type=Path, metavar="STORE")
    verify.set_defaults(command=_verify)
    return parser


if __name__ == "__main__":
    sys.exit(main())
