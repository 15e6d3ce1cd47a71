"""Scores of a lab model's documents by every method that the lab compares.

Every score is [queries, documents] and positive where the method calls the document helpful.
EK-FAC and the gradient methods are the engine's own, with the numbers that a run would store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import nn

from attribution_engine.curvature_stages import factor_rows as rows_of_a_run
from attribution_engine.influence.query_gradients import WeightedTexts
from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.lab.gradient_scores import FactorRows, Variant, gradient_scores
from attribution_engine.lab.retraining import Example
from attribution_engine.records import InfluenceConfig, InputError
from attribution_engine.text.bm25 import bm25_scores

METHODS: Final = ("ek-fac", "gradient-dot", "gradient-cosine", "bm25", "random")
BATCH_TOKENS: Final = 4096


Text = Example | TokenisedText
Asked = Example | TokenisedText | WeightedTexts


@dataclass(frozen=True, slots=True)
class LabTexts:
    """The same documents and queries in words, for BM25; a query is prompt and completion."""

    documents: Sequence[str]
    queries: Sequence[str]


def score_lab(
    model: nn.Module,
    documents: Sequence[Text],
    queries: Sequence[Asked],
    texts: LabTexts | None = None,
    methods: Sequence[str] = METHODS,
    *,
    modules: str = "linear",
    damping: float = 0.1,
    rank: int | None = None,
    factor_rows: tuple[Sequence[int], Sequence[int]] | None = None,
    seed: int = 0,
    device: str | torch.device = "cpu",
    batch_tokens: int = BATCH_TOKENS,
) -> dict[str, np.ndarray]:
    """Scores every document for every query by each method.

    EK-FAC and the gradients come out of one pass over the documents, after the fit.

    Args:
        model: a causal language model on `device`; its weights are left as they are.
        texts: needed for "bm25" only.
        methods: some of `METHODS`.
        modules: the linear maps whose gradients count, see `layers.select_layers`.
        damping: λ of a layer = damping × mean(Λ of that layer), for "ek-fac".
        rank: of the queries' directions by randomised SVD; None = exact.
        factor_rows: documents that A and S, and documents that Λ is fitted on; None = two halves
            of all, drawn with the seed as a run draws them.
        seed: of labels drawn for the curvature, of the halves, and of "random".

    Returns:
        By method float64 [queries, documents], positive = helpful. "ek-fac" and "gradient-dot" are
        in nats per unit of weight (see `datamodel_predictions`), the others without a unit;
        "random" is the same set of values in another order for every query.

    Raises:
        InputError: an unknown method, BM25 without texts, a text without a token to predict, or
            influence that is not finite.
    """
    _check(methods, texts, len(documents), len(queries))
    found = {}
    of_gradients = [each for each in methods if each not in ("bm25", "random")]
    if of_gradients:
        rows = _rows(factor_rows, seed, len(documents))
        found = _by_gradients(
            model,
            as_texts(documents),
            as_queries(queries),
            of_gradients,
            Variant(rows, damping, rank),
            modules=modules,
            seed=seed,
            device=torch.device(device),
            batch_tokens=batch_tokens,
        )
    if "bm25" in methods:
        assert texts is not None
        found["bm25"] = bm25_scores(list(texts.documents), texts.queries).astype(np.float64)
    if "random" in methods:
        found["random"] = random_scores(len(queries), len(documents), seed)
    return {method: found[method] for method in methods}


def datamodel_predictions(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Predicted change of every query's log-probability when documents are weighted anew.

    To first order a document of score I and new weight w changes f by (w − 1) I: one left out
    (w = 0) takes −I. With G a mean over N documents, as the engine's is, nats are this ÷ N
    (Koh and Liang 1703.04730, Eq. 2; Park et al. 2303.14186 call such a sum a datamodel).

    Args:
        scores: [queries, documents], positive = helpful.
        weights: [subsets, documents], the weight in retraining: 1 = kept, 0 = left out.

    Returns:
        float64 [subsets, queries], N × nats for "ek-fac". Ranks of subsets, which is all that the
        linear datamodelling score takes, do not depend on N.
    """
    return (np.asarray(weights, dtype=np.float64) - 1.0) @ np.asarray(scores, dtype=np.float64).T


def random_scores(n_queries: int, n_documents: int, seed: int) -> np.ndarray:
    """Values evenly from −1 to 1, in an order drawn for each query, [queries, documents]."""
    values = np.tile(np.linspace(-1.0, 1.0, n_documents), (n_queries, 1))
    return np.random.default_rng((seed, n_queries, n_documents)).permuted(values, axis=1)


def as_texts(documents: Sequence[Text]) -> list[TokenisedText]:
    """Documents as the engine takes them.

    Raises:
        InputError: one has no token to predict.
    """
    return [_as_text(each, f"document {at + 1}") for at, each in enumerate(documents)]


def as_queries(queries: Sequence[Asked]) -> list[WeightedTexts]:
    """Queries as the engine takes them; sets of weighted texts stay as they are.

    Raises:
        InputError: one has no token to predict.
    """
    return [
        each
        if isinstance(each, WeightedTexts)
        else WeightedTexts((_as_text(each, f"query {at + 1}"),), (1.0,))
        for at, each in enumerate(queries)
    ]


def _as_text(text: Text, where: str) -> TokenisedText:
    """The ids as they are; a start token among them is a text token without loss."""
    if isinstance(text, Example):
        n = len(text.tokens)
        text = TokenisedText(
            ids=text.tokens,
            starts=0,
            token_ends=tuple(range(1, n + 1)),
            has_loss=tuple(at >= text.start for at in range(n)),
        )
    if not any(text.target_loss):
        raise InputError(f"{where} of the lab: no token to predict; leave it out")
    return text


def _rows(
    given: tuple[Sequence[int], Sequence[int]] | None, seed: int, n_documents: int
) -> FactorRows:
    first, second = given or rows_of_a_run(InfluenceConfig(seed=seed), n_documents)
    return tuple(first), tuple(second)


def _by_gradients(
    model: nn.Module,
    documents: list[TokenisedText],
    queries: list[WeightedTexts],
    methods: Sequence[str],
    fitted: Variant,
    *,
    modules: str,
    seed: int,
    device: torch.device,
    batch_tokens: int,
) -> dict[str, np.ndarray]:
    """EK-FAC, dot products and cosines of gradients from one pass over the documents."""
    variants = [fitted] if "ek-fac" in methods else []
    if set(methods) - {"ek-fac"}:
        variants.append(Variant(None, rank=fitted.rank))
    scores = gradient_scores(
        model,
        documents,
        queries,
        variants,
        modules=modules,
        seed=seed,
        device=device,
        batch_tokens=batch_tokens,
    )
    found = {"ek-fac": scores.influence[0], "gradient-dot": scores.influence[-1]}
    if "gradient-cosine" in methods:
        found["gradient-cosine"] = scores.cosines(-1)
    return found


def _check(methods: Sequence[str], texts: LabTexts | None, documents: int, queries: int) -> None:
    for method in methods:
        if method not in METHODS:
            raise InputError(f"method {method!r}: choose of {', '.join(METHODS)}")
    if not documents or not queries:
        raise InputError(f"lab: {documents} documents and {queries} queries; give one of each")
    if "bm25" not in methods:
        return
    if texts is None:
        raise InputError("method 'bm25': needs the texts; give them or leave the method out")
    given = len(texts.documents), len(texts.queries)
    if given != (documents, queries):
        raise InputError(
            f"method 'bm25': {given[0]} texts and {given[1]} queries in words for {documents} "
            f"documents and {queries} queries; give the text of each"
        )
