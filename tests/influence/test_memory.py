"""How layers are put into groups that fit, on paper: no model is loaded here."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from attribution_engine.influence.factors import LARGE
from attribution_engine.influence.layers import Layer, select_layers
from attribution_engine.influence.memory import (
    STAGES,
    OutOfMemory,
    Shape,
    TokenBudget,
    direction_bytes,
    group_bytes,
    groups,
    in_words,
    layer_bytes,
    room,
    share_of_tokens,
)
from attribution_engine.influence.model import load_skeleton
from attribution_engine.records import InfluenceConfig, InputError, ModelConfig
from tests.influence.layer_gradients import family_model
from tests.qwen_shape import write_shape

SHAPE = Shape(queries=3, rank=2)
CPU = torch.device("cpu")


def layers_of(units: list[list[tuple[int, int]]]) -> list[Layer]:
    """Layers (inputs, outputs); those of a unit share their input."""
    found: list[Layer] = []
    for unit in units:
        first = len(found)
        for inputs, outputs in unit:
            name = f"layer{len(found)}"
            found.append(Layer(name, nn.Identity(), inputs, outputs, False, first))
    return found


def fewest(layers: list[Layer], stage: str, allowed: int) -> int:
    """The fewest groups of consecutive units that fit, by trying every place for the last cut."""
    starts = [index for index, layer in enumerate(layers) if layer.input_of == index]
    starts.append(len(layers))
    best = [0]
    for end in range(1, len(starts)):
        best.append(
            min(
                best[begin] + 1
                for begin in range(end)
                if group_bytes(layers, range(starts[begin], starts[end]), stage, SHAPE) <= allowed
            )
        )
    return best[-1]


SIZES = st.tuples(st.integers(1, 30), st.integers(1, 30))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(SIZES, min_size=1, max_size=3), min_size=1, max_size=9),
    st.sampled_from([stage for stage in STAGES if stage != "eigendecompositions"]),
    st.floats(1.0, 6.0),
)
def test_groups_are_few_fit_keep_their_order_and_keep_sharers_together(units, stage, more) -> None:
    units = [[(unit[0][0], outputs) for _, outputs in unit] for unit in units]
    layers = layers_of(units)
    owners = sorted({layer.input_of for layer in layers})
    largest = max(
        group_bytes(
            layers, [i for i, each in enumerate(layers) if each.input_of == owner], stage, SHAPE
        )
        for owner in owners
    )
    found = groups(layers, stage, SHAPE, int(largest * more))
    assert [index for group in found for index in group] == list(range(len(layers)))
    for group in found:
        assert {layers[index].input_of for index in group} <= set(group)
        assert group_bytes(layers, group, stage, SHAPE) <= int(largest * more)
    assert len(found) == fewest(layers, stage, int(largest * more))
    with pytest.raises(InputError, match=f"^{stage}: layer layer"):
        groups(layers, stage, SHAPE, largest - 1)


def test_the_product_of_a_batch_is_there_for_one_layer_at_a_time() -> None:
    layers = layers_of([[(10, 4)], [(3, 20)], [(5, 5)]])
    sums = 8 * (10 * 10 + 4 * 4 + 3 * 3 + 20 * 20 + 5 * 5 + 5 * 5)
    assert group_bytes(layers, [0, 1, 2], "covariances", SHAPE) == sums + 4 * 20 * 20
    assert groups(layers, "covariances", SHAPE, sums + 4 * 20 * 20) == [[0, 1, 2]]
    assert groups(layers, "covariances", SHAPE, sums + 4 * 20 * 20 - 1) == [[0, 1], [2]]


def test_a_shared_input_counts_once_and_large_sums_are_in_float32() -> None:
    one, two = layers_of([[(6, 4)]]), layers_of([[(6, 4), (6, 5)]])
    more = group_bytes(two, [0, 1], "covariances", SHAPE) - group_bytes(
        one, [0], "covariances", SHAPE
    )
    assert more == 8 * 5 * 5
    (large,) = layers_of([[(LARGE + 1, LARGE)]])
    found = layer_bytes(large, True, "covariances", SHAPE)
    assert found == 4 * (LARGE + 1) ** 2 + 8 * LARGE**2


@pytest.mark.parametrize("rank", [None, 2, 4, 9])
def test_directions_are_exact_where_the_rank_would_be_no_smaller(rank) -> None:
    (layer,) = layers_of([[(9, 4)]])
    exact = 3 * 9 * 4 * 4
    expected = 2 * 3 * 2 * (9 + 4) * 4 if rank == 2 else exact
    assert direction_bytes(layer, Shape(3, rank)) == expected


def test_eigendecompositions_go_layer_by_layer() -> None:
    layers = layers_of([[(6, 4), (6, 5)], [(5, 6)]])
    assert groups(layers, "eigendecompositions", SHAPE, 1) == [[0], [1], [2]]


def test_the_error_names_the_mend() -> None:
    layers = layers_of([[(1000, 1000)]])
    exact = Shape(queries=50, rank=None)
    with pytest.raises(InputError, match="layer0 alone needs 200 MB and 1 MB are.*influence.rank"):
        groups(layers, "scores", exact, 1_000_000)
    pair = layers_of([[(1000, 1000), (1000, 1000)]])
    with pytest.raises(InputError, match="shares its input need 400 MB.*influence.rank"):
        groups(pair, "scores", exact, 1_000_000)
    with pytest.raises(InputError, match="20 MB.*a device with more memory, or track fewer"):
        groups(layers, "covariances", exact, 1_000_000)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("longest", "rank"), [(512, 32), (512, None), (32_000, 32)])
def test_seven_billion_parameters_fit_on_80_gb(tmp_path: Path, dtype, longest, rank) -> None:
    model = load_skeleton(ModelConfig(str(write_shape(tmp_path)), dtype))
    layers = select_layers(model, "mlp")
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    assert weights == pytest.approx(7.6e9 * (4 if dtype == "float32" else 2), rel=0.01)
    shape = Shape(queries=20, rank=rank)
    shared = room(model, layers, InfluenceConfig(rank=rank), longest, CPU, weights, int(80e9))
    assert shared.by_blocks == (longest == 32_000)
    if not shared.by_blocks:
        assert shared.at_once >= longest
    for stage in STAGES:
        found = groups(layers, stage, shape, shared.allowed)
        assert sorted(index for group in found for index in group) == list(range(84))
        held = max(group_bytes(layers, group, stage, shape) for group in found)
        passing = 0 if stage == "eigendecompositions" else shared.one_pass
        assert weights + passing + held < 80e9
        if stage in ("covariances", "eigenvalues", "query gradients"):
            assert len(found) > 1


def test_no_memory_beside_the_model_is_said_at_once(tmp_path: Path) -> None:
    model = load_skeleton(ModelConfig(str(write_shape(tmp_path)), "float32"))
    layers = select_layers(model, "mlp")
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    how = (InfluenceConfig(), 512, CPU, weights)
    with pytest.raises(InputError, match="of 24 GB of memory .* nothing .* smaller model or dtype"):
        room(model, layers, *how, int(24e9))
    long = (InfluenceConfig(), 32_000, CPU, weights)
    with pytest.raises(InputError, match="nothing for factors; .*, or set corpus.max_tokens lower"):
        room(model, layers, *long, int(60e9))


def test_what_factors_may_take_can_be_set(tmp_path: Path) -> None:
    model = load_skeleton(ModelConfig(str(write_shape(tmp_path)), "bfloat16"))
    layers = select_layers(model, "mlp")
    options = InfluenceConfig(memory_gb=3.5)
    assert room(model, layers, options, 512, CPU, 0, int(80e9)).allowed == 3_500_000_000


def test_an_expert_counts_with_the_tokens_that_are_routed_to_it() -> None:
    model = family_model("mixtral")  # 4 experts, 2 of them for each token
    layers = select_layers(model, "mlp")
    assert all(layer.expert is not None for layer in layers)
    assert {share_of_tokens(model, layer.module) for layer in layers} == {0.5}
    assert share_of_tokens(model, model.lm_head) == 1.0
    how = (InfluenceConfig(batch_tokens=2048), 512, CPU, 0, int(1e9))
    some = room(model, layers, *how).one_pass
    model.config.num_experts_per_tok = 4
    every = room(model, layers, *how).one_pass
    in_and_out = sum(layer.in_features + layer.out_features for layer in layers)
    assert every - some == pytest.approx(2048 * 8 * 1.3 * in_and_out / 2, rel=1e-3)


def failing(above: int, seen: list[int]):
    def work(tokens: int) -> str:
        seen.append(tokens)
        if tokens > above:
            raise OutOfMemory("CUDA out of memory. Tried to allocate 2 GiB\nand more lines")
        return "done"

    return work


def test_a_budget_is_halved_until_the_work_fits_and_stays_there(capsys) -> None:
    budget, seen = TokenBudget(1000), []
    assert budget.run(failing(300, seen), "scores") == "done"
    assert seen == [1000, 500, 250]
    assert budget.run(failing(300, seen), "scores") == "done"
    assert seen[3:] == [250]
    assert capsys.readouterr().out == (
        "scores: out of memory, going on with batches of 500 tokens\n"
        "scores: out of memory, going on with batches of 250 tokens\n"
    )


def test_a_budget_that_cannot_be_halved_ends_in_one_line() -> None:
    budget, seen = TokenBudget(5), []
    with pytest.raises(InputError) as caught:
        budget.run(failing(0, seen), "eigenvalues")
    assert seen == [5, 2, 1]
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith("eigenvalues: out of memory even with one text a batch (CUDA out of")
    assert "corpus.max_tokens" in said


def test_other_errors_are_not_taken_for_want_of_memory() -> None:
    budget = TokenBudget(8)
    with pytest.raises(ZeroDivisionError):
        budget.run(lambda tokens: tokens // 0, "scores")
    assert budget.tokens == 8


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.7, "1 kB"),
        (1000, "1 kB"),
        (1_436_000_000, "1.44 GB"),
        (999_600_000, "1 GB"),
        (2.5e12, "2.5 TB"),
        (-3e9, "-3 GB"),
        (1.2e18, "1,200 PB"),
    ],
)
def test_bytes_in_words(size, words) -> None:
    assert in_words(size) == words
