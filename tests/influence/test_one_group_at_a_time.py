"""Where layers go in groups one group is on the device at a time, within what was reckoned."""

from __future__ import annotations

import weakref

import duckdb
import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from attribution_engine import curvature_stages, query_stages, score_stages
from attribution_engine.__main__ import main
from attribution_engine.curvature_stages import Fitting
from attribution_engine.influence.directions import LayerDirections
from attribution_engine.influence.layers import Layer
from attribution_engine.influence.memory import Shape, group_bytes, groups, layer_bytes
from attribution_engine.influence.tracked import Tracked
from attribution_engine.query_stages import Directions
from tests.influence.live_tensors import LiveTensors
from tests.influence.test_memory import layers_of
from tests.influence.tiny_models import (
    directions_of,
    fit,
    text_of,
    tiny_texts,
    tracked_model,
)
from tests.tiny_run import write_config, write_corpus

GROUPS = [[0, 1], [2], [3, 4], [5]]  # of the tiny Llama: two blocks of gate, up and down


class Watched:
    """Notes what was loaded, and fails where the next load finds any of it alive."""

    def __init__(self) -> None:
        self.loads = 0
        self._kept: list[weakref.ref] = []

    def next(self) -> None:
        alive = sum(each() is not None for each in self._kept)
        assert not alive, f"load {self.loads + 1}: {alive} tensors of the load before are alive"
        self._kept.clear()
        self.loads += 1

    def add(self, *tensors: torch.Tensor | None) -> None:
        self._kept += [weakref.ref(each) for each in tensors if each is not None]

    def loading(self, load, parts):
        def watched(*arguments):
            self.next()
            found = load(*arguments)
            for each in found.values():
                self.add(*parts(each))
            return found

        return watched


def parts_of_basis(basis):
    return basis.activations, basis.gradients


def parts_of_curvature(curvature):
    return *parts_of_basis(curvature.basis), curvature.eigenvalues


def tables_of(folder) -> list[np.ndarray]:
    with duckdb.connect(str(folder / "tiny.duckdb"), read_only=True) as connection:
        scores = connection.execute(
            "SELECT influence FROM influence ORDER BY query_id, doc_id"
        ).fetchnumpy()
        tokens = connection.execute(
            "SELECT unnest(scores) AS s FROM token_influence ORDER BY alignment, query_id, doc_id"
        ).fetchnumpy()
    return [np.asarray(scores["influence"]), np.asarray(tokens.get("s", ()))]


def run_in(folder, influence: str) -> list[np.ndarray]:
    folder.mkdir()
    write_corpus(folder / "corpus.jsonl", 12)
    assert main(["run", str(write_config(folder, influence=influence)), "--device", "cpu"]) == 0
    return tables_of(folder)


@pytest.mark.parametrize("rank", ["", "rank = 3\n"])
def test_a_run_has_one_group_of_layers_on_the_device_at_a_time(tmp_path, monkeypatch, rank) -> None:
    settings = rank + 'levels = ["document", "token"]'
    expected = run_in(tmp_path / "at once", settings)
    bases, fitted, directions = Watched(), Watched(), Watched()
    monkeypatch.setattr(Fitting, "groups", lambda self, stage: GROUPS)
    monkeypatch.setattr(
        curvature_stages, "_bases", bases.loading(curvature_stages._bases, parts_of_basis)
    )
    monkeypatch.setattr(
        query_stages, "curvatures", fitted.loading(query_stages.curvatures, parts_of_curvature)
    )
    read = Directions._read
    last: list[object] = [None]

    def watched_read(self: Directions, index: int) -> LayerDirections:
        group = next(at for at, each in enumerate(GROUPS) if index in each)
        if group != last[0]:
            last[0] = group
            directions.next()
        found = read(self, index)
        directions.add(found.exact, found.left, found.right)
        return found

    monkeypatch.setattr(Directions, "_read", watched_read)
    found = run_in(tmp_path / "in groups", "memory_gb = 1e-5\n" + settings)
    assert bases.loads == 2 * len(GROUPS) and fitted.loads == len(GROUPS)
    assert directions.loads > 4 * len(GROUPS)
    for one, other in zip(found, expected, strict=True):
        assert len(one)
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * np.abs(other).max())


def test_self_influence_has_one_group_on_the_device_at_a_time(tmp_path, monkeypatch) -> None:
    settings = 'method = "self-influence"'
    expected, _ = run_in(tmp_path / "at once", settings)
    fitted = Watched()
    monkeypatch.setattr(Fitting, "groups", lambda self, stage: GROUPS)
    monkeypatch.setattr(
        score_stages, "curvatures", fitted.loading(score_stages.curvatures, parts_of_curvature)
    )
    found, _ = run_in(tmp_path / "in groups", settings)
    assert fitted.loads == len(GROUPS)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def wide_llama(width: int) -> Tracked:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=23,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=1,
        num_key_value_heads=1,
        max_position_embeddings=32,
    )
    return tracked_model(LlamaForCausalLM(config).requires_grad_(False).eval())


@pytest.mark.parametrize(("n_queries", "rank"), [(1, None), (8, None), (16, None), (16, 8)])
def test_query_gradients_take_no_more_than_was_reckoned(n_queries, rank) -> None:
    tracked = wide_llama(96)
    curvatures = fit(tracked, tiny_texts(3))
    queries = [text_of([3, 4, 5 + n]) for n in range(n_queries)]
    with LiveTensors() as live:
        found = directions_of(tracked, curvatures, queries, rank)
    assert list(found) == list(range(6))
    shape = Shape(n_queries, rank)
    reckoned = group_bytes(tracked.layers, range(6), "query gradients", shape)
    # Bases and eigenvalues were there before the tracer.
    there = sum(
        part.nbytes
        for part in {id(p): p for c in curvatures.values() for p in parts_of_curvature(c)}.values()
    )
    assert live.most <= reckoned - there
    if rank is None and n_queries > 1:
        assert live.most > 0.5 * (reckoned - there)


def test_predicted_token_scores_have_groups_of_their_own() -> None:
    layers: list[Layer] = layers_of([[(10, 4)], [(6, 20)]])
    many = Shape(queries=100, rank=None)
    of_one = [layer_bytes(each, True, "token scores", many) for each in layers]
    assert of_one == [3 * 4 * 10 * 4, 3 * 4 * 6 * 20]  # a direction, and twice the tangents
    assert groups(layers, "token scores", many, sum(of_one)) == [[0, 1]]
    assert groups(layers, "token scores", many, sum(of_one) - 1) == [[0], [1]]
    assert layer_bytes(layers[0], True, "token scores", many) <= layer_bytes(
        layers[0], True, "query gradients", many
    )
