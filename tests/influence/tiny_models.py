"""Models small enough to form every matrix, and texts of unequal lengths for them."""

from __future__ import annotations

from dataclasses import dataclass

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

from attribution_engine.influence.factors import (
    LayerFactors,
    eigenbases,
    fit_covariances,
    fit_eigenvalues,
)
from attribution_engine.influence.layers import Layer, tracked_layers
from attribution_engine.influence.tokens import TokenisedText

CPU = torch.device("cpu")
VOCABULARY = 23
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


@dataclass(frozen=True)
class Options:
    batch_tokens: int = 60
    seed: int = 3


def tiny_model(family: str, seed: int = 0) -> nn.Module:
    """A random float64 model; weights large enough that gradients differ between documents."""
    torch.manual_seed(seed)
    if family == "gpt2":
        model: nn.Module = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=VOCABULARY,
                n_embd=8,
                n_layer=2,
                n_head=2,
                n_inner=12,
                n_positions=64,
                attn_implementation="eager",
            )
        )
    else:
        configs = {"llama": LlamaConfig, "mistral": MistralConfig, "qwen2": Qwen2Config}
        classes = {
            "llama": LlamaForCausalLM,
            "mistral": MistralForCausalLM,
            "qwen2": Qwen2ForCausalLM,
        }
        model = classes[family](configs[family](**SIZES))
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
        prompt = n_tokens // 2 if number % 3 == 0 else 0
        texts.append(
            TokenisedText(
                ids=(*([1] * starts), *ids),
                starts=starts,
                token_ends=tuple(range(1, n_tokens + 1)),
                has_loss=tuple(at >= prompt for at in range(n_tokens)),
            )
        )
    return texts


def fitted(
    family: str, texts: list[TokenisedText]
) -> tuple[nn.Module, list[Layer], list[LayerFactors]]:
    model = tiny_model(family)
    layers = tracked_layers(model)
    rows = range(len(texts))
    covariances = fit_covariances(model, layers, texts, Options(), rows, CPU)
    bases = eigenbases(covariances, torch.float64)
    return model, layers, fit_eigenvalues(model, layers, bases, texts, Options(), rows, CPU)


def autograd_gradients(
    model: nn.Module, layers: list[Layer], text: TokenisedText, labels: list[int] | None = None
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
