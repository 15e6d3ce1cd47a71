"""The dark corners: odd models and odd texts score as brute force says they should."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from attribution_engine.influence.capture import NotFinite
from attribution_engine.influence.factors import CORRECTION, COVARIANCE
from attribution_engine.influence.finiteness import refuse_not_finite
from attribution_engine.influence.model import load_model
from attribution_engine.influence.scores import self_scores
from attribution_engine.influence.token_scores import predicted_scores, update_scores
from attribution_engine.records import ModelConfig
from tests.influence.tiny_models import (
    CPU,
    DAMPING,
    autograd_gradients,
    covariances_of,
    dense_damped,
    dense_influence,
    directions_of,
    drawn_labels,
    fit,
    fitted,
    scores_of,
    text_of,
    tiny_model,
    tiny_texts,
    tracked_model,
)

# Llama's norms compute in float32 even in a float64 model.
CLOSE = {"rtol": 1e-4, "atol": 1e-6}


def update_by_autograd(tracked, directions, text):
    """−d L / dε_t at ε = 0, with every tracked layer's direction scaled by ε_t at position t."""
    eps = torch.zeros(text.n_positions, dtype=torch.float64, requires_grad=True)
    handles = []
    for index, direction in directions.items():

        def push(module, args, output, layer=tracked.layers[index], direction=direction):
            inputs = nn.functional.pad(args[0], (0, int(layer.has_bias)), value=1.0)
            return output + eps.unsqueeze(-1) * (inputs @ direction.of(0).to(inputs.dtype).T)

        handles.append(tracked.layers[index].module.register_forward_hook(push))
    logits = tracked.model(input_ids=torch.tensor([text.ids[:-1]]), use_cache=False).logits[0]
    for handle in handles:
        handle.remove()
    nll = nn.functional.cross_entropy(logits, torch.tensor(text.ids[1:]), reduction="none")
    (found,) = torch.autograd.grad(nll[torch.tensor(text.target_loss)].sum(), eps)
    shares = np.zeros(text.n_tokens)
    for position, share in enumerate((-found).tolist()):
        # A start token's share counts on the first text token.
        shares[max(0, position - text.starts)] += share
    return shares


def check_against_brute_force(tracked, documents, queries):
    """Document scores, gradient norms, token scores of both alignments."""
    curvatures = fit(tracked, documents)
    directions = directions_of(tracked, curvatures, queries)
    found = scores_of(tracked, directions, documents, tokens=True)
    damped = [dense_damped(each) for each in curvatures.values()]
    expected = dense_influence(tracked, damped, queries, documents)
    scale = np.abs(expected).max()
    assert scale > 0
    np.testing.assert_allclose(found.influence, expected, rtol=1e-4, atol=1e-5 * scale)
    wanted = {row: [0] for row in range(len(documents))}
    update = update_scores(tracked, directions, wanted, documents, batch_tokens=60)
    rows = range(len(documents))
    predicted = predicted_scores(tracked, directions, 0, documents, rows, batch_tokens=60)
    of_first = {index: each.select([0]) for index, each in directions.items()}
    for row, document in enumerate(documents):
        gradients = autograd_gradients(tracked.model, tracked.layers, document)
        squared = float(sum((g**2).sum() for g in gradients))
        assert found.squared_norms[row] == pytest.approx(squared, rel=1e-5)
        shares = update_by_autograd(tracked, of_first, document)
        np.testing.assert_allclose(update[0, row], shares, rtol=1e-4, atol=1e-5 * scale)
        np.testing.assert_allclose(found.of_document(row)[0], shares, rtol=1e-4, atol=1e-5 * scale)
        assert sum(predicted[row]) == pytest.approx(expected[0, row], rel=1e-4, abs=1e-4 * scale)
        assert len(predicted[row]) == document.n_tokens
    return found


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2"])
def test_batches_and_attention_backends_never_change_a_score_beyond_1e_4(family):
    documents, queries = tiny_texts(10), tiny_texts(3, seed=5)
    tracked = tracked_model(tiny_model(family).float())
    directions = directions_of(tracked, fit(tracked, documents), queries)
    alone = scores_of(tracked, directions, documents, tokens=True, batch_tokens=1)
    crowd = [*documents, *tiny_texts(5, seed=9, longest=40)]
    scale = np.abs(alone.influence).max(1, keepdims=True)
    for attention in ("eager", "sdpa"):
        tracked.model.set_attn_implementation(attention)
        for budget in (1, 33, 10_000):
            for rows in (range(len(crowd)), range(len(crowd) - 1, -1, -1)):
                found = scores_of(
                    tracked, directions, crowd, tokens=True, batch_tokens=budget, rows=rows
                )
                at = [list(rows).index(row) for row in range(len(documents))]
                change = np.abs(found.influence[:, at] - alone.influence) / scale
                assert change.max() < 1e-4
                np.testing.assert_allclose(found.squared_norms[at], alone.squared_norms, rtol=1e-4)
                for row, place in enumerate(at):
                    change = found.of_document(place) - alone.of_document(row)
                    assert (np.abs(change) / scale).max() < 1e-4


