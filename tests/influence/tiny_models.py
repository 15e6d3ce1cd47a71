"""Models small enough to form every matrix, texts of unequal lengths, and fits of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from attribution_engine.influence.curvature import (
    Eigenbasis,
    LayerCurvature,
    kronecker_eigenvalues,
)
from attribution_engine.influence.directions import LayerDirections
from attribution_engine.influence.factors import (
    Covariances,
    eigenpairs,
    fit_covariances,
    fit_eigenvalues,
)
from attribution_engine.influence.layers import Layer, select_layers
from attribution_engine.influence.output_head import probabilities
from attribution_engine.influence.query_gradients import WeightedTexts, query_directions
from attribution_engine.influence.sampling import document_uniforms, sample_labels
from attribution_engine.influence.scores import Scores, score_documents
from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.influence.tracked import Tracked, track

CPU = torch.device("cpu")
VOCABULARY = 23
BATCH_TOKENS = 60
SEED = 3
DAMPING = 0.1
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 8,
    "intermediate_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "attn_implementation": "eager",
}
GPT2_SIZES = {
    "vocab_size": VOCABULARY,
    "n_embd": 8,
    "n_layer": 2,
    "n_head": 2,
    "n_inner": 12,
    "n_positions": 64,
    "attn_implementation": "eager",
}
FAMILIES = {
    "llama": (LlamaForCausalLM, LlamaConfig, SIZES),
    "mistral": (MistralForCausalLM, MistralConfig, SIZES),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config, SIZES),
    "gpt2": (GPT2LMHeadModel, GPT2Config, GPT2_SIZES),
}


def tiny_model(family: str, seed: int = 0, **more) -> nn.Module:
    """A random float64 model; weights large enough that gradients differ between documents.

    Args:
        more: settings of its configuration, in place of those of `FAMILIES`.
    """
    torch.manual_seed(seed)
    of_family, config, sizes = FAMILIES[family]
    model: nn.Module = of_family(config(**{**sizes, **more}))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.mul_(8.0)
    return model.double().requires_grad_(False).eval()


def tiny_texts(n: int, seed: int = 0, longest: int = 14, starts: int = 1) -> list[TokenisedText]:
    """Random texts of unequal lengths; every third one has a prompt without loss."""
    generator = torch.Generator().manual_seed(seed)
    texts = []
    for number in range(n):
        n_tokens = int(torch.randint(3, longest, (1,), generator=generator))
        ids = torch.randint(2, VOCABULARY, (n_tokens,), generator=generator).tolist()
        texts.append(text_of(ids, n_tokens // 2 if number % 3 == 0 else 0, starts))
    return texts


def text_of(ids: Sequence[int], prompt: int = 0, starts: int = 1) -> TokenisedText:
    """A text of these tokens, of which the first `prompt` carry no loss."""
    return TokenisedText(
        ids=(*([1] * starts), *ids),
        starts=starts,
        token_ends=tuple(range(1, len(ids) + 1)),
        has_loss=tuple(at >= prompt for at in range(len(ids))),
    )


def tracked_model(model: nn.Module, modules: str = "mlp") -> Tracked:
    """The model with the linear maps that a run would track."""
    return track(model, select_layers(model, modules), CPU)


def without_formula(tracked: Tracked) -> Tracked:
    """The same, its output head differentiated through the graph of the whole model."""
    return replace(tracked, trunk=None, head=None)


def covariances_of(
    tracked: Tracked, texts: Sequence[TokenisedText], rows: Iterable[int] | None = None
) -> dict[int, Covariances]:
    """A and S of every layer."""
    rows = list(range(len(texts)) if rows is None else rows)
    return fit_covariances(tracked, texts, rows=rows, batch_tokens=BATCH_TOKENS, seed=SEED)


def fit(
    tracked: Tracked,
    texts: Sequence[TokenisedText],
    *,
    method: str = "ek-fac",
    seed: int = SEED,
    batch_tokens: int = BATCH_TOKENS,
    rows: tuple[Sequence[int], Sequence[int]] | None = None,
) -> dict[int, LayerCurvature]:
    """Curvature of every layer, in the model's precision or float32.

    Args:
        rows: documents for the covariances and for the eigenvalues; all for both by default.
    """
    if method not in ("ek-fac", "k-fac", "diagonal"):
        return {i: LayerCurvature(Eigenbasis(None, None), None) for i in tracked.wanted}
    first, second = rows or (list(range(len(texts))),) * 2
    how = {"batch_tokens": batch_tokens, "seed": seed}
    bases = {index: Eigenbasis(None, None) for index in tracked.wanted}
    if method != "diagonal":
        found = fit_covariances(tracked, texts, rows=first, **how)
        pairs = {
            index: (
                eigenpairs(each.activations, tracked.layers[index], "inputs"),
                eigenpairs(each.gradients, tracked.layers[index], "gradients"),
            )
            for index, each in found.items()
        }
        kind = next(tracked.model.parameters()).dtype
        kind = kind if kind == torch.float64 else torch.float32
        bases = {i: Eigenbasis(a[1].to(kind), s[1].to(kind)) for i, (a, s) in pairs.items()}
    if method == "k-fac":
        return {
            index: LayerCurvature(
                bases[index],
                kronecker_eigenvalues(a[0], s[0], found[index].tokens, found[index].documents),
            )
            for index, (a, s) in pairs.items()
        }
    values = fit_eigenvalues(tracked, bases, texts, rows=second, **how)
    return {index: LayerCurvature(bases[index], values[index]) for index in tracked.wanted}


def fitted(
    family: str, texts: Sequence[TokenisedText]
) -> tuple[Tracked, dict[int, LayerCurvature]]:
    """A tiny model of the family and its EK-FAC curvature over the texts."""
    tracked = tracked_model(tiny_model(family))
    return tracked, fit(tracked, texts)


def single(queries: Sequence[TokenisedText]) -> list[WeightedTexts]:
    """Queries of one completion each."""
    return [WeightedTexts((query,), (1.0,)) for query in queries]


def directions_of(
    tracked: Tracked,
    curvatures: dict[int, LayerCurvature],
    queries: Sequence[TokenisedText | WeightedTexts],
    rank: int | None = None,
    damping: float = DAMPING,
) -> dict[int, LayerDirections]:
    """v of every query in every wanted layer."""
    weighted = [q if isinstance(q, WeightedTexts) else single([q])[0] for q in queries]
    return query_directions(
        tracked,
        curvatures,
        weighted,
        damping=damping,
        rank=rank,
        seed=0,
        batch_tokens=BATCH_TOKENS,
    )[0]


def scores_of(
    tracked: Tracked,
    directions: dict[int, LayerDirections],
    texts: Sequence[TokenisedText],
    *,
    tokens: bool = False,
    batch_tokens: int = BATCH_TOKENS,
    groups: Sequence[Sequence[int]] | None = None,
    rows: Sequence[int] | None = None,
) -> Scores:
    """Scores of all texts (or some rows), all layers at once unless `groups` says otherwise."""
    chosen = [tracked.wanted] if groups is None else groups
    return score_documents(
        tracked,
        [(group, lambda: directions) for group in chosen],
        texts,
        range(len(texts)) if rows is None else rows,
        next(iter(directions.values())).n_queries,
        tokens=tokens,
        batch_tokens=batch_tokens,
    )


def autograd_gradients(
    model: nn.Module,
    layers: Sequence[Layer],
    text: TokenisedText,
    labels: list[int] | None = None,
) -> list[torch.Tensor]:
    """∇ of Σ NLL of one unpadded text by plain autograd, a matrix [out, in] a layer.

    Args:
        labels: labels in place of the text's own next tokens.
    """
    parameters = {
        f"{layer.name}.{part}": getattr(layer.module, part)
        for layer in layers
        for part in (["weight", "bias"] if layer.has_bias else ["weight"])
    }
    for parameter in parameters.values():
        parameter.requires_grad_(True)
    logits = model(input_ids=torch.tensor([text.ids[:-1]]), use_cache=False).logits[0]
    targets = torch.tensor(text.ids[1:] if labels is None else labels)
    nll = nn.functional.cross_entropy(logits, targets, reduction="none")
    loss = nll[torch.tensor(text.target_loss)].sum()
    found = dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True))
    for parameter in parameters.values():
        parameter.requires_grad_(False)
    matrices = []
    for layer in layers:
        weight = found[f"{layer.name}.weight"]
        if type(layer.module).__name__ == "Conv1D":
            weight = weight.T
        if layer.has_bias:
            weight = torch.cat([weight, found[f"{layer.name}.bias"].unsqueeze(1)], 1)
        matrices.append(weight)
    return matrices


def drawn_labels(
    model: nn.Module, texts: Sequence[TokenisedText], purpose: int, seed: int = SEED
) -> list[list[int]]:
    """The labels the engine draws, recomputed for each text alone and unpadded."""
    labels = []
    for row, text in enumerate(texts):
        logits = model(input_ids=torch.tensor([text.ids[:-1]]), use_cache=False).logits[0]
        uniforms = document_uniforms(seed, purpose, (row,), text.n_positions)[0]
        labels.append(sample_labels(probabilities(logits), uniforms).tolist())
    return labels


def dense_damped(curvature: LayerCurvature, damping: float = DAMPING) -> torch.Tensor:
    """G + λI of a layer as a matrix [out · in, out · in]; vec stacks rows."""
    assert curvature.basis.activations is not None and curvature.basis.gradients is not None
    assert curvature.eigenvalues is not None
    q = torch.kron(curvature.basis.gradients, curvature.basis.activations)
    values = curvature.eigenvalues.flatten()
    return q @ torch.diag(values + damping * values.mean()) @ q.T


def dense_influence(
    tracked: Tracked,
    damped: Sequence[torch.Tensor | None],
    queries: Sequence[TokenisedText],
    documents: Sequence[TokenisedText],
) -> np.ndarray:
    """∇fᵀ (G + λI)⁻¹ (−∇L) [queries, documents] by autograd and dense solves.

    Args:
        damped: G + λI of each layer; None = the identity.
    """
    of_documents = [autograd_gradients(tracked.model, tracked.layers, each) for each in documents]
    found = np.zeros((len(queries), len(documents)))
    for number, query in enumerate(queries):
        of_query = autograd_gradients(tracked.model, tracked.layers, query)
        for matrix, one, *rest in zip(damped, of_query, *of_documents, strict=True):
            flat = -one.flatten()  # f is a log-probability
            direction = flat if matrix is None else torch.linalg.solve(matrix, flat)
            found[number] -= np.array([float(direction @ each.flatten()) for each in rest])
    return found
