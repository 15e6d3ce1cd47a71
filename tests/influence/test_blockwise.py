"""Blocks computed again one at a time: the same figures as the plain pass, in less memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from attribution_engine.influence.factors import fit_eigenvalues
from attribution_engine.influence.passes import backward_pass
from attribution_engine.influence.tokens import collate
from attribution_engine.influence.tracked import Tracked, blocks_of
from attribution_engine.records import InputError
from tests.influence.layer_gradients import family_model
from tests.influence.live_tensors import LiveTensors
from tests.influence.tiny_models import (
    BATCH_TOKENS,
    SEED,
    covariances_of,
    directions_of,
    fit,
    scores_of,
    text_of,
    tiny_texts,
    tracked_model,
)


def with_adapters() -> nn.Module:
    """A Llama with random LoRA matrices in some of its maps."""
    names = ["gate_proj", "down_proj", "q_proj"]
    torch.manual_seed(1)
    adapted = get_peft_model(family_model("llama"), LoraConfig(r=3, target_modules=names))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    return adapted.double().base_model.model.requires_grad_(False).eval()


MODELS = {
    "llama": lambda: tracked_model(family_model("llama"), "linear"),
    "gpt2": lambda: tracked_model(family_model("gpt2")),
    "qwen2": lambda: tracked_model(family_model("qwen2")),
    "opt": lambda: tracked_model(family_model("opt")),
    "mixtral": lambda: tracked_model(family_model("mixtral")),
    "deepseek_v3": lambda: tracked_model(family_model("deepseek_v3")),
    "gemma2, logits soft-capped": lambda: tracked_model(family_model("gemma2")),
    "llama with LoRA": lambda: tracked_model(with_adapters(), "lora"),
    "llama, last block only": lambda: tracked_model(family_model("llama"), r"layers\.1\.mlp"),
    "llama, first block only": lambda: tracked_model(family_model("llama"), r"layers\.0\.mlp"),
}


def by_blocks(tracked: Tracked, most: int = 0) -> Tracked:
    return replace(tracked, most_at_once=most)


@pytest.mark.parametrize("name", MODELS)
def test_figures_equal_those_of_the_plain_pass(name: str) -> None:
    plain = MODELS[name]()
    texts, queries = tiny_texts(7), tiny_texts(2, seed=5)
    expected, found = covariances_of(plain, texts), covariances_of(by_blocks(plain), texts)
    assert list(expected) == list(found)
    for index, each in expected.items():
        torch.testing.assert_close(found[index].activations, each.activations)
        torch.testing.assert_close(found[index].gradients, each.gradients)
        assert (found[index].tokens, found[index].documents) == (each.tokens, each.documents)
    curvatures = fit(plain, texts)
    values = fit_eigenvalues(
        by_blocks(plain),
        {index: each.basis for index, each in curvatures.items()},
        texts,
        rows=range(len(texts)),
        batch_tokens=BATCH_TOKENS,
        seed=SEED,
    )
    for index, each in curvatures.items():
        torch.testing.assert_close(values[index], each.eigenvalues)
    directions = directions_of(plain, curvatures, queries)
    for index, each in directions_of(by_blocks(plain), curvatures, queries).items():
        torch.testing.assert_close(each.exact, directions[index].exact)
    expected = scores_of(plain, directions, texts, tokens=True)
    found = scores_of(by_blocks(plain), directions, texts, tokens=True)
    assert float(np.abs(expected.influence).min()) > 0
    np.testing.assert_allclose(found.influence, expected.influence, rtol=1e-6)
    np.testing.assert_allclose(found.squared_norms, expected.squared_norms, rtol=1e-6)
    np.testing.assert_allclose(found.tokens, expected.tokens, rtol=1e-4, atol=1e-6)


def test_layers_come_from_the_last_to_the_first_as_in_the_plain_pass() -> None:
    tracked, batch = tracked_model(family_model("llama")), collate(tiny_texts(3), [0, 1, 2])
    orders: list[list[int]] = [[], []]
    for each, order in zip((tracked, by_blocks(tracked)), orders, strict=True):
        backward_pass(each, batch, lambda index, _captured, order=order: order.append(index))
    assert orders[0] == orders[1]
    assert orders[0] != sorted(orders[0]) and len(orders[0]) == len(tracked.layers)


def test_weights_of_texts_count_and_only_the_wanted_layers_come() -> None:
    tracked, batch = tracked_model(family_model("qwen2")), collate(tiny_texts(3), [0, 1, 2])
    weights = torch.tensor([0.0, 2.0, -1.0], dtype=torch.float64)
    found: list[dict[int, torch.Tensor]] = [{}, {}]
    for each, kept in zip((tracked, by_blocks(tracked)), found, strict=True):
        backward_pass(
            each.only((1, 4)),
            batch,
            lambda index, captured, kept=kept: kept.update({index: captured.per_text()}),
            weights=weights,
        )
    assert set(found[1]) == {1, 4}
    for index, gradients in found[0].items():
        assert float(gradients[0].abs().max()) == 0.0 < float(gradients[1].abs().min())
        torch.testing.assert_close(found[1][index], gradients)


def test_only_batches_beyond_the_limit_go_block_by_block() -> None:
    tracked = tracked_model(family_model("llama"))
    runs = []
    blocks_of(tracked.trunk)[0].register_forward_hook(lambda *_: runs.append(1))
    batch = collate([text_of(range(3, 12))], [0])  # 9 positions
    for most, expected in ((None, 1), (9, 1), (8, 2)):
        runs.clear()
        backward_pass(replace(tracked, most_at_once=most), batch, lambda *_: None)
        assert len(runs) == expected


def test_hooks_are_gone_afterwards_and_after_an_error() -> None:
    tracked = tracked_model(family_model("llama"))
    batch = collate(tiny_texts(2), [0, 1])

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    backward_pass(by_blocks(tracked), batch, lambda *_: None)
    with pytest.raises(ZeroDivisionError):
        backward_pass(by_blocks(tracked), batch, fail)
    for module in tracked.model.modules():
        assert not module._forward_hooks and not module._forward_pre_hooks


def test_a_layer_in_two_blocks_is_refused_as_it_would_be_consumed_twice() -> None:
    model = family_model("llama")
    model.model.layers[1].mlp.up_proj = model.model.layers[0].mlp.up_proj
    tracked, batch = tracked_model(model), collate(tiny_texts(2), [0, 1])
    seen: list[int] = []
    backward_pass(tracked, batch, lambda index, _: seen.append(index))
    assert len(seen) == len(set(seen)) == 5
    with pytest.raises(InputError, match=r"layers\.0\.mlp\.up_proj is in 2 blocks, so long texts"):
        backward_pass(by_blocks(tracked), batch, lambda *_: None)


def test_a_block_that_runs_twice_is_refused() -> None:
    model = family_model("llama")
    model.model.layers[1] = model.model.layers[0]
    batch = collate(tiny_texts(2), [0, 1])
    with pytest.raises(InputError, match="in 2 blocks"):
        backward_pass(by_blocks(tracked_model(model)), batch, lambda *_: None)
    twice = tracked_model(family_model("llama"))
    first, second = blocks_of(twice.trunk)
    second.register_forward_hook(lambda _block, args, output: first(args[0], **rotary(twice, args)))
    with pytest.raises(InputError, match="do not run once each"):
        backward_pass(by_blocks(twice), batch, lambda *_: None)


def rotary(tracked: Tracked, args: tuple) -> dict:
    places = torch.arange(args[0].shape[1]).unsqueeze(0)
    return {"position_embeddings": tracked.trunk.rotary_emb(args[0], places)}


def test_a_layer_outside_the_blocks_is_refused_and_not_left_out() -> None:
    tracked = tracked_model(family_model("opt"), "project_out|fc1")
    assert tracked.layers[0].name == "model.decoder.project_out"
    batch = collate(tiny_texts(2), [0, 1])
    with pytest.raises(InputError, match="project_out is in 0 blocks.* influence.modules"):
        backward_pass(by_blocks(tracked), batch, lambda *_: None)
    backward_pass(by_blocks(tracked).only((1, 2)), batch, lambda *_: None)


def test_a_trunk_without_a_list_of_blocks_is_refused_with_the_mend() -> None:
    model = family_model("llama")
    blocks = model.model.layers
    del model.model.layers
    model.model.layers = tuple(blocks)
    model.model.first, model.model.second = blocks
    tracked = tracked_model(model)
    batch = collate(tiny_texts(2), [0, 1])
    backward_pass(tracked, batch, lambda *_: None)
    with pytest.raises(InputError, match="LlamaModel: has no list of blocks.*corpus.max_tokens"):
        backward_pass(by_blocks(tracked), batch, lambda *_: None)


def small_llama(layers: int, context: int) -> Tracked:
    """hidden 16; float32."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=23,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=layers,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=4,
        max_position_embeddings=context,
        attn_implementation="sdpa",
    )
    return tracked_model(LlamaForCausalLM(config).requires_grad_(False).eval())


