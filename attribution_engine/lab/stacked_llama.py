"""Llamas of one shape computed side by side, and the head's loss without storing logits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaConfig

EMBEDDING = "model.embed_tokens.weight"
LAST_NORM = "model.norm.weight"
CACHED_LOGITS = 2**18  # on a CPU: those that stay in its second cache, 1 MB
STORED_LOGITS = 2**28  # on a GPU: 1 GB


@dataclass(frozen=True, slots=True)
class Targets:
    """Where there is a loss, of each model: every field is [models, places].

    Attributes:
        places: position among rows × length; no position twice.
        tokens: the token that comes next.
        weights: the document's weight; 0 where a model has fewer places than another.
        examples: index of the document.
    """

    places: Tensor
    tokens: Tensor
    weights: Tensor
    examples: Tensor


class Normalised(torch.autograd.Function):
    """x / root mean square of x over the last dimension; the norm's weight is not in here."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, epsilon: float) -> Tensor:  # type: ignore[override]
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        scale = scale.square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
        y = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        y, scale = ctx.saved_tensors
        along = (dy * y).mean(-1, keepdim=True)
        return torch.addcmul(dy, y, along, value=-1.0).mul_(scale), None


class Gated(torch.autograd.Function):
    """silu(gate) × up, where gate and up are the halves of the last dimension."""

    @staticmethod
    def forward(ctx: Any, both: Tensor) -> Tensor:  # type: ignore[override]
        gate, up = both.chunk(2, -1)
        silu = functional.silu(gate)
        ctx.save_for_backward(both, silu)
        return silu * up

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Tensor:  # type: ignore[override]
        both, silu = ctx.saved_tensors
        gate, up = both.chunk(2, -1)
        gradient = torch.empty_like(both)
        d_gate, d_up = gradient.chunk(2, -1)
        torch.mul(dy, silu, out=d_up)
        d_gate.copy_(torch.ops.aten.silu_backward(dy * up, gate))
        return gradient


