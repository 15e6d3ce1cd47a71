"""Attention in plain products against torch's own, and its derivative by finite differences."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from attribution_engine.influence import plain_attention
from attribution_engine.influence.plain_attention import attention, forward_mode_attention
from tests.influence.layer_gradients import family_model, tokens
from tests.influence.live_tensors import LiveTensors

QUERIES = 11


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def of_heads(heads: int = 4, key_heads: int = 4, keys: int = QUERIES) -> tuple[torch.Tensor, ...]:
    """Queries, keys and values of two texts; values have a width of their own."""
    return (
        drawn(2, heads, QUERIES, 6),
        drawn(2, key_heads, keys, 6, seed=1),
        drawn(2, key_heads, keys, 5, seed=2),
    )


def mask(kind: str, keys: int = QUERIES) -> torch.Tensor:
    """Every query sees at least its first key, but two of "blind"."""
    seen = drawn(2, 1, QUERIES, keys, seed=3) > 0.3
    seen[..., 0] = True
    if kind == "blind":
        seen[:, :, 3:5] = False
    if kind in ("bool", "blind"):
        return seen
    if kind == "one row":
        return seen[:, :, :1]
    return torch.where(seen, drawn(2, 4, QUERIES, keys, seed=4), float("-inf"))


CASES = {
    "plain": (of_heads(), {}),
    "causal": (of_heads(), {"is_causal": True}),
    "more keys than queries": (of_heads(keys=15), {}),
    "causal, more keys": (of_heads(keys=15), {"is_causal": True}),
    "causal, fewer keys": (of_heads(keys=7), {"is_causal": True}),
    "scale": (of_heads(), {"scale": 0.7, "is_causal": True}),
    "bool mask": (of_heads(), {"attn_mask": mask("bool")}),
    "queries that see nothing": (of_heads(), {"attn_mask": mask("blind")}),
    "bool mask, one row for all": (of_heads(), {"attn_mask": mask("one row")}),
    "float mask, heads of their own": (of_heads(keys=15), {"attn_mask": mask("float", 15)}),
    "grouped queries": (of_heads(key_heads=2), {"enable_gqa": True, "is_causal": True}),
    "one key head, masked": (
        of_heads(key_heads=1),
        {"enable_gqa": True, "attn_mask": mask("bool")},
    ),
}


@pytest.mark.parametrize("scores", [1 << 24, 300, 1], ids=["whole", "in chunks", "one by one"])
@pytest.mark.parametrize("name", CASES)
def test_it_is_torchs_own_attention(name: str, scores: int, monkeypatch) -> None:
    monkeypatch.setattr(plain_attention, "CPU_SCORES", scores)
    inputs, how = CASES[name]
    expected = scaled_dot_product_attention(*inputs, **how)
    torch.testing.assert_close(attention(*inputs, **how), expected)


@pytest.mark.parametrize("name", CASES)
def test_its_forward_mode_is_the_slope(name: str, monkeypatch) -> None:
    monkeypatch.setattr(plain_attention, "CPU_SCORES", 300)
    inputs, how = CASES[name]
    moving = tuple(drawn(*each.shape, seed=9) for each in inputs)
    _, found = torch.func.jvp(lambda *each: attention(*each, **how), inputs, moving)
    step = 1e-6
    ahead, behind = (
        scaled_dot_product_attention(
            *(a + sign * step * b for a, b in zip(inputs, moving, strict=True)), **how
        )
        for sign in (1, -1)
    )
    slope = (ahead - behind) / (2 * step)
    assert float(slope.abs().max()) > 0.1
    torch.testing.assert_close(found, slope, rtol=1e-6, atol=1e-7)


def test_scores_of_all_pairs_are_never_held(monkeypatch) -> None:
    monkeypatch.setattr(plain_attention, "CPU_SCORES", 1 << 16)
    query, key, value = (torch.randn(1, 2, 2048, 4) for _ in range(3))
    with LiveTensors() as live:
        found = attention(query, key, value, is_causal=True)
    pairs = 2 * 2048 * 2048 * 4  # bytes
    assert live.most < pairs / 10
    expected = scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_models_get_it_while_it_is_open_and_torchs_own_after_an_error() -> None:
    model, ids = family_model("gpt2"), tokens()  # whose norms stay in float64
    model.set_attn_implementation("sdpa")
    before = torch.nn.functional.scaled_dot_product_attention
    with pytest.raises(ZeroDivisionError), forward_mode_attention():
        assert torch.nn.functional.scaled_dot_product_attention is attention
        raise ZeroDivisionError
    assert torch.nn.functional.scaled_dot_product_attention is before
    name = "transformer.h.0.attn.c_attn.weight"
    weight, moving = model.get_parameter(name).detach(), drawn(16, 48)

    def logits(parameter: torch.Tensor) -> torch.Tensor:
        named = {"input_ids": ids, "use_cache": False}
        return torch.func.functional_call(model, {name: parameter}, kwargs=named).logits

    with torch.no_grad(), forward_mode_attention():
        value, found = torch.func.jvp(logits, (weight,), (moving,))
    step = 1e-6
    torch.testing.assert_close(value, logits(weight))
    slope = (logits(weight + step * moving) - logits(weight - step * moving)) / (2 * step)
    assert float(slope.abs().max()) > 0.01
    torch.testing.assert_close(found, slope, rtol=1e-5, atol=1e-6)
