"""The command line, `python -m attribution_engine`: run, demo, findings, flip, trust, diagnose,
bench, verify, upgrade, synth."""

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

from attribution_engine.flip import add_flip_command  # noqa: E402
from attribution_engine.records import InputError  # noqa: E402

PROJECT = Path(__file__).resolve().parent.parent
# As the table `faithfulness` names them; here so that --help need not load torch.
EXPERIMENTS = ("removal", "lds", "planted", "stability", "behaviour_cut")
BAD_INPUT, BROKEN_PROMISE, INTERRUPTED = 2, 1, 130


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Returns:
        0; 1 if a store or a model breaks a promise; 2 on bad input; 130 on Ctrl-C.
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
    from attribution_engine.plan import Elsewhere, print_plan
    from attribution_engine.run import run

    config = load_config(chosen.config)
    if chosen.plan:
        memory = None if chosen.memory_gb is None else int(chosen.memory_gb * 1e9)
        rate = None if chosen.tflops is None else chosen.tflops * 1e12
        print_plan(config, chosen.device, Elsewhere(memory, rate))
    else:
        run(config, device=chosen.device, resume=chosen.resume)
    return 0


def _demo(chosen: argparse.Namespace) -> int:
    from attribution_engine.corpora.configuration import load_config
    from attribution_engine.influence.model import resolve_device
    from attribution_engine.lab.demo import BUNDLE, ask, prepare
    from attribution_engine.run import run

    os.chdir(PROJECT)  # the demo is the project's own: its paths are the project's
    resolve_device(chosen.device)
    names = chosen.only or tuple(BUNDLE)
    prepare(chosen.device, names, resume=chosen.resume)
    if not chosen.train:
        ask(chosen.device, names, resume=chosen.resume)
        for name in names:
            config = load_config(Path(f"data/configs/{name}.toml"))
            run(config, device=chosen.device, resume=chosen.resume)
    return 0


def _bench(chosen: argparse.Namespace) -> int:
    from attribution_engine.bench.command import BenchOptions, bench
    from attribution_engine.influence.memory import OutOfMemory

    names = BenchOptions.__dataclass_fields__
    try:
        bench(BenchOptions(**{name: getattr(chosen, name) for name in names}))
    except OutOfMemory as error:
        # The bench holds factors and exact directions of all layers at once; a run does not.
        raise InputError(
            "bench: out of memory; lower --blocks, --queries or --batch-tokens"
        ) from error
    return 0


def _diagnose(chosen: argparse.Namespace) -> int:
    from attribution_engine.corpora.configuration import load_config
    from attribution_engine.diagnosis import diagnose, print_diagnosis

    found = diagnose(load_config(chosen.config), device=chosen.device, n_documents=chosen.documents)
    print_diagnosis(found)
    return BROKEN_PROMISE if found.broken else 0


def _trust(chosen: argparse.Namespace) -> int:
    from attribution_engine.lab.budgets import BUDGETS
    from attribution_engine.lab.trust import TrustOptions, trust
    from attribution_engine.lab.worker_processes import cores

    if chosen.resume and chosen.anew:
        raise InputError("--resume goes on and --anew begins anew; give one of them")
    options = TrustOptions(
        budget_name=chosen.budget,
        minutes=chosen.minutes,
        device=chosen.device,
        resume=chosen.resume,
        anew=chosen.anew,
        seed=chosen.seed,
        work=chosen.work,
        model=chosen.model,
        workers=chosen.workers or cores(),
        experiments=tuple(chosen.experiments or EXPERIMENTS),
    )
    trust(chosen.store, BUDGETS[chosen.budget], options)
    return 0


def _verify(chosen: argparse.Namespace) -> int:
    from attribution_engine.store.verify import verify

    complaints = verify(chosen.store)
    for complaint in complaints:
        print(complaint)
    if not complaints:
        print(f"{chosen.store}: keeps its promises")
    return BROKEN_PROMISE if complaints else 0


def _findings(chosen: argparse.Namespace) -> int:
    from attribution_engine.finding_stages.options import FindingOptions
    from attribution_engine.findings_again import findings_again

    options = FindingOptions(
        top=chosen.top,
        resamples=chosen.resamples,
        seed=chosen.seed,
        words=chosen.words,
        judge=chosen.judge,
        judge_model=chosen.judge_model,
        judge_tokens=chosen.judge_tokens,
        judged_spans=chosen.judged_spans,
        judged_answers=chosen.judged_answers,
    )
    if options.top < 1 or options.resamples < 2:
        raise InputError("findings: --top is at least 1, and --resamples at least 2")
    claims = findings_again(chosen.store, chosen.output, options)
    for claim in claims:
        print(f"{claim.finding}: {claim.claim}: {claim.standing}. {claim.sentence}")
    print(f"{chosen.output or chosen.store}: written")
    return 0


def _synth(chosen: argparse.Namespace) -> int:
    from attribution_engine.synthetic.command import SyntheticOptions, synthesise

    synthesise(SyntheticOptions(chosen.documents, chosen.queries, chosen.output, chosen.seed))
    print(f"{chosen.output}: written; every text and number in it is invented")
    return 0


