"""Tracked layers: which are chosen, what they share, and that their matrices are the gradients."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

from attribution_engine.influence.layers import (
    Layer,
    coverage,
    primals,
    select_layers,
    tangents,
    tracked_layers,
)
from attribution_engine.records import InputError
from tests.influence.layer_gradients import (
    FAMILIES,
    MIXTURES,
    autograd_matrices,
    family_model,
    forward_mode,
    inner,
    nll,
    random_directions,
    record,
    recorded_matrices,
    tokens,
)


def in_block(layers: list[Layer]) -> set[str]:
    """Names without the block's path and an expert's number."""
    return {re.sub(r"^.*?\.\d+\.|\[\d+\]$", "", layer.name) for layer in layers}


@pytest.mark.parametrize("family", FAMILIES)
def test_recorded_matrices_are_autograds_gradients_of_all_linear_maps(family: str) -> None:
    model, ids = family_model(family), tokens()
    layers = select_layers(model, "linear")
    # Mixtures and Mamba compute norms and routers in float32 whatever the dtype.
    close = 1e-5 if family in (*MIXTURES, "gemma2") else 1e-9
    for layer, found, true in zip(
        layers,
        recorded_matrices(model, layers, ids),
        autograd_matrices(model, layers, ids),
        strict=True,
    ):
        assert found.shape == layer.shape
        torch.testing.assert_close(found, true, rtol=close, atol=close * float(true.abs().max()))
        assert layer.expert is not None or float(true.abs().max()) > 1e-6, layer.name


@pytest.mark.parametrize("family", ["llama", "gpt2", "opt", "mixtral", "gpt_oss", "deepseek_v3"])
def test_forward_mode_along_tangents_is_the_product_with_the_gradient(family: str) -> None:
    model, ids = family_model(family), tokens()
    layers = select_layers(model, "linear")
    directions = random_directions(layers)
    along = forward_mode(model, layers, directions, ids)
    assert along == pytest.approx(
        inner(autograd_matrices(model, layers, ids), directions), rel=1e-5
    )


@pytest.mark.parametrize("family", ["gpt2", "mixtral"])
def test_forward_mode_along_tangents_is_the_finite_difference(family: str) -> None:
    model, ids = family_model(family), tokens()
    layers = select_layers(model, "mlp")
    directions = random_directions(layers)
    along = forward_mode(model, layers, directions, ids)
    moving, step, values = tangents(layers, directions), 1e-5, []
    here = primals(model, list(moving))
    for sign in (1, -1):
        moved = {name: here[name] + sign * step * moving[name] for name in moving}
        kwargs = {"input_ids": ids, "use_cache": False}
        logits = torch.func.functional_call(model, moved, kwargs=kwargs).logits[:, :-1]
        values.append(
            nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="sum")
        )
    assert along == pytest.approx(float(values[0] - values[1]) / (2 * step), rel=1e-3)


@pytest.mark.parametrize(
    ("family", "modules", "expected"),
    [
        ("llama", "mlp", "mlp.gate_proj mlp.up_proj mlp.down_proj"),
        (
            "llama",
            "attention",
            "self_attn.q_proj self_attn.k_proj self_attn.v_proj self_attn.o_proj",
        ),
        ("gpt2", "mlp", "mlp.c_fc mlp.c_proj"),
        ("gpt2", "attention", "attn.c_attn attn.c_proj"),
        ("opt", "mlp", "fc1 fc2"),
        ("gpt_neox", "mlp", "mlp.dense_h_to_4h mlp.dense_4h_to_h"),
        (
            "qwen2_moe",
            "mlp",
            "mlp.experts.gate_up_proj mlp.experts.down_proj mlp.shared_expert.gate_proj "
            "mlp.shared_expert.up_proj mlp.shared_expert.down_proj",
        ),
        (
            "nemotron_h",
            "mlp",
            "mixer.experts.up_proj mixer.experts.down_proj mixer.shared_experts.up_proj "
            "mixer.shared_experts.down_proj",
        ),
        ("nemotron_h", "attention", "mixer.q_proj mixer.k_proj mixer.v_proj mixer.o_proj"),
    ],
)
def test_a_keyword_names_the_same_part_in_every_architecture(
    family: str, modules: str, expected: str
) -> None:
    assert in_block(select_layers(family_model(family), modules)) == set(expected.split())


def test_linear_is_every_map_of_the_blocks_but_neither_routers_nor_the_head() -> None:
    layers = select_layers(family_model("nemotron_h"), "linear")
    assert {"mixer.in_proj", "mixer.q_proj", "mixer.experts.up_proj"} <= in_block(layers)
    names = {layer.name for layer in select_layers(family_model("qwen2_moe"), "linear")}
    assert not [name for name in names if "gate" in name.split(".")[-1] and "proj" not in name]
    assert "lm_head" not in names


def test_a_pattern_is_searched_for_in_names_of_maps_and_of_single_experts() -> None:
    model = family_model("mixtral")
    names = [layer.name for layer in select_layers(model, r"layers\.1\..*(o_proj|down_proj\[2\])$")]
    assert names == [
        "model.layers.1.self_attn.o_proj",
        "model.layers.1.mlp.experts.down_proj[2]",
    ]


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ("atention", "matches none of its 15 linear maps (model.layers.0.self_attn.q_proj"),
        ("(", "nor a regular expression"),
        ("lora", "the model has no adapter"),
    ],
)
def test_nothing_to_track_is_one_line_that_says_what_there_is(modules: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        select_layers(family_model("llama"), modules)
    assert said in str(raised.value) and "\n" not in str(raised.value)


def test_the_old_name_still_means_the_mlp() -> None:
    model = family_model("qwen2")
    assert tracked_layers(model) == select_layers(model, "mlp")


@pytest.mark.parametrize("family", ["llama", "gpt2", "phi", "mixtral", "deepseek_v3"])
def test_layers_that_share_an_input_are_fed_equal_rows_and_others_are_not(family: str) -> None:
    model = family_model(family)
    layers = select_layers(model, "linear")
    calls, _ = record(model, layers, tokens(seed=5))
    fed = {call.layer: call.inputs.flatten(0, -2) for call in calls if call.places is None}
    for index, inputs in fed.items():
        same = [
            other
            for other, rows in fed.items()
            if rows.shape == inputs.shape
            and torch.equal(rows, inputs)
            and layers[other].has_bias == layers[index].has_bias
        ]
        assert layers[index].input_of == min(same), layers[index].name


def test_gate_and_up_share_and_so_do_queries_keys_and_values() -> None:
    layers = select_layers(family_model("llama"), "linear")
    first = [layers[layer.input_of].name.split(".")[-1] for layer in layers[:7]]
    assert first == ["q_proj"] * 3 + ["o_proj", "gate_proj", "gate_proj", "down_proj"]


def test_a_bias_at_one_of_two_layers_keeps_their_inputs_apart() -> None:
    model = family_model("qwen2")
    attention = model.model.layers[0].self_attn
    attention.k_proj = nn.Linear(16, 8, bias=False, dtype=torch.float64)
    layers = {layer.name: layer for layer in select_layers(model, r"layers\.0\..*[qkv]_proj")}
    q, k, v = layers.values()
    assert (q.input_of, k.input_of, v.input_of) == (0, 1, 0)
    assert (q.in_features, k.in_features) == (17, 16)


def test_a_tied_head_counts_with_its_use_as_head_only() -> None:
    tied, ids = family_model("qwen2", tie_word_embeddings=True), tokens()
    layers = select_layers(tied, "^lm_head$")
    assert tied.lm_head.weight is tied.model.embed_tokens.weight
    untied = family_model("qwen2", tie_word_embeddings=True)
    untied.lm_head.weight = nn.Parameter(untied.lm_head.weight.detach().clone())
    of_head = autograd_matrices(untied, select_layers(untied, "^lm_head$"), ids)
    torch.testing.assert_close(recorded_matrices(tied, layers, ids), of_head)
    of_both = autograd_matrices(tied, layers, ids)
    assert not torch.allclose(of_both[0], of_head[0], rtol=0.01)
    directions = random_directions(layers)
    along = forward_mode(tied, layers, directions, ids)
    assert along == pytest.approx(inner(of_head, directions), rel=1e-9)


def test_a_module_used_twice_is_one_layer_whose_calls_add_up() -> None:
    model, ids = family_model("llama"), tokens()
    model.model.layers[1].mlp = model.model.layers[0].mlp
    layers = select_layers(model, "mlp")
    assert [layer.name for layer in layers] == [
        f"model.layers.0.mlp.{name}_proj" for name in ("gate", "up", "down")
    ]
    assert [layer.input_of for layer in layers] == [0, 0, 2]
    calls, _ = record(model, layers, ids)
    assert [call.layer for call in calls] == [0, 1, 2, 0, 1, 2]
    true = autograd_matrices(model, layers, ids)
    torch.testing.assert_close(recorded_matrices(model, layers, ids), true)
    directions = random_directions(layers)
    assert forward_mode(model, layers, directions, ids) == pytest.approx(inner(true, directions))


def test_two_modules_that_share_a_weight_are_two_layers() -> None:
    model, ids = family_model("llama"), tokens()
    first, second = (block.mlp.down_proj for block in model.model.layers)
    second.weight = first.weight
    layers = select_layers(model, "down_proj")
    together = recorded_matrices(model, layers, ids)
    both = autograd_matrices(model, layers, ids)[0]  # autograd's is that of the shared weight
    torch.testing.assert_close(together[0] + together[1], both)
    directions = random_directions(layers)
    along = forward_mode(model, layers, directions, ids)
    assert along == pytest.approx(inner(together, directions))


def test_coverage_counts_what_is_tracked_once() -> None:
    model = family_model("llama", tie_word_embeddings=True)
    layers = select_layers(model, "mlp")
    mlp, block = 3 * 16 * 12, 3 * 16 * 12 + (16 * 16 + 16) * 2 + (16 * 8 + 8) * 2 + 32
    everything = 29 * 16 + 2 * block + 16
    assert coverage(model, layers) == (6, 14, 2 * mlp, everything)
    assert coverage(model, select_layers(model, "lm_head")) == (1, 15, 29 * 16, everything)
    mixture = family_model("gpt_oss")
    layers = select_layers(mixture, "mlp")
    of_experts = 2 * 4 * ((16 + 1) * 24 + (12 + 1) * 16)
    assert coverage(mixture, layers)[:3] == (16, 24, of_experts)
    assert coverage(mixture, layers[1:2]).tracked_parameters == (12 + 1) * 16


def test_a_map_that_text_does_not_reach_is_left_out_and_counted() -> None:
    model = family_model("llama")
    model.model.layers[0].mlp.unused_proj = nn.Linear(16, 12, dtype=torch.float64)
    layers = select_layers(model, "mlp")
    assert len(layers) == 6 and coverage(model, layers).n_linear_maps == 15
    with pytest.raises(InputError, match="text does not reach model.layers.0.mlp.unused_proj"):
        select_layers(model, "unused")


def test_a_map_that_is_not_fed_a_row_a_position_is_refused_by_name() -> None:
    class ByHead(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = nn.Linear(4, 4, bias=False, dtype=torch.float64)

        def forward(self, hidden: torch.Tensor) -> torch.Tensor:
            return self.part(hidden.unflatten(-1, (4, 4))).flatten(-2)

    model = family_model("llama")
    model.model.layers[1].self_attn.q_proj = ByHead()
    with pytest.raises(InputError, match=r"layers.1.self_attn.q_proj.part is not fed one row"):
        select_layers(model, "attention")
    assert len(select_layers(model, "mlp")) == 6


def test_quantised_weights_are_refused() -> None:
    model = family_model("llama")
    down = model.model.layers[0].mlp.down_proj
    down.weight = nn.Parameter(torch.zeros(16, 12, dtype=torch.int8), requires_grad=False)
    with pytest.raises(InputError, match="layers.0.mlp.down_proj has quantised weights"):
        select_layers(model, "mlp")


def test_experts_stored_in_an_unknown_way_are_refused_and_not_left_out() -> None:
    class StrangeExperts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stack = nn.Parameter(torch.zeros(4, 16, 12))

    model = family_model("llama")
    model.model.layers[1].mlp.experts = StrangeExperts()
    for modules in ("mlp", "linear"):
        with pytest.raises(InputError, match=r"layers.1.mlp.experts \(StrangeExperts\)"):
            select_layers(model, modules)
    assert len(select_layers(model, "attention")) == 8


def test_probing_leaves_no_hook_and_no_gradient_behind() -> None:
    model = family_model("mixtral")
    select_layers(model, "linear")
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert not nll(model, tokens()).requires_grad