def long_text(n: int):
    generator = torch.Generator().manual_seed(0)
    return text_of(torch.randint(2, 23, (n - 1,), generator=generator).tolist())


def live_bytes(tracked: Tracked, n: int) -> int:
    batch = collate([long_text(n)], [0])
    with LiveTensors() as live:
        backward_pass(tracked, batch, lambda *_: None)
    return live.most


def test_the_peak_is_one_block_and_the_inputs_of_all() -> None:
    n = 1500
    plain = [live_bytes(small_llama(layers, n), n) for layers in (2, 8)]
    fewer = [live_bytes(by_blocks(small_llama(layers, n)), n) for layers in (2, 8)]
    one_input = 4 * n * 16  # float32
    assert plain[1] - plain[0] > 6 * 10 * one_input  # what six blocks keep for the way back
    assert 5 * one_input < fewer[1] - fewer[0] < 8 * one_input
    assert fewer[1] < plain[1] / 3


def test_the_tracer_counts_what_is_alive_at_once() -> None:
    with LiveTensors() as live:
        first = torch.zeros(1000)
        second = first + 1.0
        del first
        second = (second * 2.0).view(10, 100).add_(1.0)
    assert live.most == 8000
    assert float(second[0, 0]) == 3.0


@pytest.mark.slow
def test_a_text_of_32_000_tokens_has_the_scores_of_the_plain_pass() -> None:
    n = 32_000
    tracked = small_llama(2, n)
    batch = collate([long_text(n)], [0])
    found: list[list[torch.Tensor]] = [[], []]
    with LiveTensors() as live:
        backward_pass(by_blocks(tracked, 4096), batch, gathering(found[0]))
    assert live.most < 40 * 4 * n * 16  # nothing of [tokens, tokens], which is 50 times as much
    backward_pass(tracked, batch, gathering(found[1]))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4 * float(other.abs().max()))


def gathering(gradients: list[torch.Tensor]):
    """Keeps each layer's gradient; every score is a product of it."""
    return lambda _index, captured: gradients.append(captured.per_text())
