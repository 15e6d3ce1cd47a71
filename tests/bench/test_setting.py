"""The bench's setting and its unit: a seeded model, documents and queries, a training pass."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from attribution_engine.bench.grammar import sequences
from attribution_engine.bench.setting import Setting, setting
from attribution_engine.bench.training_pass import training_pass
from attribution_engine.records import InputError

SIZES = {
    "hidden": 32,
    "layers": 2,
    "inner": 40,
    "vocabulary": 60,
    "n_documents": 12,
    "n_tokens": 20,
    "n_queries": 3,
    "query_tokens": 10,
}


def small(**changes) -> Setting:
    return setting(**{**SIZES, "training_steps": 2, **changes})


def test_the_default_model_has_three_million_parameters() -> None:
    made = setting(n_documents=1, n_tokens=4, n_queries=1, query_tokens=4, training_steps=0)
    assert 3.0e6 < sum(parameter.numel() for parameter in made.model.parameters()) < 3.1e6
    assert len(made.modules) == 18
    assert made.modules[0] == "model.layers.0.mlp.gate_proj"


def test_the_seed_decides_everything() -> None:
    one, again, other = small(), small(), small(seed=1)
    assert (one.documents, one.queries, one.loss) == (again.documents, again.queries, again.loss)
    assert one.documents != other.documents
    for left, right in zip(one.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(left, right)


def test_sizes_are_as_asked_and_queries_are_no_documents() -> None:
    made = small()
    assert [len(ids) for ids in made.documents] == [20] * 12
    assert [(len(ids), prompt) for ids, prompt in made.queries] == [(10, 5)] * 3
    assert not any(ids == document[:10] for ids, _ in made.queries for document in made.documents)
    assert [text.target_loss for text in made.query_texts] == [(False,) * 4 + (True,) * 5] * 3
    assert {text.n_positions for text in made.document_texts} == {19}
    assert not any(parameter.requires_grad for parameter in made.model.parameters())


def test_ragged_documents_have_lengths_of_the_whole_range() -> None:
    lengths = [len(ids) for ids in small(n_documents=200, shortest=4, training_steps=0).documents]
    assert (min(lengths), max(lengths)) == (4, 20)


def test_the_grammar_can_be_learnt_and_training_learns_some_of_it() -> None:
    made = small(n_documents=24, training_steps=100)
    assert made.loss < math.log(20)  # knowing the topic alone gives that; from log(60)


def test_a_topic_keeps_to_its_part_of_the_vocabulary_and_repeats_passages() -> None:
    tokens = sequences(200, 256, 300, seed=0)
    assert tokens.min() >= 0 and tokens.max() < 300
    assert all(len(set(row)) <= 100 for row in tokens.tolist())
    # Far more repeated passages of eight than the topic's tables alone would give.
    passages = [tuple(row[at : at + 8]) for row in tokens[:20].tolist() for at in range(249)]
    assert len(passages) - len(set(passages)) > 50
    assert np.array_equal(tokens[0], sequences(200, 256, 300, seed=0)[0])


@pytest.mark.parametrize("wrong", [{"hidden": 40}, {"n_tokens": 1}, {"n_documents": 0}])
def test_sizes_that_leave_nothing_to_do_are_refused(wrong) -> None:
    with pytest.raises(InputError, match="bench"):
        small(**wrong)


@pytest.mark.parametrize("shortest", [None, 3])
def test_a_training_pass_sums_the_loss_of_all_documents_and_leaves_the_model_alone(
    shortest,
) -> None:
    made = small(shortest=shortest)
    before = [parameter.clone() for parameter in made.model.parameters()]
    measured = training_pass(made, batch_tokens=64)
    expected = 0.0
    for ids in made.documents:
        logits = made.model(input_ids=torch.tensor([ids])).logits[0, :-1]
        log_p = logits.log_softmax(-1)[range(len(ids) - 1), ids[1:]]
        expected -= float(log_p.sum().detach())
    assert measured.result == pytest.approx(expected, rel=1e-5)
    assert measured.seconds > 0
    for parameter, kept in zip(made.model.parameters(), before, strict=True):
        assert torch.equal(parameter, kept)
        assert not parameter.requires_grad and parameter.grad is None


def test_a_training_pass_gives_every_parameter_a_gradient(monkeypatch) -> None:
    made = small()
    missing = []

    def look(set_to_none: bool = True) -> None:
        missing.extend(n for n, p in made.model.named_parameters() if p.grad is None)
        torch.nn.Module.zero_grad(made.model, set_to_none)

    monkeypatch.setattr(made.model, "zero_grad", look)
    training_pass(made, batch_tokens=1000)
    assert missing == []
