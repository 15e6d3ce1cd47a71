"""The bench command on a setting so small that it takes a second."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from attribution_engine.__main__ import main
from attribution_engine.bench import command, peers
from attribution_engine.bench.agreement import agreement
from attribution_engine.bench.command import BenchOptions, bench
from attribution_engine.bench.measurement import Measured
from attribution_engine.bench.own_stages import EXACT, FACTORS, PREDICTED, TOKENS, Bench
from attribution_engine.bench.setting import setting
from attribution_engine.records import InputError
from tests.tiny_run import write_model

TINY = BenchOptions(
    device="cpu", documents=4, tokens=16, queries=2, rank=2, repeats=1, batch_tokens=64
)
STAGES = [FACTORS, EXACT, TOKENS.format(rank=2), PREDICTED]
SHAPE = {"hidden": 32, "layers": 1, "inner": 32, "training_steps": 2}


@pytest.fixture(autouse=True)
def small(monkeypatch) -> None:
    """A model of one block, and no long measuring of this machine."""
    made = partial(setting, **SHAPE)
    monkeypatch.setattr(command, "setting", lambda **how: made(**{**how, **SHAPE}))
    monkeypatch.setattr(command, "matrix_rate", lambda *_: 1e9)


def ratios(printed: str) -> list[tuple[str, float, float, float]]:
    """(stage, median, low, high) of every row of a table of stages."""
    number = r" *([\d.]+)"
    row = rf"^(\S.*?) *{number} T{number} to{number}{number} MB"
    found = re.findall(row, printed, re.MULTILINE)
    return [(name, float(median), float(low), float(high)) for name, median, low, high, _ in found]


def test_all_rows_are_printed_with_positive_ratios_in_their_spread(capsys) -> None:
    bench(replace(TINY, repeats=2))
    printed = capsys.readouterr().out
    rows = ratios(printed)
    assert [row[0] for row in rows] == [*STAGES, EXACT]
    assert all(0 < low <= median <= high for _, median, low, high in rows)
    even, ragged = printed.split("documents of ragged length (2 to 16 tokens):")
    assert [row[0] for row in ratios(ragged)] == [EXACT]
    for stage in STAGES:
        assert re.search(rf"^{re.escape(stage)} +[\d,]+ tokens/s +\d+% of it$", even, re.MULTILINE)
    assert "4 documents × 16 tokens, 2 queries; batches of 64 tokens; 2 rounds" in even
    (line,) = re.findall(r"^rank 2 against exact: (.*)$", even, re.MULTILINE)
    pearson, worst = (float(each) for each in re.findall(r"(-?\d\.\d{4})", line)[:2])
    assert -1 <= worst <= pearson <= 1
    assert "≤" not in printed  # the ratios to reach belong to another size


def test_ratios_to_reach_stand_beside_the_default_setting_only() -> None:
    assert command._is_default(BenchOptions(peers=True, repeats=9, batch_tokens=1))
    for changed in ({"documents": 4}, {"tokens": 9}, {"shape": "1b"}, {"dtype": "bfloat16"}):
        assert not command._is_default(BenchOptions(**changed))


def test_each_round_divides_by_the_training_pass_beside_the_stage(monkeypatch) -> None:
    own = Bench(setting(n_documents=2, n_tokens=8, n_queries=1, query_tokens=8, **SHAPE), 64, 2)
    units, times = iter(range(1, 100)), []

    def timed(stage, work, repeats, device) -> Measured:
        work()
        times.append(6.0 * len(times))
        return Measured(stage, times[-1], times[-1], times[-1], 30.0, 10.0, 1)

    def unit(*_) -> Measured:
        return Measured("T", float(next(units)), 0.0, 0.0, 0.0, 0.0, 1)

    monkeypatch.setattr("attribution_engine.bench.own_stages.measure", timed)
    monkeypatch.setattr("attribution_engine.bench.own_stages.training_pass", unit)
    timings = own.rounds(2)
    # Four stages a round; the first round is not counted.
    assert timings.training_seconds == [5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]
    assert timings.ratios[FACTORS] == [24 / 5, 48 / 9]
    assert timings.seconds[PREDICTED] == [42.0, 66.0]
    assert timings.median(FACTORS) == pytest.approx((24 / 5 + 48 / 9) / 2)
    assert timings.spread(FACTORS) == (24 / 5, 48 / 9)
    assert timings.added_mb[EXACT] == 20.0


def test_at_full_rank_the_pass_with_tokens_gives_the_exact_scores() -> None:
    made = setting(n_documents=6, n_tokens=12, n_queries=2, query_tokens=8, **SHAPE)
    timings = Bench(made, 64, 32).rounds(1)
    assert agreement(timings.exact, timings.low_rank).worst_pearson > 0.9999
    np.testing.assert_allclose(timings.exact, timings.low_rank, rtol=1e-3, atol=1e-4)


def test_a_model_of_ones_own_is_measured_on_its_own_vocabulary(tmp_path, capsys) -> None:
    folder = write_model(tmp_path / "model")
    assert main(["bench", "--model", str(folder), *AS_TINY, "--no-ragged"]) == 0
    printed = capsys.readouterr().out
    assert [row[0] for row in ratios(printed)] == STAGES
    assert "LlamaForCausalLM of 14,032 parameters, float32; 4 documents" in printed
    assert "ragged" not in printed


AS_TINY = (
    "--device cpu --documents 4 --tokens 16 --queries 2 --rank 2 --repeats 1 --batch-tokens 64"
).split()


def test_a_known_shape_has_random_weights_of_that_shape(monkeypatch, capsys) -> None:
    monkeypatch.setitem(command.SHAPES, "1b", (16, 2, 24, 300, 2, 1))
    assert main(["bench", "--shape", "1b", *AS_TINY, "--dtype", "bfloat16"]) == 0
    printed = capsys.readouterr().out
    assert [row[0] for row in ratios(printed)] == [*STAGES, EXACT]
    embeddings, attention, inner = 2 * 300 * 16, 16 * (16 + 8 + 8 + 16), 3 * 16 * 24
    n_parameters = embeddings + 2 * (attention + inner + 2 * 16) + 16
    assert f"LlamaForCausalLM of {n_parameters:,} parameters, bfloat16;" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--shape", "3b"], "--shape 3b: choose one of 1b, 7b"),
        (["--dtype", "int4"], "--dtype int4: choose one of float32, "),
        (["--documents", "1"], "--documents 1: must be 2 or more"),
        (["--repeats", "0"], "--repeats 0: must be 1 or more"),
        (["--model", "/nowhere/model"], "no such model folder"),
        (["--model", "some", "--shape", "1b"], "give one of them, not both"),
    ],
)
def test_options_that_cannot_be_measured_are_one_line(arguments, said, capsys) -> None:
    assert main(["bench", *AS_TINY, *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err and printed.err.count("\n") == 1


def test_documents_beyond_the_models_context_are_refused(tmp_path) -> None:
    folder = write_model(tmp_path / "model", context=64, tokenizer=False)
    with pytest.raises(InputError, match="--tokens 65: .* of 65 tokens do not fit .* holds 64"):
        bench(replace(TINY, model=str(folder), tokens=65))


def test_peers_that_are_not_installed_are_named(monkeypatch, capsys) -> None:
    monkeypatch.setattr(peers, "installed_version", lambda name: None)
    bench(replace(TINY, peers=True, ragged=False))
    printed = capsys.readouterr().out
    assert "kronfluence: not installed\n" in printed and "bergson: not installed\n" in printed
    assert "ours against" not in printed


def test_a_peers_stages_and_its_agreement_are_printed(monkeypatch, capsys) -> None:
    seen = []

    def report(name, made, options, folder) -> peers.PeerReport | None:
        seen.append((name, options.batch_tokens, options.rank, list(folder.iterdir())))
        if name != "kronfluence":
            return None
        scores = np.random.default_rng(0).normal(size=(2, 4))
        stage = Measured(peers.EXACT, 1e3, 1e3, 1e3, 250.0, 100.0, 1)
        return peers.PeerReport(
            name, "9.9", {peers.EXACT: stage}, {peers.EXACT: scores}, {}, ["odd"]
        )

    monkeypatch.setattr(peers, "run_peer", report)
    bench(replace(TINY, peers=True, ragged=False))
    printed = capsys.readouterr().out
    assert seen == [("kronfluence", 64, 2, []), ("bergson", 64, 2, [])]
    assert "kronfluence 9.9:\n" in printed and "  odd\n" in printed
    assert re.search(rf"^{peers.EXACT} +[\d.]+ T +150 MB$", printed, re.MULTILINE)
    assert f"ours against kronfluence, {peers.EXACT}: Pearson " in printed