def _upgrade(chosen: argparse.Namespace) -> int:
    from attribution_engine.upgrade import upgrade

    changed = upgrade(chosen.store)
    print(f"{chosen.store}: {'is up to date now' if changed else 'there is nothing to do'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m attribution_engine", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="corpus + model + queries -> store")
    run.add_argument("config", type=Path, metavar="CONFIG.toml")
    run.add_argument(
        "--plan", action="store_true", help="print what every stage will need, and stop"
    )
    run.add_argument("--memory-gb", type=float, help="with --plan: of the device it will run on")
    run.add_argument("--tflops", type=float, help="with --plan: that device's matrix rate")
    run.set_defaults(command=_run)

    demo = commands.add_parser(
        "demo", help="rebuild the bundled runs from nothing, training included"
    )
    demo.add_argument(
        "--only", nargs="+", choices=("demo", "demo_large", "demo_sft"), help="not all three"
    )
    demo.add_argument("--train", action="store_true", help="stop when the models are trained")
    demo.set_defaults(command=_demo)

    trust = commands.add_parser(
        "trust", help="retrain many small models on a store's documents: do its scores hold?"
    )
    trust.add_argument("store", type=Path, metavar="STORE")
    trust.add_argument(
        "--budget",
        choices=("small", "standard", "large"),
        default="standard",
        help="size of the lab: small = 100 documents, 4 queries, 2 seeds, tries the command out; "
        "standard = 500, 20, 3, for a CPU; large = 3,000, 20, 5, for a GPU (standard)",
    )
    trust.add_argument("--experiments", nargs="+", choices=EXPERIMENTS, help="not all of them")
    trust.add_argument("--minutes", type=float, help="begin no retraining after so many minutes")
    trust.add_argument("--seed", type=int, default=0, help="of the sample and what is drawn (0)")
    trust.add_argument("--work", type=Path, help="folder of what is kept (data/work/trust-NAME)")
    trust.add_argument("--model", help="the run's model, where it has been moved")
    trust.add_argument(
        "--workers", type=int, help="on a CPU: processes that retrain at a time (one a core)"
    )
    trust.add_argument("--anew", action="store_true", help="remove what is kept, and begin anew")
    trust.set_defaults(command=_trust)

    for command in (run, demo, trust):
        command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
        command.add_argument(
            "--resume", action="store_true", help="go on after the last finished stage"
        )

    diagnose = commands.add_parser(
        "diagnose", help="do scores depend on batches, padding, order or attention backend?"
    )
    diagnose.add_argument("config", type=Path, metavar="CONFIG.toml")
    diagnose.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    diagnose.add_argument("--documents", type=int, default=24, help="documents to try (24)")
    diagnose.set_defaults(command=_diagnose)

    bench = commands.add_parser(
        "bench", help="time and memory of every stage as ratios to a training pass"
    )
    bench.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    bench.add_argument("--model", help="a model of yours, folder or hub id")
    bench.add_argument("--shape", help="random weights of a known shape: 1b or 7b")
    bench.add_argument(
        "--blocks", type=int, help="with --shape: so many of its blocks, where not all fit"
    )
    bench.add_argument("--dtype", default="float32", help="float32, tf32, bfloat16 or float64")
    bench.add_argument("--peers", action="store_true", help="kronfluence and bergson as well")
    bench.add_argument("--no-ragged", dest="ragged", action="store_false")
    for name, size, words in (
        ("documents", 512, "documents"),
        ("tokens", 256, "tokens of each"),
        ("queries", 20, "queries"),
        ("rank", 32, "rank of the low-rank stages"),
        ("repeats", 3, "rounds that count"),
        ("batch-tokens", 4096, "tokens of a batch"),
    ):
        bench.add_argument(f"--{name}", type=int, default=size, help=f"{words} ({size})")
    bench.set_defaults(command=_bench)

    findings = commands.add_parser(
        "findings", help="compute the findings of a store again, into a new store file"
    )
    findings.add_argument("store", type=Path, metavar="STORE")
    findings.add_argument(
        "--output", type=Path, metavar="STORE", help="of the new store (the place of the old one)"
    )
    findings.add_argument(
        "--top", type=int, default=500, help="documents of an end that count as its top (500)"
    )
    findings.add_argument(
        "--resamples", type=int, default=1_000, help="draws of every bootstrap (1000)"
    )
    findings.add_argument("--seed", type=int, default=0, help="of all that is drawn (0)")
    findings.add_argument(
        "--words", type=Path, metavar="FILE.toml", help="word lists in place of the shipped ones"
    )
    findings.add_argument(
        "--judge",
        default="",
        metavar="MODEL",
        help="a chat model's folder or hub id, or an address (http…) that answers as OpenAI's "
        "does: reads behaviours and confirms answers in place of the rules",
    )
    findings.add_argument("--judge-model", default="", help="the model's name at that address")
    findings.add_argument(
        "--judge-tokens",
        type=int,
        default=16,
        help="of a judge's reply; models that think first need hundreds (16)",
    )
    findings.add_argument(
        "--judged-spans", type=int, default=2_000, help="the most that a judge reads (2000)"
    )
    findings.add_argument(
        "--judged-answers", type=int, default=500, help="the most that a judge confirms (500)"
    )
    findings.set_defaults(command=_findings)

    add_flip_command(commands)

    verify = commands.add_parser("verify", help="does a store keep its own promises?")
    verify.add_argument("store", type=Path, metavar="STORE")
    verify.set_defaults(command=_verify)

    older = commands.add_parser("upgrade", help="bring a store of an older schema up to date")
    older.add_argument("store", type=Path, metavar="STORE")
    older.set_defaults(command=_upgrade)

    synth = commands.add_parser(
        "synth", help="a store of invented texts and scores, to try the explorer at size"
    )
    synth.add_argument("--documents", type=int, default=1_000_000, help="documents (1000000)")
    synth.add_argument("--queries", type=int, default=100, help="queries (100)")
    synth.add_argument("--seed", type=int, default=0, help="of all that is drawn (0)")
    synth.add_argument(
        "--output", type=Path, default=Path("data/runs/synthetic.duckdb"), metavar="STORE"
    )
    synth.set_defaults(command=_synth)
    return parser


if __name__ == "__main__":
    sys.exit(main())
