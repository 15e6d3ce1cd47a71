"""A layer's gradient matrix three ways: from its recorded calls, by autograd, by forward mode."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from attribution_engine.influence.calls import Call
from attribution_engine.influence.experts import record_experts
from attribution_engine.influence.layers import Layer, primals, tangents

VOCABULARY = 29
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "intermediate_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GPT2_SIZES = {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_inner": 12, "n_positions": 32}
MIXTURE = {
    "head_dim": 4,
    "num_experts": 4,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 6,
    "shared_expert_intermediate_size": 6,
}
LATENT = {
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
    "n_group": 2,
    "topk_group": 1,
    "q_lora_rank": 8,
    "kv_lora_rank": 8,
    "qk_rope_head_dim": 4,
    "v_head_dim": 4,
    "qk_nope_head_dim": 4,
    "num_key_value_heads": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 6,
}
FAMILIES: dict[str, dict] = {
    "llama": {"attention_bias": True},
    "qwen2": {},
    "gemma2": {"head_dim": 4},
    "gpt2": GPT2_SIZES,
    "gpt_neox": {},
    "opt": {"ffn_dim": 12, "word_embed_proj_dim": 8},
    "phi": {},
    "phi3": {},
    "bloom": {"n_layer": 2, "n_head": 4},
    "mixtral": MIXTURE,
    "qwen2_moe": MIXTURE,
    "gpt_oss": MIXTURE,
    "deepseek_v3": LATENT,
    "nemotron_h": {
        **MIXTURE,
        "num_hidden_layers": 3,
        "hybrid_override_pattern": "M*E",
        "mamba_num_heads": 4,
        "mamba_head_dim": 8,
        "ssm_state_size": 4,
        "n_groups": 1,
        "n_routed_experts": 4,
        "moe_shared_expert_intermediate_size": 6,
        "n_group": 1,
        "topk_group": 1,
    },
}
MIXTURES = ("mixtral", "qwen2_moe", "gpt_oss", "deepseek_v3", "nemotron_h")


def family_model(family: str, seed: int = 0, **more) -> nn.Module:
    """A random float64 model with large weights and biases."""
    torch.manual_seed(seed)
    config = AutoConfig.for_model(family, **{**SIZES, **FAMILIES[family], **more})
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.double().requires_grad_(False).eval()


def tokens(texts: int = 3, positions: int = 7, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCABULARY, (texts, positions), generator=generator)


def nll(model: nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """Summed over texts and positions."""
    logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
    return nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="sum")


def record(
    model: nn.Module, layers: Sequence[Layer], ids: torch.Tensor
) -> tuple[list[Call], list[torch.Tensor]]:
    """Calls of one pass and the gradient of each call's output."""
    calls: list[Call] = []

    def hook(index: int):
        def seen(_module: nn.Module, args: tuple, output: torch.Tensor) -> torch.Tensor:
            calls.append(Call(index, args[0].detach(), output.requires_grad_()))
            return output

        return seen

    handles = [
        layer.module.register_forward_hook(hook(index))
        for index, layer in enumerate(layers)
        if layer.expert is None
    ]
    with record_experts(layers, calls):
        loss = nll(model, ids)
    for handle in handles:
        handle.remove()
    return calls, list(torch.autograd.grad(loss, [call.output for call in calls]))


def recorded_matrices(
    model: nn.Module, layers: Sequence[Layer], ids: torch.Tensor
) -> list[torch.Tensor]:
    """Σ ds āᵀ over the calls of each layer, [out_features, in_features]."""
    found = [torch.zeros(layer.shape, dtype=torch.float64) for layer in layers]
    for call, gradient in zip(*record(model, layers, ids), strict=True):
        inputs = call.inputs.flatten(0, -2)
        if layers[call.layer].has_bias:
            inputs = nn.functional.pad(inputs, (0, 1), value=1.0)
        found[call.layer] += (gradient.flatten(0, -2).T @ inputs).double()
    return found


def autograd_matrices(
    model: nn.Module, layers: Sequence[Layer], ids: torch.Tensor
) -> list[torch.Tensor]:
    """The same from autograd's gradients of the model's own parameters."""
    parameters = dict(model.named_parameters(remove_duplicate=False))
    names = {layer.weight_name for layer in layers}
    names |= {layer.bias_name for layer in layers if layer.has_bias}
    wanted = [parameters[name].requires_grad_(True) for name in sorted(names)]
    found = torch.autograd.grad(nll(model, ids), wanted, allow_unused=True, materialize_grads=True)
    model.requires_grad_(False)
    gradients = dict(zip(sorted(names), found, strict=True))
    matrices = []
    for layer in layers:
        weight = gradients[layer.weight_name]
        weight = weight if layer.expert is None else weight[layer.expert]
        kind = type(layer.module).__name__
        weight = weight.T if kind in ("Conv1D", "GptOssExperts") else weight
        if layer.has_bias:
            bias = gradients[layer.bias_name]
            bias = bias if layer.expert is None else bias[layer.expert]
            weight = torch.cat([weight, bias.unsqueeze(1)], 1)
        matrices.append(weight.double())
    return matrices


def random_directions(layers: Sequence[Layer], seed: int = 1) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(layer.shape, generator=generator, dtype=torch.float64) for layer in layers]


def forward_mode(
    model: nn.Module, layers: Sequence[Layer], directions: list[torch.Tensor], ids: torch.Tensor
) -> float:
    """d/dε NLL(θ + ε · directions) at ε = 0."""
    moving = tangents(layers, directions)

    def loss(parameters: dict[str, torch.Tensor]) -> torch.Tensor:
        logits = torch.func.functional_call(
            model,
            parameters,
            kwargs={"input_ids": ids, "use_cache": False},
            tie_weights=False,
        ).logits[:, :-1]
        return nn.functional.cross_entropy(
            logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="sum"
        )

    with torch.no_grad():
        return float(torch.func.jvp(loss, (primals(model, list(moving)),), (moving,))[1])


def inner(first: Sequence[torch.Tensor], second: Sequence[torch.Tensor]) -> float:
    return float(sum((a * b).sum() for a, b in zip(first, second, strict=True)))
