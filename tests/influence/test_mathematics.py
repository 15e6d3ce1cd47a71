"""The engine against brute force, on models small enough to form every matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from attribution_engine.influence.factors import CORRECTION, COVARIANCE
from attribution_engine.influence.passes import backward_pass
from attribution_engine.influence.passes import drawn_labels as engine_labels
from attribution_engine.influence.query_gradients import completion_nats, randomised_svd
from attribution_engine.influence.sampling import document_uniforms, sample_labels
from attribution_engine.influence.token_scores import predicted_scores, update_scores
from attribution_engine.influence.tokens import batches
from tests.influence.tiny_models import (
    DAMPING,
    SEED,
    VOCABULARY,
    autograd_gradients,
    covariances_of,
    directions_of,
    drawn_labels,
    fitted,
    scores_of,
    tiny_model,
    tiny_texts,
    tracked_model,
)

FAMILIES = ("llama", "gpt2", "mistral", "qwen2")


@pytest.mark.parametrize("family", FAMILIES)
def test_factors_equal_those_from_autograd_one_document_at_a_time(family):
    texts = tiny_texts(11)
    tracked, curvatures = fitted(family, texts)
    model, layers = tracked.model, tracked.layers
    first = drawn_labels(model, texts, COVARIANCE)
    second = drawn_labels(model, texts, CORRECTION)
    covariances = covariances_of(tracked, texts)
    for at, layer in enumerate(layers):
        a, s, n = 0.0, 0.0, 0
        for row, text in enumerate(texts):
            inputs, outputs = hooked(model, layer, text, first[row])
            a, s, n = a + inputs.T @ inputs, s + outputs.T @ outputs, n + len(inputs)
        torch.testing.assert_close(covariances[at].activations, a / n)
        torch.testing.assert_close(covariances[at].gradients, s / n)
        assert (covariances[at].tokens, covariances[at].documents) == (n, len(texts))
        q_a, q_s = curvatures[at].basis.activations, curvatures[at].basis.gradients
        gradients = [
            autograd_gradients(model, layers, text, labels)[at]
            for text, labels in zip(texts, second, strict=True)
        ]
        expected = torch.stack([(q_s.T @ g @ q_a) ** 2 for g in gradients]).mean(0)
        torch.testing.assert_close(curvatures[at].eigenvalues, expected)


def hooked(model, layer, text, labels):
    """ā [positions, in] and ds [positions, out] of one unpadded text, by a backward hook."""
    seen = {}
    layer.module.weight.requires_grad_(True)  # so that the graph reaches the layer

    def forward(_module, args, output):
        seen["inputs"] = args[0].detach()[0]
        output.register_hook(lambda gradient: seen.update(outputs=gradient[0]))

    handle = layer.module.register_forward_hook(forward)
    logits = model(input_ids=torch.tensor([text.ids[:-1]]), use_cache=False).logits[0]
    handle.remove()
    nll = torch.nn.functional.cross_entropy(logits, torch.tensor(labels), reduction="none")
    nll[torch.tensor(text.target_loss)].sum().backward()
    layer.module.weight.requires_grad_(False)
    layer.module.weight.grad = None
    inputs = seen["inputs"]
    if layer.has_bias:
        inputs = torch.cat([inputs, torch.ones(len(inputs), 1, dtype=inputs.dtype)], 1)
    return inputs, seen["outputs"]


@pytest.mark.parametrize("family", FAMILIES)
def test_preconditioning_equals_the_dense_damped_inverse(family):
    texts = tiny_texts(9)
    tracked, curvatures = fitted(family, texts)
    generator = torch.Generator().manual_seed(1)
    for layer, factor in zip(tracked.layers, curvatures.values(), strict=True):
        # vec stacks rows: (Q_S ⊗ Q_A) diag(Λ) (Q_S ⊗ Q_A)ᵀ is the layer's G.
        q = torch.kron(factor.basis.gradients, factor.basis.activations)
        dense = q @ torch.diag(factor.eigenvalues.flatten()) @ q.T
        damped = dense + DAMPING * factor.eigenvalues.mean() * torch.eye(
            len(dense), dtype=torch.float64
        )
        gradient = torch.randn(layer.shape, generator=generator, dtype=torch.float64)
        expected = torch.linalg.solve(damped, gradient.flatten()).reshape(layer.shape)
        torch.testing.assert_close(factor.precondition(gradient, DAMPING), expected)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("starts", [0, 1])
def test_document_scores_equal_autograd_gradients_dotted_with_the_direction(family, starts):
    documents, queries = tiny_texts(13, starts=starts), tiny_texts(3, seed=5, starts=starts)
    tracked, curvatures = fitted(family, documents)
    model, layers = tracked.model, tracked.layers
    directions = directions_of(tracked, curvatures, queries)
    found = scores_of(tracked, directions, documents, batch_tokens=45)
    influence, norms = torch.tensor(found.influence), torch.tensor(found.squared_norms).sqrt()
    damped = []
    for factor in curvatures.values():
        q = torch.kron(factor.basis.gradients, factor.basis.activations)
        values = factor.eigenvalues.flatten()
        damped.append(q @ torch.diag(values + DAMPING * values.mean()) @ q.T)
    for number, query in enumerate(queries):
        # f = log p, the negative of the query's NLL; I = ∇fᵀ (G + λI)⁻¹ (−∇L).
        f = [-g for g in autograd_gradients(model, layers, query)]
        directions = [
            torch.linalg.solve(g, one.flatten()) for g, one in zip(damped, f, strict=True)
        ]
        for row, document in enumerate(documents):
            gradients = autograd_gradients(model, layers, document)
            expected = -sum(d @ g.flatten() for d, g in zip(directions, gradients, strict=True))
            torch.testing.assert_close(influence[number, row], expected, rtol=1e-8, atol=1e-10)
            norm = sum((g**2).sum() for g in gradients).sqrt()
            torch.testing.assert_close(norms[row], norm)


def test_scores_do_not_depend_on_how_documents_are_batched():
    documents, queries = tiny_texts(12), tiny_texts(2, seed=5)
    tracked, curvatures = fitted("llama", documents)
    directions = directions_of(tracked, curvatures, queries)
    one, many = (scores_of(tracked, directions, documents, batch_tokens=n) for n in (1, 10_000))
    for name in ("influence", "squared_norms"):
        first, second = (torch.tensor(getattr(each, name)) for each in (one, many))
        # Llama's norms are taken in float32, which processors round in ways of their own.
        scale = float(second.abs().max())
        torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-6 * scale)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("starts", [0, 1])
@pytest.mark.parametrize("rank", [None, 3])
def test_token_scores_of_both_alignments_sum_to_the_document(family, starts, rank):
    documents, queries = tiny_texts(7, starts=starts), tiny_texts(2, seed=5, starts=starts)
    tracked, curvatures = fitted(family, documents)
    directions = directions_of(tracked, curvatures, queries, rank)
    found = scores_of(tracked, directions, documents)
    in_the_pass = scores_of(tracked, directions, documents, tokens=True)
    np.testing.assert_allclose(in_the_pass.influence, found.influence, rtol=1e-5, atol=1e-8)
    rows = range(len(documents))
    wanted = {row: [0, 1] for row in rows}
    update = update_scores(tracked, directions, wanted, documents, batch_tokens=60)
    for query in (0, 1):
        predicted = predicted_scores(tracked, directions, query, documents, rows, batch_tokens=60)
        for row, document in enumerate(documents):
            total = float(found.influence[query, row])
            # Llama's norms compute in float32 even in a float64 model; GPT-2's do not.
            close = 1e-9 if family == "gpt2" else 1e-4
            streamed = in_the_pass.of_document(row)[query]  # kept in float32
            np.testing.assert_allclose(streamed, update[query, row], rtol=1e-4, atol=1e-5)
            for scores in (predicted[row], update[query, row]):
                slack = 1e-6 * sum(map(abs, scores))  # where tokens nearly cancel
                assert abs(sum(scores) - total) <= close * abs(total) + slack
            assert len(predicted[row]) == len(update[query, row]) == document.n_tokens
            without_loss = [
                score
                for score, counts in zip(predicted[row], document.has_loss, strict=True)
                if not counts
            ]
            assert all(score == 0.0 for score in without_loss)


def test_a_predicted_token_score_is_the_change_of_that_tokens_log_probability():
    documents, queries = tiny_texts(4), tiny_texts(1, seed=5)
    tracked, curvatures = fitted("gpt2", documents)  # float64 throughout
    directions = directions_of(tracked, curvatures, queries)
    scores = predicted_scores(tracked, directions, 0, documents, [1], batch_tokens=60)[1]
    scale = max(float(d.of(0).abs().max()) for d in directions.values())
    step = 1e-6 / scale
    moved = []
    for sign in (1, -1):
        move(tracked, directions, sign * step)
        _, nats = completion_nats(tracked, documents[1])
        moved.append(torch.tensor(nats, dtype=torch.float64))
        move(tracked, directions, -sign * step)
    expected = (moved[1] - moved[0]) / (2 * step)  # nats fall where log p rises
    torch.testing.assert_close(
        torch.tensor(scores, dtype=torch.float64), expected, rtol=1e-4, atol=1e-6 * scale
    )


def move(tracked, directions, step):
    for index, direction in directions.items():
        for name, tangent in tracked.layers[index].parameters_of(direction.of(0)).items():
            tracked.model.get_parameter(name).add_(tangent, alpha=step)


def test_labels_are_sampled_from_the_model_and_not_taken_from_the_data():
    texts = tiny_texts(40, longest=40)
    model = tiny_model("llama")
    labels = drawn_labels(model, texts, COVARIANCE)
    own = [list(text.ids[1:]) for text in texts]
    agreement = sum(a == b for one, two in zip(labels, own, strict=True) for a, b in zip(one, two))
    assert agreement < 0.5 * sum(len(one) for one in own)
    # And with the right frequencies: chi-square of many draws from one distribution.
    p = torch.randn(1, VOCABULARY, generator=torch.Generator().manual_seed(0)).softmax(1)
    uniforms = document_uniforms(0, 0, (0,), 20_000)[0]
    drawn = sample_labels(p.expand(20_000, -1), uniforms)
    expected = 20_000 * p[0]
    chi_square = float(((drawn.bincount(minlength=VOCABULARY) - expected) ** 2 / expected).sum())
    assert chi_square < 60  # 22 degrees of freedom: p ≈ 2e-5


def test_the_covariance_and_the_correction_draw_labels_anew():
    texts = tiny_texts(6)
    model = tiny_model("llama")
    assert drawn_labels(model, texts, COVARIANCE) != drawn_labels(model, texts, CORRECTION)


def test_labels_do_not_depend_on_the_batch():
    texts = tiny_texts(8)
    tracked = tracked_model(tiny_model("llama")).only([0])
    by_row = {}
    for budget in (1, 10_000):
        for batch in batches(texts, budget):
            gradients = []
            backward_pass(
                tracked,
                batch,
                lambda _, captured, kept=gradients: kept.append(captured.per_text()),
                labels=engine_labels(SEED, COVARIANCE),
            )
            for at, row in enumerate(batch.rows):
                if row in by_row:
                    torch.testing.assert_close(by_row[row], gradients[0][at])
                by_row[row] = gradients[0][at]
    assert len(by_row) == len(texts)


def test_randomised_svd_is_the_best_approximation_of_its_rank_for_a_falling_spectrum():
    generator = torch.Generator().manual_seed(0)
    u, _ = torch.linalg.qr(torch.randn(40, 30, generator=generator, dtype=torch.float64))
    v, _ = torch.linalg.qr(torch.randn(30, 30, generator=generator, dtype=torch.float64))
    s = 0.6 ** torch.arange(30, dtype=torch.float64)
    matrix = u * s @ v.T
    left, right = randomised_svd(matrix, 6, seed=0)
    best = float((s[6:] ** 2).sum().sqrt())
    assert float((left @ right - matrix).norm()) <= 1.01 * best


def test_full_rank_gives_exact_scores():
    documents, queries = tiny_texts(5), tiny_texts(2, seed=5)
    tracked, curvatures = fitted("llama", documents)
    exact = directions_of(tracked, curvatures, queries)
    compressed = directions_of(tracked, curvatures, queries, rank=7)
    scores = [
        torch.tensor(scores_of(tracked, each, documents).influence) for each in (exact, compressed)
    ]
    assert compressed[0].left is not None
    # The rank is 7 of 8: nearly all of the spectrum.
    correlation = torch.corrcoef(torch.stack([s.flatten() for s in scores]))[0, 1]
    assert correlation > 0.99