def test_tied_embeddings():
    tracked = tracked_model(tiny_model("llama", tie_word_embeddings=True))
    assert tracked.head.weight is tracked.model.get_input_embeddings().weight
    check_against_brute_force(tracked, tiny_texts(7), tiny_texts(2, seed=5))


def test_a_tied_output_head_is_scored_by_its_use_as_head_only():
    documents, queries = tiny_texts(6), tiny_texts(2, seed=5)
    tied = tracked_model(tiny_model("llama", tie_word_embeddings=True), "lm_head")
    model = copy.deepcopy(tied.model)
    model.lm_head.weight = nn.Parameter(model.lm_head.weight.clone(), requires_grad=False)
    apart = tracked_model(model, "lm_head")
    assert tied.trunk is None and len(tied.layers) == 1
    found = check_against_brute_force(apart, documents, queries).influence
    curvatures = fit(tied, documents)
    directions = directions_of(tied, curvatures, queries)
    np.testing.assert_allclose(scores_of(tied, directions, documents).influence, found, **CLOSE)
    rows = range(len(documents))
    predicted = predicted_scores(tied, directions, 0, documents, rows, batch_tokens=60)
    np.testing.assert_allclose([sum(predicted[row]) for row in rows], found[0], **CLOSE)


def test_modules_that_share_a_weight_each_have_their_own_direction():
    documents, queries = tiny_texts(6), tiny_texts(2, seed=5)
    model = tiny_model("llama")
    first, second = (block.mlp for block in model.model.layers)
    for name in ("gate_proj", "up_proj", "down_proj"):
        getattr(second, name).weight = getattr(first, name).weight
    tracked = tracked_model(model)
    assert tracked.trunk is not None and len(tracked.layers) == 6
    directions = directions_of(tracked, fit(tracked, documents), queries)
    influence = scores_of(tracked, directions, documents).influence
    rows = range(len(documents))
    predicted = predicted_scores(tracked, directions, 0, documents, rows, batch_tokens=60)
    np.testing.assert_allclose([sum(predicted[row]) for row in rows], influence[0], **CLOSE)


