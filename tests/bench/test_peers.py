"""Other implementations on the bench's setting; each test runs for those that are installed."""

from __future__ import annotations

import gc
import importlib
import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from attribution_engine.bench import peers
from attribution_engine.bench.agreement import agreement
from attribution_engine.bench.peers import (
    CORRECTION,
    COVARIANCES,
    EXACT,
    LOW_RANK,
    PEERS,
    TOKENS_EXACT,
    TOKENS_LOW_RANK,
    PeerOptions,
    PeerReport,
)
from attribution_engine.bench.setting import setting

TOOK: dict[str, float] = {}  # seconds that all of a peer took


@lru_cache(maxsize=4)
def reported(name: str) -> PeerReport:
    """A report whose first queries are documents, the loss on all their tokens."""
    if peers.installed_version(name) is None:
        pytest.skip(f"{name} is not installed")
    importlib.import_module(f"attribution_engine.bench.{name}_peer")
    gc.freeze()  # it collects garbage all the time, and has imported much
    made = setting(
        hidden=32,
        layers=2,
        inner=40,
        vocabulary=60,
        n_documents=30,
        n_tokens=20,
        shortest=6,
        n_queries=4,
        query_tokens=12,
        training_steps=30,
    )
    made = replace(made, queries=[*((ids, 0) for ids in made.documents[:3]), *made.queries])
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        report = peers.run_peer(name, made, PeerOptions(batch_tokens=200, rank=4), Path(folder))
    TOOK[name] = time.monotonic() - began
    assert report is not None
    return report


def test_a_peer_that_is_not_installed_is_none(tmp_path, monkeypatch) -> None:
    assert peers.installed_version("no_such_package_at_all") is None
    monkeypatch.setattr(peers, "installed_version", lambda name: None)
    made = setting(n_documents=1, n_tokens=2, n_queries=1, query_tokens=2, training_steps=0)
    assert peers.run_peer("bergson", made, PeerOptions(), tmp_path) is None


@pytest.mark.parametrize("name", PEERS)
def test_scores_are_ours_in_sign_and_their_metric_is_symmetric(name) -> None:
    scores = reported(name).scores[EXACT]
    assert scores.shape == (7, 30)
    own = scores[:3, :3]
    # Training on a document raises its own likelihood; influence is an inner product.
    assert (np.diag(own) > 0).all()
    assert own == pytest.approx(own.T, rel=1e-3, abs=1e-3 * np.abs(own).max())


@pytest.mark.parametrize("name", PEERS)
def test_token_scores_add_up_to_document_scores(name) -> None:
    report = reported(name)
    for tokens, documents in ((TOKENS_EXACT, EXACT), (TOKENS_LOW_RANK, LOW_RANK)):
        if tokens in report.token_scores:
            size = np.abs(report.scores[documents]).max()
            sums = report.token_scores[tokens].sum(-1)
            assert sums == pytest.approx(report.scores[documents], abs=1e-3 * size)
    assert TOKENS_EXACT in report.token_scores


@pytest.mark.parametrize("name", PEERS)
def test_every_stage_is_timed(name) -> None:
    report = reported(name)
    assert set(report.stages) <= set(peers.STAGES)
    assert {COVARIANCES, CORRECTION, EXACT, TOKENS_EXACT} <= set(report.stages)
    assert all(stage.seconds > 0 for stage in report.stages.values())
    assert sum(stage.seconds for stage in report.stages.values()) <= TOOK[name]


def test_low_rank_scores_of_kronfluence_agree_with_exact_ones_less_than_fully() -> None:
    report = reported("kronfluence")
    assert 0.7 < agreement(report.scores[EXACT], report.scores[LOW_RANK]).pearson < 0.99999


def test_two_peers_agree_up_to_the_labels_they_sampled() -> None:
    scores = [reported(name).scores[EXACT] for name in PEERS]
    found = agreement(*scores)
    assert found.worst_pearson > 0.9
    assert 0.7 < found.scale < 1.4
