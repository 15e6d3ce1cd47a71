"""What a run does where memory is short: refusing early, long queries, arrays row by row."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import duckdb
import numpy as np
import pytest
import torch

from attribution_engine import curvature_stages, plan
from attribution_engine.__main__ import main
from attribution_engine.corpora.configuration import load_config
from attribution_engine.findings.rank_curves import rank_fit
from attribution_engine.influence import blockwise, memory, output_head, passes
from attribution_engine.influence.layers import select_layers
from attribution_engine.influence.model import load_skeleton
from attribution_engine.influence.query_gradients import completion_nats
from attribution_engine.records import InputError
from attribution_engine.store import derived_tables
from attribution_engine.tails import Tails
from tests.influence.tiny_models import text_of, tiny_model, tracked_model, without_formula
from tests.tiny_run import write_config

MEGABYTE = 1 << 20


def influence(folder: Path) -> np.ndarray:
    with duckdb.connect(str(folder / "tiny.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "SELECT influence FROM influence ORDER BY query_id, doc_id"
        ).fetchnumpy()
    return np.asarray(rows["influence"])


def test_what_the_last_stage_cannot_hold_is_refused_before_anything_is_fitted(
    tmp_path, capsys, monkeypatch
):
    config = write_config(tmp_path)
    queries = [{"prompt": "take two", "completion": f" points and {n}"} for n in range(40)]
    (tmp_path / "given.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    options = load_config(config)
    layers = select_layers(load_skeleton(options.model), options.influence.modules)
    shape = plan.shape_of(options.influence, 41)

    def least(stage: memory.Stage) -> int:
        """The fewest bytes that the stage does with, to a hundred."""
        for allowed in range(0, 10 * MEGABYTE, 100):
            try:
                memory.groups(layers, stage, shape, allowed)
            except InputError:
                continue
            return allowed
        raise AssertionError(stage)

    fitting = max(least("covariances"), least("eigenvalues"))
    assert fitting < least("query gradients") // 2
    config.write_text(
        config.read_text().replace("tail = 4", f"tail = 4\nmemory_gb = {1.5 * fitting / 1e9:.9f}")
    )
    monkeypatch.setattr(curvature_stages, "fit_covariances", lambda *_, **__: pytest.fail("fitted"))
    assert main(["run", str(config), "--device", "cpu"]) == 2
    said = capsys.readouterr().err
    assert "query gradients: layer" in said and "set influence.rank lower" in said


def test_a_query_longer_than_every_document_is_done_block_by_block(tmp_path, monkeypatch):
    settings = (
        'modules = "linear"\nmemory_gb = 0.001\nlevels = ["document"]\nmethod = "gradient-dot"'
    )
    plain, small = tmp_path / "plain", tmp_path / "small"
    configs = []
    for folder in (plain, small):
        folder.mkdir()
        config = write_config(folder, influence=settings, corpus="max_tokens = 4")
        text = config.read_text().replace("batch_tokens = 250", "batch_tokens = 4")
        config.write_text(text)
        long = {"prompt": "the slope", "completion": " of a line is rise over run" * 5}
        (folder / "given.jsonl").write_text(json.dumps(long) + "\n")
        configs.append(str(config))
    assert main(["run", configs[0], "--device", "cpu"]) == 0
    positions = []

    def counted(tracked, batch, *arguments) -> None:
        positions.append(batch.inputs.shape[1])
        blockwise.backward_by_blocks(tracked, batch, *arguments)

    monkeypatch.setattr(passes, "backward_by_blocks", counted)
    monkeypatch.setattr(memory, "FEWEST_TOKENS", 4)
    monkeypatch.setattr(memory, "free_memory", lambda device: 130_000)
    assert main(["run", configs[1], "--device", "cpu"]) == 0
    assert max(positions) > 40 and min(positions) > 4  # those of queries, no document's
    expected, found = influence(plain), influence(small)
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-4 * float(np.abs(expected).max()))


@pytest.mark.parametrize("by_formula", [True, False])
def test_nats_of_a_long_completion_never_hold_all_its_logits(monkeypatch, by_formula):
    tracked = tracked_model(tiny_model("llama"))
    query = text_of(range(1, 20), prompt=5)
    logits = tracked.model(torch.tensor([query.ids])).logits[0]
    log_p = torch.log_softmax(logits.double(), -1)
    by_hand = [-float(log_p[at, at + 1]) if at >= 5 else 0.0 for at in range(19)]
    if not by_formula:
        tracked = without_formula(tracked)
    rows = []
    monkeypatch.setattr(output_head, "CPU_LOGITS", 3 * logits.shape[-1])
    taken = torch.Tensor.logsumexp

    def counted(self, *arguments, **named):
        rows.append(len(self))
        return taken(self, *arguments, **named)

    monkeypatch.setattr(torch.Tensor, "logsumexp", counted)
    of_head = []
    head = tracked.model.get_output_embeddings()
    handle = head.register_forward_hook(lambda _m, _i, out: of_head.append(out.shape[-2]))
    try:
        nats, per_token = completion_nats(tracked, query)
    finally:
        handle.remove()
    assert per_token == pytest.approx(by_hand, rel=1e-5)
    assert nats == pytest.approx(sum(by_hand), rel=1e-5)
    assert max(rows) == 3 and sum(rows) == 14
    if by_formula:
        assert max(of_head) == 3


def test_word_scores_are_kept_as_an_array(tmp_path):
    config = write_config(tmp_path, influence='method = "bm25"')
    assert main(["run", str(config), "--device", "cpu"]) == 0
    kept = torch.load(tmp_path / "work" / "stages" / "bm25.pt", weights_only=True)["scores"]
    assert isinstance(kept, torch.Tensor) and kept.dtype == torch.float32
    assert influence(tmp_path) == pytest.approx(kept.flatten().numpy(), rel=1e-5)


class Rows:
    """A store that forgets."""

    def insert(self, table: str, rows: object) -> None: ...


@pytest.mark.parametrize("user", ["curves", "tails"])
def test_influence_on_disk_is_read_a_row_at_a_time(tmp_path, monkeypatch, user):
    monkeypatch.setattr(derived_tables, "rank_curve", lambda scores, side: [])
    # Its samples of 500 ranks are larger than the rows of this test.
    monkeypatch.setattr(derived_tables, "rank_fit", lambda scores, side: rank_fit(scores, side, 20))
    shape = (256, 1 << 13)
    path = tmp_path / "influence.f32"
    np.random.default_rng(0).normal(size=shape).astype(np.float32).tofile(path)
    scores = np.memmap(path, dtype=np.float32, mode="r", shape=shape)
    tails = Tails(len(scores), 4)
    tracemalloc.start()
    try:
        if user == "curves":
            derived_tables.insert_curves(Rows(), scores, lambda done: None)
        else:
            tails.add(scores, np.arange(shape[1]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 4 * shape[0] * shape[1] == 8 * MEGABYTE
    assert peak < 4 * MEGABYTE