def rows_of_all_calls(model, layer, texts, labels):
    """ā and ds of every use of a layer at every position, [uses, in] and [uses, out]."""
    inputs, outputs = [], []

    def look(_module, args, output):
        ones = torch.ones(*args[0].shape[:-1], int(layer.has_bias), dtype=args[0].dtype)
        inputs.append(torch.cat([args[0].detach(), ones], -1)[0])
        if not output.requires_grad:
            output.requires_grad_()
        output.register_hook(lambda gradient: outputs.append(gradient[0]))
        return output

    handle = layer.module.register_forward_hook(look)
    for text, own in zip(texts, labels, strict=True):
        logits = model(input_ids=torch.tensor([text.ids[:-1]]), use_cache=False).logits[0]
        nll = nn.functional.cross_entropy(logits, torch.tensor(own), reduction="none")
        nll[torch.tensor(text.target_loss)].sum().backward()
    handle.remove()
    return torch.cat(inputs), torch.cat(outputs)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_layer_that_two_blocks_share(family):
    model = tiny_model(family)
    blocks = model.model.layers if family == "llama" else model.transformer.h
    blocks[1].mlp = blocks[0].mlp
    tracked = tracked_model(model)
    assert len(tracked.layers) == (3 if family == "llama" else 2)
    documents, queries = tiny_texts(7), tiny_texts(2, seed=5)
    check_against_brute_force(tracked, documents, queries)
    # Each of its two uses is a token for the covariances; Λ is of their sum.
    n_positions = sum(text.n_positions for text in documents)
    covariances = covariances_of(tracked, documents)
    first = drawn_labels(model, documents, COVARIANCE)
    for index, layer in enumerate(tracked.layers):
        inputs, outputs = rows_of_all_calls(model, layer, documents, first)
        assert covariances[index].tokens == len(inputs) == 2 * n_positions
        scale = {"rtol": 1e-5, "atol": 1e-9}
        expected = inputs.T @ inputs / len(inputs)
        torch.testing.assert_close(covariances[index].activations, expected, **scale)
        expected = outputs.T @ outputs / len(outputs)
        torch.testing.assert_close(covariances[index].gradients, expected, **scale)
    curvatures = fit(tracked, documents)
    labels = drawn_labels(model, documents, CORRECTION)
    for index, curvature in curvatures.items():
        squares = [
            (
                curvature.basis.gradients.T
                @ autograd_gradients(model, tracked.layers, text, own)[index]
                @ curvature.basis.activations
            )
            ** 2
            for text, own in zip(documents, labels, strict=True)
        ]
        expected = torch.stack(squares).mean(0)
        torch.testing.assert_close(curvature.eigenvalues, expected, rtol=1e-5, atol=1e-9)


def test_biases_of_the_mlp_and_of_attention():
    tracked = tracked_model(tiny_model("llama", mlp_bias=True, attention_bias=True), "linear")
    assert all(layer.has_bias for layer in tracked.layers) and len(tracked.layers) == 14
    with torch.no_grad():
        for layer in tracked.layers:
            layer.module.bias.normal_(generator=torch.Generator().manual_seed(layer.out_features))
    check_against_brute_force(tracked, tiny_texts(6), tiny_texts(2, seed=5))


def test_grouped_query_attention():
    model = tiny_model("llama", num_attention_heads=4, num_key_value_heads=2)
    tracked = tracked_model(model, "attention")
    assert {layer.shape for layer in tracked.layers} == {(8, 8), (4, 8)}
    check_against_brute_force(tracked, tiny_texts(6), tiny_texts(2, seed=5))


def test_masked_prompts_and_gaps_in_the_loss():
    gaps = text_of([4, 5, 6, 7, 8, 9, 10])
    gaps = type(gaps)(gaps.ids, 1, gaps.token_ends, (False, True, False, False, True, True, False))
    documents = [gaps, text_of([3, 4, 5, 6], prompt=3), *tiny_texts(5)]
    tracked = tracked_model(tiny_model("gpt2"))
    check_against_brute_force(tracked, documents, [text_of([5, 6, 7, 8], prompt=2)])
    # And the prompt is read: another one gives other scores.
    directions = directions_of(tracked, fit(tracked, documents), [gaps])
    one, other = (
        scores_of(tracked, directions, [text_of(ids, prompt=3)]).influence
        for ids in ([3, 4, 5, 6], [9, 4, 5, 6])
    )
    assert abs(one - other).max() > 0.01 * abs(one).max()


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_documents_and_queries_of_one_token(family):
    documents = [text_of([5]), text_of([6]), text_of([5, 7], starts=0), *tiny_texts(4)]
    queries = [text_of([9]), text_of([4, 6, 9], prompt=2)]
    check_against_brute_force(tracked_model(tiny_model(family)), documents, queries)


