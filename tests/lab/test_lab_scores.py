"""Scores of a lab model: the numbers of a run, of explicit gradients, and of left-out documents."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from attribution_engine.influence.memory import Room
from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.lab import gradient_scores as module
from attribution_engine.lab.gradient_scores import Variant, gradient_scores
from attribution_engine.lab.lab_scores import (
    METHODS,
    LabTexts,
    as_queries,
    as_texts,
    datamodel_predictions,
    random_scores,
    score_lab,
)
from attribution_engine.lab.retraining import Example
from attribution_engine.records import InputError
from tests.influence.tiny_models import (
    autograd_gradients,
    dense_damped,
    dense_influence,
    fit,
    tiny_model,
    tiny_texts,
    tracked_model,
)
from tests.test_run_methods import influence_of, inputs_of, rows_of, run_in

GRADIENTS = ("gradient-dot", "gradient-cosine")


def as_example(text: TokenisedText) -> Example:
    """The ids that the text has, start token included, with the loss where it begins."""
    return Example(text.ids, text.starts + text.has_loss.index(True))


def pearson_of_rows(one: np.ndarray, other: np.ndarray) -> float:
    return min(np.corrcoef(a, b)[0, 1] for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    "method, rank",
    [("ek-fac", None), ("ek-fac", 3), ("gradient-dot", 3), ("gradient-cosine", None)],
)
def test_scores_are_those_that_a_run_puts_in_its_store(tmp_path, method, rank):
    options = f'method = "{method}"\nseed = 7\n' + (f"rank = {rank}" if rank else "")
    config = run_in(tmp_path, options, dtype="float32")
    ready, documents, queries = inputs_of(config)
    found = score_lab(
        ready.model,
        [as_example(each) for each in documents],
        [as_example(each) for each in queries],
        methods=METHODS[:3],
        modules="mlp",
        rank=rank,
        seed=7,
        batch_tokens=100,
    )
    stored = influence_of(tmp_path)
    assert found[method].shape == stored.shape == (4, 30)
    assert found[method].dtype == np.float64
    assert pearson_of_rows(found[method], stored) > 0.999999
    np.testing.assert_allclose(found[method], stored, rtol=1e-3, atol=1e-4 * np.abs(stored).max())


def test_bm25_scores_are_those_of_a_run(tmp_path):
    config = run_in(tmp_path, 'method = "bm25"')
    ready, documents, queries = inputs_of(config)
    asked = rows_of(tmp_path, "SELECT prompt || ' ' || completion FROM queries ORDER BY query_id")
    texts = LabTexts(
        [ready.corpus.document(row).text for row in range(len(documents))],
        [words for (words,) in asked],
    )
    found = score_lab(ready.model, documents, queries, texts, ("bm25",))
    assert list(found) == ["bm25"] and found["bm25"].dtype == np.float64
    np.testing.assert_allclose(found["bm25"], influence_of(tmp_path), rtol=1e-5)


@pytest.fixture(scope="module")
def tiny():
    """A float64 model, ten documents (some with a prompt), three queries."""
    return tiny_model("llama"), tiny_texts(10), tiny_texts(3, seed=5)


def test_dot_products_and_cosines_are_those_of_explicit_gradients(tiny):
    model, documents, queries = tiny
    layers = tracked_model(model, "linear").layers
    assert len(layers) == 14  # q, k, v, o, gate, up, down of two blocks
    of_documents, of_queries = (
        torch.stack(
            [
                torch.cat([g.flatten() for g in autograd_gradients(model, layers, each)])
                for each in texts
            ]
        ).numpy()
        for texts in (documents, queries)
    )
    found = score_lab(
        model,
        [as_example(each) for each in documents],
        [as_example(each) for each in queries],
        methods=GRADIENTS,
        modules="linear",
    )
    # ∇f = −∇NLL of the query and a document adds −∇L: the two signs cancel.
    dots = of_queries @ of_documents.T
    sizes = np.outer(np.linalg.norm(of_queries, axis=1), np.linalg.norm(of_documents, axis=1))
    # Llama's norms compute in float32 even in a float64 model.
    close = {"rtol": 1e-3, "atol": 1e-5}
    np.testing.assert_allclose(found["gradient-dot"], dots, **close | {"atol": 1e-5 * dots.max()})
    np.testing.assert_allclose(found["gradient-cosine"], dots / sizes, **close)


def test_ek_fac_is_the_dense_solve_with_the_given_factor_rows(tiny):
    model, documents, queries = tiny
    rows = (0, 1, 2, 3, 4, 5), (4, 5, 6, 7, 8, 9)
    tracked = tracked_model(model)
    curvatures = fit(tracked, documents, seed=3, rows=rows)
    damped = [dense_damped(curvatures[index], 0.05) for index in tracked.wanted]
    expected = dense_influence(tracked, damped, queries, documents)
    found = score_lab(
        model,
        documents,
        queries,
        methods=("ek-fac",),
        modules="mlp",
        damping=0.05,
        factor_rows=rows,
        seed=3,
    )["ek-fac"]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_a_document_that_is_the_query_is_its_most_similar(tiny):
    model, documents, _ = tiny
    found = score_lab(model, documents, documents[:4], methods=GRADIENTS)
    cosines = found["gradient-cosine"]
    np.testing.assert_allclose(np.diag(cosines), 1.0, atol=1e-6)
    assert (cosines.argmax(1) == range(4)).all()


def test_layers_in_groups_give_the_same_scores(tiny, monkeypatch):
    model, documents, queries = tiny
    variants = [Variant((tuple(range(10)),) * 2), Variant(None), Variant(None, rank=2)]
    asked = as_queries(queries)
    how = {"modules": "linear", "seed": 1, "device": torch.device("cpu"), "batch_tokens": 50}
    whole = gradient_scores(model, as_texts(documents), asked, variants, **how)
    sizes = []

    def little(*_):
        return Room(one_pass=0, at_once=50, by_blocks=False, allowed=40_000)

    original = module.fit_eigenvalues
    monkeypatch.setattr(module, "room", little)
    monkeypatch.setattr(
        module,
        "fit_eigenvalues",
        lambda tracked, *rest, **named: (
            sizes.append(len(tracked.wanted)) or original(tracked, *rest, **named)
        ),
    )
    parts = gradient_scores(model, as_texts(documents), asked, variants, **how)
    assert len(sizes) > 2 and sum(sizes) == 14
    for one, other in (
        (whole.influence, parts.influence),
        (whole.query_norms, parts.query_norms),
        (whole.document_norms, parts.document_norms),
    ):
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-8 * np.abs(one).max())


def test_the_model_is_left_as_it_was(tiny):
    model = tiny_model("llama").requires_grad_(True).train()
    model.model.norm.weight.requires_grad_(False)
    before = [each.clone() for each in model.parameters()]
    score_lab(model, tiny[1], tiny[2], methods=("ek-fac", "gradient-dot"))
    assert model.training and not model.model.norm.weight.requires_grad
    assert sum(not each.requires_grad for each in model.parameters()) == 1
    assert all(each.grad is None for each in model.parameters())
    assert all(torch.equal(*pair) for pair in zip(before, model.parameters(), strict=True))


def test_random_scores_are_an_order_that_the_seed_decides():
    one, again, other = (random_scores(5, 40, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert np.array_equal(np.sort(one, axis=1), np.tile(np.linspace(-1, 1, 40), (5, 1)))
    assert not np.array_equal(one[0], one[1])


def test_predictions_take_away_the_scores_of_what_is_left_out_and_are_linear():
    scores = np.array([[3.0, -1.0, 0.5], [0.0, 2.0, 4.0]])
    weights = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]])
    predicted = datamodel_predictions(scores, weights)
    expected = [[0, 0], [-3, 0], [-2, -2], [-2.5, -6]]
    np.testing.assert_array_equal(predicted, expected)
    # Leaving out two documents is leaving out each of them; doubling a document adds its score.
    only_second = datamodel_predictions(scores, np.array([[1, 0, 1]]))
    np.testing.assert_array_equal(predicted[2], predicted[1] + only_second[0])
    np.testing.assert_array_equal(datamodel_predictions(scores, [[2, 1, 1]]), [[3, 0]])


def test_mistakes_are_told(tiny):
    model, documents, queries = tiny
    with pytest.raises(InputError, match="'tracin': choose of ek-fac"):
        score_lab(model, documents, queries, methods=("tracin",))
    with pytest.raises(InputError, match="'bm25': needs the texts"):
        score_lab(model, documents, queries)
    with pytest.raises(InputError, match="9 texts and 3 queries in words for 10 documents"):
        score_lab(model, documents, queries, LabTexts(["a"] * 9, ["b"] * 3))
    with pytest.raises(InputError, match="document 2 of the lab: no token to predict"):
        score_lab(model, [documents[0], Example((1, 2), 2)], queries, methods=("ek-fac",))
    with pytest.raises(InputError, match="10 documents and 0 queries"):
        score_lab(model, documents, [], methods=("random",))
    broken = tiny_model("llama")
    with torch.no_grad():
        broken.model.layers[1].mlp.up_proj.weight[0, 0] = float("nan")
    for method in ("ek-fac", "gradient-dot"):
        with pytest.raises(InputError, match="not finite|NaN or infinite"):
            score_lab(broken, documents, queries, methods=(method,))
