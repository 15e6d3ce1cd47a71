"""Every fast path beside the plain computation that it stands for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from attribution_engine.influence.capture import Captured
from attribution_engine.influence.contractions import (
    document_products,
    slot_products,
    squared_norms,
    squared_norms_by_gram,
)
from attribution_engine.influence.directions import LayerDirections
from attribution_engine.influence.memory import STAGES, Shape, groups, layer_bytes
from attribution_engine.influence.passes import backward_pass
from attribution_engine.influence.query_gradients import WeightedTexts, query_directions
from attribution_engine.influence.scores import self_scores
from attribution_engine.influence.token_scores import predicted_scores, update_scores
from attribution_engine.influence.tokens import batches
from tests.influence.layer_gradients import (
    MIXTURES,
    autograd_matrices,
    family_model,
    forward_mode,
    record,
)
from tests.influence.tiny_models import (
    DAMPING,
    autograd_gradients,
    covariances_of,
    directions_of,
    fit,
    fitted,
    scores_of,
    single,
    text_of,
    tiny_model,
    tiny_texts,
    tracked_model,
    without_formula,
)


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2"])
def test_the_output_head_by_formula_is_the_graph_through_the_logits(family):
    documents, queries = tiny_texts(9), tiny_texts(2, seed=5)
    by_formula = tracked_model(tiny_model(family))
    by_graph = without_formula(by_formula)
    assert by_formula.trunk is not None and by_graph.trunk is None
    fits = [fit(tracked, documents) for tracked in (by_formula, by_graph)]
    for index in by_formula.wanted:
        one, other = (each[index].eigenvalues for each in fits)
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-8)
    found = []
    for tracked in (by_formula, by_graph):
        weighted = [WeightedTexts(tuple(queries), (0.25, 2.0)), *single(queries)]
        directions = directions_of(tracked, fits[0], weighted)
        scores = scores_of(tracked, directions, documents)
        rows = range(len(documents))
        predicted = predicted_scores(tracked, directions, 0, documents, rows, batch_tokens=60)
        found.append(
            (scores.influence, scores.squared_norms, np.concatenate([*predicted.values()]))
        )
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * np.abs(other).max())


# Slots, inputs, outputs: long and short texts, wide and narrow layers; each path is the cheaper
# one somewhere.
SHAPES = [(3, 40, 30), (60, 6, 5), (1, 8, 8), (17, 4, 64), (17, 64, 4)]


def captured_of(slots, width, height, kind=torch.float64):
    generator = torch.Generator().manual_seed(slots)
    return Captured(
        torch.randn(5, slots, width, generator=generator, dtype=kind),
        torch.randn(5, slots, height, generator=generator, dtype=kind),
    )


@pytest.mark.parametrize(("slots", "width", "height"), SHAPES)
def test_gram_norms_are_norms_of_formed_gradients(slots, width, height):
    captured = captured_of(slots, width, height)
    formed = captured.per_text().square().sum((1, 2))
    torch.testing.assert_close(squared_norms_by_gram(captured), formed)
    torch.testing.assert_close(squared_norms(captured), formed)


@pytest.mark.parametrize(("slots", "width", "height"), SHAPES)
@pytest.mark.parametrize("rank", [None, 1, 3])
def test_products_at_slots_and_of_documents_are_those_of_formed_gradients(
    slots, width, height, rank
):
    captured = captured_of(slots, width, height)
    generator = torch.Generator().manual_seed(1)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    exact = LayerDirections(normal(4, height, width))
    directions = exact if rank is None else LayerDirections(
        None, normal(4, height, rank), normal(4, rank, width)
    )  # fmt: skip
    matrices = torch.stack([directions.of(query) for query in range(4)])
    formed = torch.einsum("nto,nti->ntoi", captured.gradients, captured.activations)
    expected = torch.einsum("qoi,ntoi->qnt", matrices, formed)
    torch.testing.assert_close(slot_products(captured, directions), expected)
    products, squared = document_products(captured, directions)
    torch.testing.assert_close(products, expected.sum(-1))
    torch.testing.assert_close(squared, formed.sum(1).square().sum((1, 2)))


def test_low_rank_scores_are_those_of_the_formed_directions():
    documents, queries = tiny_texts(8), tiny_texts(3, seed=5)
    tracked, curvatures = fitted("gpt2", documents)
    low = directions_of(tracked, curvatures, queries, rank=2)
    formed = {
        index: LayerDirections(torch.stack([each.of(query) for query in range(3)]))
        for index, each in low.items()
    }
    assert all(each.rank == 2 for each in low.values())
    for tokens in (False, True):
        one, other = (
            scores_of(tracked, each, documents, tokens=tokens).influence for each in (low, formed)
        )
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_layers_in_groups_give_what_all_layers_give_at_once():
    documents, queries = tiny_texts(9), tiny_texts(2, seed=5)
    tracked, curvatures = fitted("gpt2", documents)
    apart = [[3], [0, 2], [1]]
    for group in apart:
        alone = fit(tracked.only(group), documents)
        assert sorted(alone) == sorted(group)
        for index, each in alone.items():
            torch.testing.assert_close(each.eigenvalues, curvatures[index].eigenvalues)
    whole = directions_of(tracked, curvatures, queries, rank=3)
    parts = {}
    for group in apart:
        parts |= directions_of(tracked.only(group), curvatures, queries, rank=3)
    for tokens in (False, True):
        one = scores_of(tracked, whole, documents, tokens=tokens)
        other = scores_of(tracked, parts, documents, tokens=tokens, groups=apart)
        np.testing.assert_allclose(one.influence, other.influence, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(one.squared_norms, other.squared_norms, rtol=1e-5)
        if tokens:
            np.testing.assert_allclose(one.tokens, other.tokens, rtol=1e-4, atol=1e-6)
    own = [
        self_scores(
            tracked,
            [(group, lambda: curvatures) for group in chosen],
            documents,
            range(9),
            damping=DAMPING,
            batch_tokens=40,
        )
        for chosen in ([tracked.wanted], apart)
    ]
    np.testing.assert_allclose(own[0].influence, own[1].influence, rtol=1e-5)
    wanted = {row: [1] for row in range(9)}
    every = update_scores(tracked, whole, wanted, documents, batch_tokens=60)
    sums = [
        update_scores(tracked.only(g), whole, wanted, documents, batch_tokens=60) for g in apart
    ]
    for key, shares in every.items():
        np.testing.assert_allclose(sum(each[key] for each in sums), shares, atol=1e-10)


@pytest.mark.parametrize("stage", STAGES)
def test_groups_hold_every_layer_once_and_fit(stage):
    layers, shape = tracked_model(tiny_model("llama"), "linear").layers, Shape(3, None)
    needed = [layer_bytes(each, each.input_of == i, stage, shape) for i, each in enumerate(layers)]
    allowed = max(sum(needed[:2]), 3 * max(needed))
    found = groups(layers, stage, shape, allowed)
    assert sorted(index for group in found for index in group) == list(range(len(layers)))
    assert len(found) > 1
    assert all(sum(needed[index] for index in group) <= allowed for group in found)
    if stage != "eigendecompositions":  # layers that share their input stay together
        assert all(layers[index].input_of in group for group in found for index in group)
    assert len(groups(layers, "scores", shape, 1 << 40)) == 1


@pytest.mark.parametrize("family", ["llama", "mistral"])
def test_shared_inputs_are_inputs_like_any_other(family):
    documents = tiny_texts(9)
    tracked = tracked_model(tiny_model(family), "linear")
    owners = [layer.input_of for layer in tracked.layers]
    assert len(set(owners)) < len(owners)
    alone = replace(
        tracked,
        layers=tuple(replace(each, input_of=i) for i, each in enumerate(tracked.layers)),
    )
    shared = covariances_of(tracked, documents)
    assert all(shared[i].activations is shared[owner].activations for i, owner in enumerate(owners))
    for index, each in covariances_of(alone, documents).items():
        assert torch.equal(each.activations, shared[index].activations)
    for (index, one), other in zip(
        fit(tracked, documents).items(), fit(alone, documents).values(), strict=True
    ):
        torch.testing.assert_close(one.eigenvalues, other.eigenvalues, msg=str(index))


@pytest.mark.parametrize("family", MIXTURES[:3])
def test_gathered_expert_rows_score_as_autograd_says(family):
    tracked = tracked_model(family_model(family), "mlp")
    experts = [i for i, layer in enumerate(tracked.layers) if layer.expert is not None]
    assert experts
    documents = [text_of(text.ids[1:]) for text in tiny_texts(6)]
    curvatures = fit(tracked, documents)
    directions = directions_of(tracked, curvatures, tiny_texts(2, seed=4)[1:])
    found = scores_of(tracked, directions, documents, tokens=True)
    plain = scores_of(tracked, directions, documents)
    rows = range(len(documents))
    predicted = predicted_scores(tracked, directions, 0, documents, rows, batch_tokens=60)
    vectors = [directions[index].of(0) for index in tracked.wanted]
    for row, document in enumerate(documents):
        ids = torch.tensor([document.ids])
        matrices = autograd_matrices(tracked.model, tracked.layers, ids)
        expected = -float(sum((v * g).sum() for v, g in zip(vectors, matrices, strict=True)))
        scale = sum(float((v * g).abs().sum()) for v, g in zip(vectors, matrices, strict=True))
        close = pytest.approx(expected, rel=1e-4, abs=1e-5 * scale)
        assert (found.influence[0, row], plain.influence[0, row]) == (close, close)
        assert -forward_mode(tracked.model, tracked.layers, vectors, ids) == close
        assert sum(predicted[row]) == close
        squared = float(sum((g**2).sum() for g in matrices))
        assert found.squared_norms[row] == pytest.approx(squared, rel=1e-4)
        shares = np.zeros(document.n_tokens)
        for call, gradient in zip(*record(tracked.model, tracked.layers, ids), strict=True):
            inputs = call.inputs.flatten(0, -2)
            if tracked.layers[call.layer].has_bias:
                inputs = torch.nn.functional.pad(inputs, (0, 1), value=1.0)
            of_rows = ((gradient.flatten(0, -2) @ vectors[call.layer]) * inputs).sum(1)
            places = range(len(inputs)) if call.places is None else call.places.tolist()
            for place, share in zip(places, of_rows.tolist(), strict=True):
                shares[max(0, place - 1)] -= share
        np.testing.assert_allclose(found.of_document(row)[0], shares, rtol=1e-3, atol=1e-5 * scale)


@pytest.mark.parametrize("family", MIXTURES[:3])
def test_gathered_rows_of_a_padded_batch_are_those_of_each_text_alone(family):
    tracked = tracked_model(family_model(family), "experts")
    texts = [text_of(text.ids[1:]) for text in tiny_texts(6)]
    rows_read = dict.fromkeys(tracked.wanted, 0.0)
    by_text = {}

    def consume(index, captured):
        by_text[index] = captured.per_text()
        activations, gradients = captured.tokens()
        assert len(activations) == len(gradients)
        rows_read[index] = activations.T @ activations

    (batch,) = batches(texts, 1000)
    assert not batch.full
    backward_pass(tracked, batch, consume)
    alone = dict.fromkeys(tracked.wanted, 0.0)
    for at, row in enumerate(batch.rows):
        ids = torch.tensor([texts[row].ids])
        expected = autograd_matrices(tracked.model, tracked.layers, ids)
        for index, matrix in enumerate(expected):
            found = by_text[index][at].double() if index in by_text else torch.zeros_like(matrix)
            torch.testing.assert_close(found, matrix, rtol=1e-4, atol=1e-6)
        # The last token is read by no position of a batch.
        for call, _ in zip(*record(tracked.model, tracked.layers, ids), strict=True):
            inputs = call.inputs[call.places < ids.shape[1] - 1].double()
            if tracked.layers[call.layer].has_bias:
                inputs = torch.nn.functional.pad(inputs, (0, 1), value=1.0)
            alone[call.layer] = alone[call.layer] + inputs.T @ inputs
    for index, each in alone.items():
        torch.testing.assert_close(
            torch.as_tensor(rows_read[index]).double(),
            torch.as_tensor(each).double(),
            rtol=1e-4,
            atol=1e-6,
        )


def test_a_set_query_is_the_weighted_sum_of_its_items():
    documents, items = tiny_texts(7), tiny_texts(3, seed=5)
    weights = (1 / 3, 0.5, 2.0)
    tracked, curvatures = fitted("qwen2", documents)
    queries = [WeightedTexts(tuple(items), weights), *single(items)]
    found = scores_of(tracked, directions_of(tracked, curvatures, queries), documents).influence
    np.testing.assert_allclose(found[0], weights @ found[1:], rtol=1e-6, atol=1e-9)
    assert np.abs(found[0] - found[1:].sum(0)).max() > 0.1 * np.abs(found[0]).max()
    # And whatever batches its items are in.
    alone = query_directions(
        tracked, curvatures, queries[:1], damping=DAMPING, rank=None, seed=0, batch_tokens=1
    )
    # The model's norms are taken in float32, which processors round in ways of their own.
    close = {"rtol": 1e-5, "atol": 1e-6 * np.abs(found[0]).max()}
    again = scores_of(tracked, alone[0], documents).influence[0]
    np.testing.assert_allclose(again, found[0], **close)


def test_gradient_norms_of_queries_are_those_of_autograd():
    queries = tiny_texts(3, seed=5)
    tracked, curvatures = fitted("gpt2", tiny_texts(6))
    _, squared = query_directions(
        tracked, curvatures, single(queries), damping=DAMPING, rank=2, seed=0, batch_tokens=60
    )
    for number, query in enumerate(queries):
        gradients = autograd_gradients(tracked.model, tracked.layers, query)
        for index, gradient in enumerate(gradients):
            assert float(squared[index][number]) == pytest.approx(float((gradient**2).sum()))


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2"])
def test_blocks_computed_again_one_at_a_time_give_what_the_whole_graph_gives(family):
    documents, queries = tiny_texts(8), tiny_texts(2, seed=5)
    whole = tracked_model(tiny_model(family), "linear")
    by_blocks = replace(whole, most_at_once=1)
    curvatures = fit(whole, documents)
    for index, each in fit(by_blocks, documents).items():
        torch.testing.assert_close(
            each.eigenvalues, curvatures[index].eigenvalues, rtol=1e-5, atol=1e-9
        )
    weighted = [WeightedTexts(tuple(queries), (0.25, 2.0)), *single(queries)]
    found = []
    for tracked in (whole, by_blocks):
        directions = directions_of(tracked, curvatures, weighted)
        scores = scores_of(tracked, directions, documents, tokens=True)
        found.append((scores.influence, scores.squared_norms, scores.tokens))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6 * np.abs(other).max())


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_exact_scores_of_16_bit_models_are_the_same_with_and_without_tokens(kind):
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape):
        return torch.randn(*shape, generator=generator)

    captured = Captured(drawn(5, 12, 30).to(kind), drawn(5, 12, 20).to(kind))
    directions = LayerDirections(drawn(3, 20, 30))
    shares = slot_products(captured, directions)
    whole, _ = document_products(captured, directions)
    slow = torch.einsum(
        "qoi,dto,dti->qdt",
        directions.exact.double(),
        captured.gradients.double(),
        captured.activations.double(),
    )
    assert shares.dtype == whole.dtype == torch.float32
    torch.testing.assert_close(shares.double(), slow, rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(shares.sum(-1), whole, rtol=1e-5, atol=1e-3)
