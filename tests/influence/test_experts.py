"""Fused experts computed one by one: transformers' own results, and every row accounted for."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from attribution_engine.influence.experts import (
    IMPLEMENTATION,
    are_fused_experts,
    compute_one_by_one,
    fused_maps,
    record_experts,
)
from attribution_engine.influence.layers import select_layers
from tests.influence.layer_gradients import (
    MIXTURES,
    autograd_matrices,
    family_model,
    nll,
    random_directions,
    record,
    tokens,
)

# Plain; transposed with bias and interleaved; no gate; transposed; own gate; and more.
CLASSES = (
    ("mixtral", "MixtralExperts"),
    ("gpt_oss", "GptOssExperts"),
    ("nemotron_h", "NemotronHExperts"),
    ("aria", "AriaExperts"),
    ("deepseek_v4", "DeepseekV4Experts"),
    ("minimax_m3_vl", "MiniMaxM3VLExperts"),
)


def experts_of(folder: str, name: str) -> nn.Module:
    """A random float64 experts module of transformers: 5 experts, 8 inputs, 6 inside."""
    sizes = dict.fromkeys(
        ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), 5
    )
    sizes |= dict.fromkeys(("intermediate_size", "moe_intermediate_size"), 6)
    config = SimpleNamespace(
        **sizes,
        hidden_size=8,
        moe_latent_size=None,
        hidden_act="silu",
        mlp_hidden_act="silu",
        hidden_activation="silu",
        swiglu_alpha=1.7,
        swiglu_limit=1.0,
        mlp_bias=False,
        use_bias=False,
        _experts_implementation="eager",
    )
    module = importlib.import_module(f"transformers.models.{folder}.modeling_{folder}")
    try:
        experts = getattr(module, name)(config).double()
    except AttributeError as error:
        pytest.skip(f"this transformers has no such class or configuration: {error}")
    if not hasattr(experts, "_apply_gate"):
        pytest.skip(f"this transformers keeps the weights of {name} in another way")
    torch.manual_seed(0)
    for parameter in experts.parameters():
        nn.init.normal_(parameter)
    return experts


def routing(rows: int = 9, n_experts: int = 5) -> tuple[torch.Tensor, ...]:
    """Hidden states, two different experts a row, and their weights."""
    generator = torch.Generator().manual_seed(2)
    chosen = torch.rand(rows, n_experts, generator=generator).argsort(1)[:, :2]
    weights = torch.rand(rows, 2, generator=generator, dtype=torch.float64)
    return torch.randn(rows, 8, generator=generator, dtype=torch.float64), chosen, weights


@pytest.mark.parametrize(("folder", "name"), CLASSES)
def test_result_and_gradients_are_those_of_transformers_own_code(folder: str, name: str) -> None:
    experts = experts_of(folder, name)
    hidden, chosen, weights = routing()
    assert are_fused_experts(experts) and len(fused_maps(experts)) == 10
    results = []
    for implementation in ("eager", IMPLEMENTATION):
        experts.config._experts_implementation = implementation
        inputs = (hidden.clone().requires_grad_(), weights.clone().requires_grad_())
        output = experts(inputs[0], chosen, inputs[1])
        gradients = torch.autograd.grad(
            output.sin().sum(), [*inputs, *experts.parameters()], allow_unused=True
        )
        results.append([output, *gradients])
    for theirs, ours in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("family", MIXTURES)
def test_a_model_set_to_one_by_one_keeps_its_logits(family: str) -> None:
    model, ids = family_model(family), tokens()
    model.set_experts_implementation("eager")
    before = model(input_ids=ids).logits
    compute_one_by_one(model)
    assert model.config._experts_implementation == IMPLEMENTATION
    torch.testing.assert_close(model(input_ids=ids).logits, before, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("family", ["mixtral", "gpt_oss"])
def test_places_tell_each_rows_text_and_position(family: str) -> None:
    model, ids = family_model(family), tokens(texts=3, positions=6)
    layers = select_layers(model, "experts")
    by_text = [[torch.zeros(layer.shape).double() for layer in layers] for _ in ids]
    for call, gradient in zip(*record(model, layers, ids), strict=True):
        inputs = call.inputs
        if layers[call.layer].has_bias:
            inputs = nn.functional.pad(inputs, (0, 1), value=1.0)
        for row, place in enumerate(call.places.tolist()):
            by_text[place // 6][call.layer] += torch.outer(gradient[row], inputs[row]).double()
    for text, found in zip(ids, by_text, strict=True):
        alone = autograd_matrices(model, layers, text.unsqueeze(0))
        torch.testing.assert_close(found, alone, rtol=1e-4, atol=1e-6)


def test_every_routed_row_of_a_batch_is_recorded_once() -> None:
    model, ids = family_model("mixtral"), tokens(texts=3, positions=6)
    layers = select_layers(model, r"layers\.0\..*experts\.down_proj")
    calls, _ = record(model, layers, ids)
    places = torch.cat([call.places for call in calls])
    assert torch.equal(torch.bincount(places, minlength=18), torch.full((18,), 2))
    assert all(call.places.unique().numel() == len(call.places) for call in calls)
    assert [call.layer for call in calls] == sorted({call.layer for call in calls})


def test_an_expert_without_rows_has_no_call() -> None:
    experts = experts_of("mixtral", "MixtralExperts").requires_grad_(False)
    experts.config._experts_implementation = IMPLEMENTATION
    hidden, _, weights = routing()
    layers = select_like(experts)
    calls: list = []
    with record_experts(layers, calls):
        experts(hidden, torch.tensor([[0, 3]]).expand(9, 2), weights)
    assert {layers[call.layer].expert for call in calls} == {0, 3} and len(calls) == 4


def test_rows_routed_to_no_expert_come_out_as_zero() -> None:
    experts = experts_of("mixtral", "MixtralExperts").requires_grad_(False)
    experts.config._experts_implementation = IMPLEMENTATION
    hidden, chosen, weights = routing()
    whole = experts(hidden, chosen, weights)
    chosen[4] = 5  # one past the last expert
    without = experts(hidden, chosen, weights)
    assert torch.equal(without[4], torch.zeros(8).double()) and not torch.equal(whole, without)
    torch.testing.assert_close(without[torch.arange(9) != 4], whole[torch.arange(9) != 4])
    assert not experts(hidden, torch.full((9, 2), 5), weights).any()


def test_only_wanted_layers_are_recorded_and_an_exception_ends_it() -> None:
    model, ids = family_model("qwen2_moe"), tokens()
    layers = select_layers(model, "mlp")
    wanted = [at for at, layer in enumerate(layers) if layer.expert == 1][:2]
    calls: list = []
    with pytest.raises(ZeroDivisionError), record_experts(layers, calls, wanted):
        nll(model, ids)
        raise ZeroDivisionError
    assert calls and {call.layer for call in calls} <= set(wanted)
    recorded = len(calls)
    assert not nll(model, ids).requires_grad and len(calls) == recorded


def test_one_recording_inside_another_leaves_the_outer_one_open() -> None:
    model, ids = family_model("mixtral"), tokens()
    layers = select_layers(model, "mlp")
    outer: list = []
    inner: list = []
    with record_experts(layers, outer):
        with record_experts(layers, inner):
            nll(model, ids)
        assert inner and not outer
        nll(model, ids)
    assert len(outer) == len(inner)


def test_many_directions_go_forward_at_once() -> None:
    experts = experts_of("gpt_oss", "GptOssExperts").requires_grad_(False)
    experts.config._experts_implementation = IMPLEMENTATION
    hidden, chosen, weights = routing()
    generator = torch.Generator().manual_seed(3)
    weight = experts.down_proj.detach()
    many = torch.randn(4, *weight.shape, generator=generator, dtype=torch.float64)

    def along(direction: torch.Tensor) -> torch.Tensor:
        def run(value: torch.Tensor) -> torch.Tensor:
            args = (hidden, chosen, weights)
            return torch.func.functional_call(experts, {"down_proj": value}, args)

        return torch.func.jvp(run, (weight,), (direction,))[1]

    torch.testing.assert_close(torch.vmap(along)(many), torch.stack([along(one) for one in many]))


def test_tangents_of_untracked_experts_are_zero() -> None:
    model = family_model("gpt_oss")
    (layer,) = select_layers(model, r"layers\.1\.mlp\.experts\.gate_up_proj\[2\]")
    (direction,) = random_directions([layer])
    found = layer.parameters_of(direction)
    assert set(found) == {
        "model.layers.1.mlp.experts.gate_up_proj",
        "model.layers.1.mlp.experts.gate_up_proj_bias",
    }
    weight, bias = found.values()
    torch.testing.assert_close(weight[2], direction[:, :-1].T)
    torch.testing.assert_close(bias[2], direction[:, -1])
    assert not weight[[0, 1, 3]].any() and not bias[[0, 1, 3]].any()


def select_like(experts: nn.Module) -> list:
    """Layers of an experts module that stands alone."""
    from attribution_engine.influence.layers import Layer

    return [
        Layer(f"experts.{parameter}[{expert}]", experts, i, o, bias, at, parameter, expert)
        for at, (parameter, expert, i, o, bias) in enumerate(fused_maps(experts))
    ]
