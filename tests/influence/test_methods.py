"""Methods beside EK-FAC, the factor sample, erased losses and bfloat16, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from attribution_engine.curvature_stages import factor_rows
from attribution_engine.influence.cuts import without_loss
from attribution_engine.influence.factors import CORRECTION
from attribution_engine.influence.scores import self_scores
from attribution_engine.influence.token_scores import predicted_scores
from attribution_engine.records import InfluenceConfig
from tests.influence.tiny_models import (
    BATCH_TOKENS,
    DAMPING,
    autograd_gradients,
    covariances_of,
    dense_influence,
    directions_of,
    drawn_labels,
    fit,
    fitted,
    scores_of,
    tiny_model,
    tiny_texts,
    tracked_model,
)


def test_one_pass_fits_covariances_and_eigenvalues_on_other_documents():
    texts = tiny_texts(12)
    tracked = tracked_model(tiny_model("gpt2"))
    first, second = list(range(0, 12, 2)), list(range(1, 12, 2))
    curvatures = fit(tracked, texts, rows=(first, second))
    labels = drawn_labels(tracked.model, texts, CORRECTION)
    for index, each in covariances_of(tracked, texts, first).items():
        assert each.documents == 6
        assert each.tokens == sum(texts[row].n_positions for row in first)
        q_a, q_s = curvatures[index].basis.activations, curvatures[index].basis.gradients
        off_axis = q_a.T @ each.activations @ q_a
        off_axis -= off_axis.diagonal().diag()
        assert float(off_axis.abs().max()) < 1e-8 * float(each.activations.abs().max())
        gradients = [
            autograd_gradients(tracked.model, tracked.layers, texts[row], labels[row])[index]
            for row in second
        ]
        squares = [(q_s.T @ each @ q_a) ** 2 for each in gradients]
        expected = torch.stack(squares).mean(0)
        torch.testing.assert_close(curvatures[index].eigenvalues, expected)


def test_factor_rows_are_two_halves_in_one_pass_and_the_same_in_two():
    first, second = factor_rows(InfluenceConfig(factor_documents=11, seed=5), 40)
    assert (len(first), len(second)) == (6, 5) and not set(first) & set(second)
    assert factor_rows(InfluenceConfig(factor_documents=11, seed=5), 40) == (first, second)
    assert factor_rows(InfluenceConfig(factor_documents=11, seed=6), 40) != (first, second)
    both = factor_rows(InfluenceConfig(factor_documents=11, seed=5, factor_passes=2), 40)
    assert both[0] == both[1] == sorted(first + second)
    for method in ("k-fac", "diagonal"):
        every, again = factor_rows(InfluenceConfig(method=method), 40)
        assert every == again == list(range(40))


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_a_tokens_predicted_score_is_what_erasing_its_loss_takes_away(family):
    documents, queries = tiny_texts(6), tiny_texts(1, seed=5)
    tracked, curvatures = fitted(family, documents)
    directions = directions_of(tracked, curvatures, queries)
    rows = range(len(documents))
    predicted = predicted_scores(tracked, directions, 0, documents, rows, batch_tokens=60)
    whole = scores_of(tracked, directions, documents).influence[0]
    for row, document in enumerate(documents):
        for erased in ([document.n_tokens - 1], [document.n_tokens - 2, document.n_tokens - 1]):
            text = without_loss(document, erased)
            assert text.ids == document.ids and sum(text.has_loss) < sum(document.has_loss)
            if not any(text.has_loss):
                continue
            left = scores_of(tracked, directions, [text]).influence[0, 0]
            lost = sum(predicted[row][at] for at in erased)
            scale = sum(abs(predicted[row]))
            assert whole[row] - left == pytest.approx(lost, rel=1e-4, abs=1e-5 * scale)


def test_bfloat16_scores_follow_float32():
    documents, queries = tiny_texts(60), tiny_texts(3, seed=5)
    found = []
    for kind in (torch.float32, torch.bfloat16):
        tracked = tracked_model(tiny_model("llama").to(kind))
        curvatures = fit(tracked, documents)
        directions = directions_of(tracked, curvatures, queries)
        scores = scores_of(tracked, directions, documents, tokens=True)
        assert np.isfinite(scores.influence).all()
        found.append((scores.influence, scores.squared_norms, scores.tokens))
    for one, other in zip(*found, strict=True):
        for exact, rounded in zip(np.atleast_2d(one), np.atleast_2d(other), strict=True):
            assert np.corrcoef(exact, rounded)[0, 1] > 0.99


@pytest.mark.parametrize("method", ["k-fac", "diagonal", "gradient-dot"])
def test_other_methods_are_their_dense_matrices(method):
    documents, queries = tiny_texts(9), tiny_texts(2, seed=5)
    tracked = tracked_model(tiny_model("gpt2"))
    curvatures = fit(tracked, documents, method=method)
    model, layers = tracked.model, tracked.layers
    labels = drawn_labels(model, documents, CORRECTION)
    drawn = [
        autograd_gradients(model, layers, text, own)
        for text, own in zip(documents, labels, strict=True)
    ]
    damped = []
    for index, layer in enumerate(layers):
        if method == "gradient-dot":
            damped.append(None)
            continue
        if method == "diagonal":
            values = torch.stack([each[index].flatten() ** 2 for each in drawn]).mean(0)
            dense = torch.diag(values)
        else:
            # As if tokens were independent: (S ⊗ A) × tokens per document.
            each = covariances_of(tracked, documents)[index]
            dense = torch.kron(each.gradients, each.activations) * each.tokens / len(documents)
        eye = torch.eye(len(dense), dtype=torch.float64)
        damped.append(dense + DAMPING * dense.trace() / len(dense) * eye)
        assert len(dense) == layer.in_features * layer.out_features
    expected = dense_influence(tracked, damped, queries, documents)
    directions = directions_of(tracked, curvatures, queries)
    found = scores_of(tracked, directions, documents).influence
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    own = self_scores(
        tracked,
        [(tracked.wanted, lambda: curvatures)],
        documents,
        range(9),
        damping=DAMPING,
        batch_tokens=BATCH_TOKENS,
    )
    expected = dense_influence(tracked, damped, documents, documents).diagonal()
    np.testing.assert_allclose(own.influence[0], expected, rtol=1e-6)