@pytest.mark.parametrize("starts", [0, 1])
def test_the_first_position(starts):
    documents = tiny_texts(5, starts=starts)
    queries = [text_of([9, 8, 7], starts=starts)]
    tracked = tracked_model(tiny_model("gpt2"))
    check_against_brute_force(tracked, documents, queries)
    directions = directions_of(tracked, fit(tracked, documents), queries)
    whole = text_of([3, 4, 5], starts=starts)
    (first, *_rest) = predicted_scores(tracked, directions, 0, [whole], [0], batch_tokens=60)[0]
    shares = update_scores(tracked, directions, {0: [0]}, [whole], batch_tokens=60)[0, 0]
    # Nothing predicts the first token where there is no start token; the last updates nothing.
    assert (first == 0.0) == (starts == 0)
    assert shares[-1] == 0.0 and shares[0] != 0.0


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_dropout_is_off(family, tmp_path):
    rates = {
        "gpt2": ("resid_pdrop", "embd_pdrop", "attn_pdrop"),
        "llama": ("attention_dropout",),
    }[family]
    documents, queries = tiny_texts(6), tiny_texts(2, seed=5)
    found = []
    for rate in (0.0, 0.5):
        folder = tmp_path / str(rate)
        tiny_model(family, **dict.fromkeys(rates, rate)).save_pretrained(folder)
        for _ in range(2):
            model = load_model(ModelConfig(str(folder), dtype="float64"), CPU)
            assert all(getattr(model.config, name) == rate for name in rates)
            tracked = tracked_model(model)
            directions = directions_of(tracked, fit(tracked, documents), queries)
            found.append(scores_of(tracked, directions, documents).influence)
    for other in found[1:]:
        assert np.array_equal(found[0], other)


def test_a_document_that_is_also_a_query_has_its_self_influence():
    texts = tiny_texts(8)
    tracked, curvatures = fitted("gpt2", texts)
    directions = directions_of(tracked, curvatures, texts)
    own = scores_of(tracked, directions, texts).influence.diagonal()
    found = self_scores(
        tracked,
        [(tracked.wanted, lambda: curvatures)],
        texts,
        range(len(texts)),
        damping=DAMPING,
        batch_tokens=60,
    )
    damped = [dense_damped(each) for each in curvatures.values()]
    expected = dense_influence(tracked, damped, texts, texts)
    np.testing.assert_allclose(own, expected.diagonal(), rtol=1e-8)
    np.testing.assert_allclose(found.influence[0], expected.diagonal(), rtol=1e-8)
    np.testing.assert_allclose(expected, expected.T, rtol=1e-8)
    assert (own > 0).all()
    norms = scores_of(tracked, directions, texts).squared_norms
    np.testing.assert_allclose(found.squared_norms, norms, rtol=1e-8)


def test_the_seed_decides_the_labels_and_nothing_else_does():
    texts = tiny_texts(12)
    tracked = tracked_model(tiny_model("llama"))
    one, again, other = (
        fit(tracked, texts, seed=seed, batch_tokens=tokens)
        for seed, tokens in ((3, 60), (3, 60), (4, 60))
    )
    batched = fit(tracked, texts, seed=3, batch_tokens=25)
    for index in one:
        assert torch.equal(one[index].eigenvalues, again[index].eigenvalues)
        total = float(one[index].eigenvalues.sum())
        assert float(batched[index].eigenvalues.sum()) == pytest.approx(total, rel=1e-4)
        assert float(other[index].eigenvalues.sum()) != pytest.approx(total, rel=1e-3)


def test_the_document_and_the_layer_of_a_nan_are_named():
    model = tiny_model("llama")
    documents = [text_of([4, 5, 6]), text_of([6, 5, 4, 3]), text_of([4, 9, 5]), text_of([5, 5])]
    tracked = tracked_model(model)
    refuse_not_finite(tracked, documents, range(4))  # nothing to refuse
    model.get_input_embeddings().weight[9] = float("nan")
    with pytest.raises(NotFinite, match=r"activation of layer model\.layers\.0\.mlp") as raised:
        refuse_not_finite(tracked, documents, range(4))
    assert raised.value.row == 2
    # The weights of the last block: the first layer that reads it is named, not the last to tell.
    model = tiny_model("llama")
    model.model.layers[1].mlp.up_proj.weight[0, 0] = float("inf")
    with pytest.raises(NotFinite, match=r"activation of layer model\.layers\.1\.mlp\.down_proj"):
        refuse_not_finite(tracked_model(model), documents, [3])
