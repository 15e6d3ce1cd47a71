"""A model without its weights: the same shapes and the same tracked layers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from attribution_engine.influence.layers import coverage, select_layers
from attribution_engine.influence.model import (
    context_length,
    load_model,
    load_skeleton,
    vocabulary_size,
)
from attribution_engine.records import InputError, ModelConfig
from tests.influence.layer_gradients import FAMILIES, family_model
from tests.influence.test_adapters import LLAMA
from tests.influence.test_adapters import save as save_adapter

CPU = torch.device("cpu")


def both(folder: Path, dtype: str = "float32"):
    config = ModelConfig(str(folder), dtype)
    return load_model(config, CPU), load_skeleton(config)


@pytest.mark.parametrize("family", FAMILIES)
def test_shapes_and_layers_are_those_of_the_loaded_model(tmp_path: Path, family: str) -> None:
    family_model(family).save_pretrained(tmp_path)
    model, skeleton = both(tmp_path)
    shapes = {name: (p.shape, p.dtype) for name, p in model.named_parameters()}
    assert {name: (p.shape, p.dtype) for name, p in skeleton.named_parameters()} == shapes
    assert all(parameter.is_meta for parameter in skeleton.parameters())
    assert not skeleton.training
    assert vocabulary_size(skeleton) == vocabulary_size(model)
    assert context_length(skeleton) == context_length(model)
    for modules in ("mlp", "attention", "linear"):
        expected, found = select_layers(model, modules), select_layers(skeleton, modules)
        assert [told(layer) for layer in found] == [told(layer) for layer in expected]
        assert coverage(skeleton, found) == coverage(model, expected)
    assert any(layer.input_of != index for index, layer in enumerate(found)) == (
        family not in SEPARATE
    )


SEPARATE = {"gpt2", "gpt_neox", "phi3", "bloom"}  # no two maps read the same tensor


def told(layer) -> tuple:
    return (layer.name, layer.shape, layer.has_bias, layer.input_of, layer.expert, layer.parameter)


def test_the_weights_file_is_not_needed_and_the_dtype_is_the_wanted_one(tmp_path: Path) -> None:
    family_model("llama").save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    skeleton = load_skeleton(ModelConfig(str(tmp_path), "bfloat16"))
    assert {parameter.dtype for parameter in skeleton.parameters()} == {torch.bfloat16}
    assert len(select_layers(skeleton)) == 6


def test_an_adapter_is_put_into_the_loaded_model(tmp_path: Path) -> None:
    base, adapter = save_adapter(tmp_path, **LLAMA)
    skeleton = load_skeleton(ModelConfig(str(base), "float64", None, str(adapter)))
    assert len(select_layers(skeleton, "lora")) == 16


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (ModelConfig("/nowhere/model"), "/nowhere/model: .*correct model.path"),
        (ModelConfig(".", "int4"), "model.dtype = 'int4': choose one of float32, "),
    ],
)
def test_what_cannot_be_loaded_is_one_line(config: ModelConfig, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_skeleton(config)


def test_a_folder_without_a_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path}: the model does not load"):
        load_skeleton(ModelConfig(str(tmp_path)))