class Stack:
    """Llamas of one shape with every weight stacked, [models, ...], and one forward for all.

    Products that share their input are one matrix: "qkv" and "gate_up". Rows of a head's query
    and key are kept as (0, d/2, 1, d/2 + 1, ...), so that rotary embedding is one complex
    product; query times key does not depend on that order.

    Attributes:
        weights: the stacked weights, each contiguous.
        heads: attention heads.
        epsilon: of the RMS norms.
    """

    def __init__(self, config: LlamaConfig, parameters: Mapping[str, Tensor]) -> None:
        """Stack the parameters [models, ...] named as transformers names them; they are copied."""
        self.heads = config.num_attention_heads
        self.epsilon = config.rms_norm_eps
        self.layers = config.num_hidden_layers
        self.weights = {
            "embedding": parameters[EMBEDDING].contiguous().clone(),
            "last_norm": parameters[LAST_NORM].contiguous().clone(),
        }
        for layer in range(self.layers):
            names = layer_names(layer)
            query, key, value = (parameters[names[part]] for part in "qkv")
            pairs = [self.paired(query), self.paired(key), value]
            halves = [parameters[names["gate"]], parameters[names["up"]]]
            self.weights |= {
                f"{layer}.qkv": torch.cat(pairs, 1),
                f"{layer}.out": parameters[names["out"]].contiguous().clone(),
                f"{layer}.gate_up": torch.cat(halves, 1),
                f"{layer}.down": parameters[names["down"]].contiguous().clone(),
                f"{layer}.norm": parameters[names["norm"]].contiguous().clone(),
                f"{layer}.mlp_norm": parameters[names["mlp_norm"]].contiguous().clone(),
            }
        self.models, self.vocabulary, self.hidden = self.weights["embedding"].shape
        embedding = self.weights["embedding"]
        self.rows = torch.arange(self.models, device=embedding.device) * self.vocabulary
        self.turns = self.rotations(config).to(embedding.device)

    def paired(self, rows: Tensor) -> Tensor:
        """Order a query's or key's rows [models, hidden, hidden] by pairs that turn together."""
        halves = rows.unflatten(1, (self.heads, 2, -1))  # [models, heads, 2, d/2, hidden]
        return halves.transpose(2, 3).flatten(1, 3)

    def unpaired(self, rows: Tensor) -> Tensor:
        """The inverse of `paired`."""
        pairs = rows.unflatten(1, (self.heads, -1, 2))  # [models, heads, d/2, 2, hidden]
        return pairs.transpose(2, 3).flatten(1, 3)

    def rotations(self, config: LlamaConfig) -> Tensor:
        """Rotary embedding as complex factors, [context, 3 hidden / 2]; values get 1."""
        width = self.hidden // self.heads
        base = float(config.rope_parameters["rope_theta"])  # type: ignore[index, arg-type]
        speeds = 1.0 / base ** (torch.arange(0, width, 2, dtype=torch.float) / width)
        positions = torch.arange(config.max_position_embeddings, dtype=torch.float)
        angles = torch.outer(positions, speeds).repeat(1, 2 * self.heads)
        still = torch.zeros(len(positions), self.hidden // 2)
        angles = torch.cat([angles, still], 1)
        # float32 as in transformers, whatever the weights are
        turns = torch.complex(angles.cos(), angles.sin())
        double = self.weights["embedding"].dtype == torch.float64
        return turns.to(torch.complex128) if double else turns

    def parameters(self) -> dict[str, Tensor]:
        """The weights by transformers' names and in its order of rows, [models, ...]."""
        weights = self.weights
        named = {EMBEDDING: weights["embedding"], LAST_NORM: weights["last_norm"]}
        for layer in range(self.layers):
            names = layer_names(layer)
            query, key, value = weights[f"{layer}.qkv"].chunk(3, 1)
            gate, up = weights[f"{layer}.gate_up"].chunk(2, 1)
            named |= {
                names["q"]: self.unpaired(query),
                names["k"]: self.unpaired(key),
                names["v"]: value,
                names["gate"]: gate,
                names["up"]: up,
            }
            for part in ("out", "down", "norm", "mlp_norm"):
                named[names[part]] = weights[f"{layer}.{part}"]
        return {name: value.detach().contiguous() for name, value in named.items()}

    def hidden_states(self, tokens: Tensor) -> Tensor:
        """What the head is applied to.

        Args:
            tokens: [models, rows, length], or [1, rows, length] for the same tokens in all.

        Returns:
            [models, rows × length, hidden], the last norm included.
        """
        models, (rows, length) = self.models, tokens.shape[1:]
        table = self.weights["embedding"].flatten(0, 1)
        x = functional.embedding(tokens + self.rows[:, None, None], table)
        x = x.view(models, rows * length, self.hidden)
        for layer in range(self.layers):
            x = self.attention(x, layer, rows)
            x = self.mlp(x, layer)
        x = Normalised.apply(x, self.epsilon)
        return x * self.weights["last_norm"][:, None]

    def attention(self, x: Tensor, layer: int, rows: int) -> Tensor:
        """x [models, rows × length, hidden] plus causal attention over each row."""
        # the norm's weight scales the columns of the matrix that follows
        matrix = self.weights[f"{layer}.qkv"] * self.weights[f"{layer}.norm"][:, None]
        qkv = torch.bmm(Normalised.apply(x, self.epsilon), matrix.mT)
        length = x.shape[1] // rows
        pairs = torch.view_as_complex(qkv.view(self.models * rows, length, -1, 2))
        turned = torch.view_as_real(pairs * self.turns[:length])
        split = turned.reshape(self.models * rows, length, 3, self.heads, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each [models × rows, heads, length, d]
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        mixed = mixed.transpose(1, 2).reshape(x.shape)
        return torch.baddbmm(x, mixed, self.weights[f"{layer}.out"].mT)

    def mlp(self, x: Tensor, layer: int) -> Tensor:
        """x [models, tokens, hidden] plus the gated MLP of each token."""
        matrix = self.weights[f"{layer}.gate_up"] * self.weights[f"{layer}.mlp_norm"][:, None]
        both = torch.bmm(Normalised.apply(x, self.epsilon), matrix.mT)
        return torch.baddbmm(x, Gated.apply(both), self.weights[f"{layer}.down"].mT)


def layer_names(layer: int) -> dict[str, str]:
    """Transformers' names of a layer's parameters."""
    prefix = f"model.layers.{layer}."
    return {
        "q": f"{prefix}self_attn.q_proj.weight",
        "k": f"{prefix}self_attn.k_proj.weight",
        "v": f"{prefix}self_attn.v_proj.weight",
        "out": f"{prefix}self_attn.o_proj.weight",
        "gate": f"{prefix}mlp.gate_proj.weight",
        "up": f"{prefix}mlp.up_proj.weight",
        "down": f"{prefix}mlp.down_proj.weight",
        "norm": f"{prefix}input_layernorm.weight",
        "mlp_norm": f"{prefix}post_attention_layernorm.weight",
    }


def at_places(states: Tensor, places: Tensor) -> Tensor:
    """States [models, positions, hidden] at the places [models, places] of each model."""
    models, positions, _ = states.shape
    first = torch.arange(models, device=places.device)[:, None] * positions
    chosen = states.flatten(0, 1).index_select(0, (places + first).flatten())
    return chosen.view(models, places.shape[1], -1)


def blocks(states: Tensor, vocabulary: int) -> Iterator[tuple[slice, slice]]:
    """Parts of [models, places] whose logits are held at a time."""
    models, places, _ = states.shape
    if states.device.type == "cpu":
        together, length = 1, max(32, CACHED_LOGITS // vocabulary)
    else:
        together, length = models, max(1, STORED_LOGITS // (models * vocabulary))
    for model in range(0, models, together):
        for place in range(0, places, length):
            yield slice(model, model + together), slice(place, place + length)


def head_gradients(states: Tensor, embedding: Tensor, targets: Targets) -> tuple[Tensor, Tensor]:
    """Gradient of the weighted cross-entropy by its inputs; no logits are kept.

    Args:
        states: [models, places, hidden].
        embedding: [models, vocabulary, hidden].

    Returns:
        The gradients, of the same shapes.
    """
    of_states, of_embedding = torch.empty_like(states), torch.zeros_like(embedding)
    weighted = states * targets.weights[..., None]
    minus_one = torch.full((1, 1, 1), -1.0, dtype=states.dtype, device=states.device)
    for model, place in blocks(states, embedding.shape[1]):
        matrix = embedding[model]
        logits = torch.bmm(states[model, place], matrix.mT)  # [models, places, vocabulary]
        errors = torch.softmax(logits, -1)
        true = targets.tokens[model, place, None]
        errors.scatter_add_(2, true, minus_one.expand(true.shape))
        of_states[model, place] = torch.bmm(errors, matrix)
        of_embedding[model].baddbmm_(errors.mT, weighted[model, place])
    return of_states.mul_(targets.weights[..., None]), of_embedding


def add_log_probabilities(
    states: Tensor, stack: Stack, targets: Targets, total: Tensor, wrong: Tensor
) -> None:
    """Add each target's log-probability, and whether another token is likelier, to its example.

    Args:
        states: [models, places, hidden].
        total, wrong: [models, examples], added to.
    """
    embedding = stack.weights["embedding"]
    for model, place in blocks(states, embedding.shape[1]):
        logits = torch.bmm(states[model, place], embedding[model].mT)
        true = targets.tokens[model, place]
        of_true = logits.gather(2, true[..., None]).squeeze(2) - logits.logsumexp(2)
        examples = targets.examples[model, place]
        total[model].scatter_add_(1, examples, of_true.to(total.dtype))
        wrong[model].scatter_add_(1, examples, (logits.argmax(2) != true).to(wrong.dtype))
