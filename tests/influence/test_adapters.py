"""LoRA adapters: loaded unmerged, their two matrices tracked, their variants refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from peft import IA3Config, LoraConfig, get_peft_model
from torch import nn

from attribution_engine.corpora.configuration import load_config
from attribution_engine.influence.layers import coverage, select_layers
from attribution_engine.influence.model import load_model, load_tokenizer
from attribution_engine.records import InputError, ModelConfig
from tests.influence.layer_gradients import (
    autograd_matrices,
    family_model,
    forward_mode,
    inner,
    random_directions,
    recorded_matrices,
    tokens,
)

CPU = torch.device("cpu")
LLAMA = {"target_modules": ["gate_proj", "up_proj", "down_proj", "q_proj"]}


def save(folder: Path, family: str = "llama", **lora) -> tuple[Path, Path]:
    """A base model and an adapter with random matrices, in two folders."""
    base, adapter = folder / "base", folder / "adapter"
    model = family_model(family)
    model.save_pretrained(base)
    lora = {"lora_dropout": 0.5, "task_type": "CAUSAL_LM", **lora}
    config = LoraConfig(r=3, lora_alpha=7, **lora)
    adapted = get_peft_model(family_model(family), config)
    torch.manual_seed(4)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.3)
            assert parameter.requires_grad == ("lora_" in name or "modules_to_save" in name)
    adapted.peft_config["default"].base_model_name_or_path = str(base)
    adapted.save_pretrained(adapter)
    if not lora.get("lora_bias"):
        torch.save(adapted.merge_and_unload().state_dict(), folder / "merged.pt")
    return base, adapter


def load(base: Path, adapter: Path | None) -> nn.Module:
    config = ModelConfig(str(base), "float64", None, adapter and str(adapter))
    model = load_model(config, CPU)
    model.set_attn_implementation("eager")  # passes forward mode on
    return model


@pytest.mark.parametrize(
    ("family", "lora"),
    [
        ("llama", LLAMA),
        ("llama", {**LLAMA, "use_rslora": True, "lora_bias": True}),
        ("gpt2", {"target_modules": ["c_fc", "c_proj", "c_attn"], "fan_in_fan_out": True}),
    ],
)
def test_adapter_matrices_are_autograds_gradients(tmp_path: Path, family: str, lora: dict) -> None:
    model, ids = load(*save(tmp_path, family, **lora)), tokens()
    layers = select_layers(model, "linear")
    assert {layer.name.split(".")[-2] for layer in layers} == {"lora_A", "lora_B"}
    assert any(layer.has_bias for layer in layers) == lora.get("lora_bias", False)
    true = autograd_matrices(model, layers, ids)
    assert min(float(matrix.abs().max()) for matrix in true) > 1e-6
    torch.testing.assert_close(recorded_matrices(model, layers, ids), true)
    directions = random_directions(layers)
    assert forward_mode(model, layers, directions, ids) == pytest.approx(inner(true, directions))


def test_a_loaded_adapter_computes_what_the_merged_model_does(tmp_path: Path) -> None:
    base, adapter = save(tmp_path, **LLAMA)
    model, plain, merged = load(base, adapter), load(base, None), family_model("llama")
    merged.load_state_dict(torch.load(tmp_path / "merged.pt"))
    ids = tokens()
    torch.testing.assert_close(model(input_ids=ids).logits, merged(input_ids=ids).logits)
    assert not torch.allclose(model(input_ids=ids).logits, plain(input_ids=ids).logits, rtol=0.01)
    assert type(model) is type(plain)


def test_dropout_is_off_and_nothing_asks_for_gradients(tmp_path: Path) -> None:
    model, ids = load(*save(tmp_path, **LLAMA)), tokens()
    assert any(isinstance(module, nn.Dropout) and module.p == 0.5 for module in model.modules())
    assert not any(module.training for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert torch.equal(model(input_ids=ids).logits, model(input_ids=ids).logits)


def test_keywords_choose_among_adapters_only(tmp_path: Path) -> None:
    model = load(*save(tmp_path, **LLAMA))
    mlp, attention = select_layers(model, "mlp"), select_layers(model, "attention")
    everything = select_layers(model, "lora")
    assert (len(mlp), len(attention), len(everything)) == (12, 4, 16)
    assert {layer.name.split(".")[-3] for layer in attention} == {"q_proj"}
    assert [layer.name for layer in select_layers(model, "0.*down_proj")] == [
        f"model.layers.0.mlp.down_proj.lora_{side}.default" for side in "AB"
    ]
    with pytest.raises(InputError, match="matches none of its 16 linear maps"):
        select_layers(model, "k_proj")
    of_mlp = 2 * 3 * (3 * (16 + 12))
    assert coverage(model, mlp)[:3] == (12, 14 + 16, of_mlp)


def test_the_inner_matrices_of_gate_and_up_share_their_input(tmp_path: Path) -> None:
    layers = select_layers(load(*save(tmp_path, **LLAMA)), r"layers\.1\.mlp.*(gate|up)_proj")
    by_name = {layer.name.split("mlp.")[1]: layer for layer in layers}
    assert layers[by_name["up_proj.lora_A.default"].input_of].name.endswith(
        "gate_proj.lora_A.default"
    )
    outer = [layer.input_of for name, layer in by_name.items() if "lora_B" in name]
    assert len(set(outer)) == 2


def test_modules_saved_whole_are_tracked_beside_the_matrices(tmp_path: Path) -> None:
    model = load(*save(tmp_path, target_modules=["q_proj"], modules_to_save=["down_proj"]))
    layers = select_layers(model, "mlp")
    assert [layer.name for layer in layers] == [
        f"model.layers.{block}.mlp.down_proj.modules_to_save.default" for block in (0, 1)
    ]
    true = autograd_matrices(model, layers, tokens())
    torch.testing.assert_close(recorded_matrices(model, layers, tokens()), true)


def test_an_adapters_folder_as_model_path_finds_its_base(tmp_path: Path) -> None:
    base, adapter = save(tmp_path, **LLAMA)
    ids = tokens()
    by_base, by_adapter = load(base, adapter), load(adapter, None)
    assert torch.equal(by_base(input_ids=ids).logits, by_adapter(input_ids=ids).logits)
    with pytest.raises(InputError, match="names another"):
        load(adapter, adapter)
    with pytest.raises(InputError, match="base: no tokenizer in this folder"):
        load_tokenizer(ModelConfig(str(adapter)))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("/no/such/base", "its base model '/no/such/base' is not there; give the base as model"),
        (None, "names no base model"),
    ],
)
def test_a_missing_base_model_is_named_with_the_mend(
    tmp_path: Path, value: str | None, said: str
) -> None:
    _, adapter = save(tmp_path, **LLAMA)
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"base_model_name_or_path": value}))
    with pytest.raises(InputError, match=said):
        load(adapter, None)


@pytest.mark.parametrize(
    ("lora", "said"),
    [
        ({**LLAMA, "use_dora": True}, "uses DoraLinearVariant, and only plain LoRA"),
        (
            {
                "target_modules": [],
                "target_parameters": ["mlp.experts.down_proj"],
                "lora_dropout": 0.0,
            },
            "a LoRA on fused weights",
        ),
    ],
)
def test_variants_of_lora_are_refused(tmp_path: Path, lora: dict, said: str) -> None:
    family = "mixtral" if "target_parameters" in lora else "llama"
    with pytest.raises(InputError, match=said):
        load(*save(tmp_path, family, **lora))


def test_other_kinds_of_adapter_are_refused_by_name(tmp_path: Path) -> None:
    base, _ = save(tmp_path, **LLAMA)
    config = IA3Config(target_modules=["down_proj"], feedforward_modules=["down_proj"])
    get_peft_model(family_model("llama"), config).save_pretrained(tmp_path / "ia3")
    with pytest.raises(InputError, match="is of type IA3; only LORA can be tracked"):
        load(base, tmp_path / "ia3")


def test_an_adapter_of_another_model_is_one_line(tmp_path: Path) -> None:
    base, _ = save(tmp_path / "one", **LLAMA)
    _, other = save(tmp_path / "two", "gpt2", target_modules=["c_fc"], fan_in_fan_out=True)
    with pytest.raises(InputError, match="the adapter does not load into the model") as raised:
        load(base, other)
    assert "\n" not in str(raised.value)
    with pytest.raises(InputError, match="holds no adapter_config.json"):
        load(base, base)


def test_without_peft_the_error_says_what_to_install(tmp_path: Path, monkeypatch) -> None:
    base, adapter = save(tmp_path, **LLAMA)
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(InputError, match="pip install peft"):
        load(base, adapter)


def run_file(folder: Path, modules: str, adapter: str = "lora") -> Path:
    """A run's TOML file beside an empty adapter folder and a corpus."""
    (folder / "lora").mkdir(exist_ok=True)
    (folder / "corpus.jsonl").write_text('{"text": "one"}\n')
    (folder / "run.toml").write_text(
        f"name = 'a'\n[model]\npath = 'some/base'\nadapter = '{adapter}'\n"
        f"[corpus]\npath = 'corpus.jsonl'\ntext = 'text'\n[[queries]]\nsuite = 'slopes'\n"
        f"[influence]\nmodules = '{modules}'\n"
    )
    return folder / "run.toml"


def test_a_run_file_names_the_adapter_and_the_modules(tmp_path: Path) -> None:
    for modules in ("attention", r"layers\.[01]\..*(gate|up)_proj"):
        config = load_config(run_file(tmp_path, modules))
        assert config.influence.modules == modules
        assert config.model.adapter == str(tmp_path / "lora")


@pytest.mark.parametrize(
    ("modules", "adapter", "said"),
    [
        ("(gate", "lora", "nor a regular expression"),
        ("", "lora", "modules is empty"),
        ("mlp", "./nowhere", "adapter"),
    ],
)
def test_a_run_file_with_bad_modules_or_adapter_is_refused(
    tmp_path: Path, modules: str, adapter: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        load_config(run_file(tmp_path, modules, adapter))
