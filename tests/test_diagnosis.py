"""The diagnosis of healthy models, and of models broken on purpose."""

from __future__ import annotations

import numpy as np
import peft
import pytest
import torch
from torch import nn
from transformers.models.llama import modeling_llama

from attribution_engine import diagnosis
from attribution_engine.__main__ import main
from attribution_engine.corpora.configuration import load_config
from attribution_engine.diagnosis import diagnose
from attribution_engine.influence.capture import Captured
from attribution_engine.influence.gradient_probes import compared, looking_ahead, probe
from attribution_engine.influence.passes import backward_pass
from attribution_engine.influence.tokens import collate
from tests.influence.tiny_models import tiny_model, tiny_texts, tracked_model
from tests.tiny_run import write_config

COMPOSITION = {
    "the same once more",
    "short and long in a batch",
    "the same in reversed order",
    "batches of eight by length",
    "other tokens as padding",
    "other tokens later on",
    "eager attention for sdpa",
}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("diagnosis"))


@pytest.fixture
def broken(config, monkeypatch):
    """Gives the names of the checks that fail once `spoil` has been done to the model."""

    def diagnosed(spoil):
        load = diagnosis.load_model

        def load_spoilt(*arguments):
            model = load(*arguments)
            spoil(model)
            return model

        monkeypatch.setattr(diagnosis, "load_model", load_spoilt)
        found = diagnose(load_config(config), device="cpu", n_documents=10)
        diagnosis.print_diagnosis(found)
        return {each.what for each in found.broken}, found

    return diagnosed


def after_block(change):
    """Spoils a model by changing what its first block puts out, [texts, positions, width]."""

    def spoil(model: nn.Module) -> None:
        def hook(_module, _args, output):
            return (change(output[0]), *output[1:]) if isinstance(output, tuple) else change(output)

        model.model.layers[0].register_forward_hook(hook)

    return spoil


def test_a_sound_model_passes_every_check_and_exits_with_0(config, capsys):
    found = diagnose(load_config(config), device="cpu")
    assert {each.what for each in found.changes} == COMPOSITION
    assert found.broken == []
    assert found.warnings == []
    assert 0 < max(each.at_worst for each in found.changes) < 1e-5
    assert len(set(found.documents)) == 24
    assert main(["diagnose", str(config), "--documents", "6"]) == 0
    out = capsys.readouterr().out
    assert "verdict: scores do not depend on batches" in out
    assert all(name in out for name in COMPOSITION)


def test_a_model_that_normalises_over_the_batch_is_found(broken, capsys):
    names, found = broken(after_block(lambda x: x - 0.1 * x.mean(0, keepdim=True)))
    assert {"short and long in a batch", "batches of eight by length"} <= names
    assert "the same once more" not in names
    assert "other tokens later on" not in names
    assert max(each.at_worst for each in found.broken) > 1e-2
    assert "influence.batch_tokens = 1" in capsys.readouterr().out


def test_a_bidirectional_model_is_found_and_exits_with_1(config, broken, capsys):
    names, found = broken(after_block(lambda x: x + 0.1 * x.mean(1, keepdim=True)))
    assert {"other tokens later on", "other tokens as padding"} <= names
    assert "the same once more" not in names
    (ahead,) = (each for each in found.broken if each.what == "other tokens later on")
    assert "layers.1" in found.layers[ahead.layer]  # the first that the spoilt block feeds
    assert "no causal language model" in capsys.readouterr().out
    assert main(["diagnose", str(config), "--documents", "6"]) == 1  # still spoilt


def test_dropout_that_is_on_is_found_and_configured_dropout_is_told(broken, capsys):
    def spoil(model):
        model.config.attention_dropout = 0.25
        after_block(lambda x: nn.functional.dropout(x, 0.1, training=True))(model)

    names, found = broken(spoil)
    assert "the same once more" in names
    (line,) = found.warnings
    assert "attention_dropout = 0.25" in line
    assert "off here" in line
    assert "dropout or other chance" in capsys.readouterr().out


def test_the_dropout_of_an_adapter_is_told(broken):
    def spoil(model):
        lora = peft.LoraConfig(r=2, target_modules=["up_proj"], lora_dropout=0.2)
        peft.inject_adapter_in_model(lora, model)
        model.requires_grad_(False).eval()

    names, found = broken(spoil)
    assert names == set()
    (line,) = (line for line in found.warnings if "dropout" in line)
    assert "lora_dropout or the like = 0.2" in line


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_attention_backend_that_is_wrong_is_found(broken, monkeypatch, capsys, dtype, config):
    eager = modeling_llama.eager_attention_forward

    def scaled_wrongly(module, query, key, value, mask, scaling, **named):
        return eager(module, query, key, value, mask, scaling * 1.5, **named)

    monkeypatch.setattr(modeling_llama, "eager_attention_forward", scaled_wrongly)
    text = config.read_text()
    config.write_text(text.replace("[model]", f'[model]\ndtype = "{dtype}"'))
    names, _ = broken(lambda model: None)
    config.write_text(text)
    assert names == {"eager attention for sdpa" + " (float32)" * (dtype == "bfloat16")}
    assert "one of the two attention backends is wrong" in capsys.readouterr().out


def test_layers_that_no_gradient_reaches_are_named(broken):
    names, found = broken(lambda model: model.model.layers[1].mlp.down_proj.weight.zero_())
    assert names == set()
    (line,) = found.warnings
    assert "layers.1.mlp.gate_proj, model.layers.1.mlp.up_proj" in line
    assert "layers.0" not in line


def test_bfloat16_is_compared_with_float32_and_allowed_its_rounding(config, capsys):
    text = config.read_text()
    config.write_text(text.replace("[model]", '[model]\ndtype = "bfloat16"'))
    try:
        code = main(["diagnose", str(config), "--documents", "8"])
    finally:
        config.write_text(text)
    out = capsys.readouterr().out
    (row,) = (line for line in out.splitlines() if line.startswith("bfloat16 for float32"))
    assert float(row.split()[3]) > 1e-3
    assert "rounding is expected; 0.02 is allowed" in out
    assert "eager attention for sdpa (float32)" in out
    assert code == 0
    assert "verdict: scores do not depend" in out


def test_a_pass_that_does_not_fit_is_tried_with_fewer_texts(broken, monkeypatch, capsys):
    forward = modeling_llama.LlamaModel.forward

    def limited(self, input_ids=None, **named):
        if torch.is_grad_enabled() and input_ids.shape[0] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, input_ids=input_ids, **named)

    monkeypatch.setattr(modeling_llama.LlamaModel, "forward", limited)
    names, _ = broken(lambda model: None)
    assert names == set()
    assert "out of memory, going on with batches" in capsys.readouterr().out


def test_a_corpus_of_one_document_is_one_line(config, capsys):
    assert main(["diagnose", str(config), "--documents", "1"]) == 2
    assert "needs two documents" in capsys.readouterr().err


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_the_probes_estimate_the_change_of_the_whole_gradient(family):
    texts = tiny_texts(6)
    tracked = tracked_model(tiny_model(family))

    def exact():
        found = {}
        for row in range(len(texts)):

            def consume(index: int, captured: Captured, row: int = row) -> None:
                found[index, row] = captured.per_text()[0].clone()

            backward_pass(tracked, collate(texts, [row]), consume)
        return found

    def probed():
        return probe(tracked, [collate(texts, [row]) for row in range(len(texts))], len(texts))

    gradients, before = exact(), probed()
    with torch.no_grad():
        tracked.layers[-1].module.weight.mul_(1.05)
    changed, after = exact(), probed()
    true = {key: float((changed[key] - gradients[key]).norm()) for key in gradients}
    norms = {key: float(gradients[key].norm()) for key in gradients}
    for (index, row), norm in norms.items():
        np.testing.assert_allclose(np.sqrt(before.squared[index, row]), norm, rtol=1e-5)
    by_document = [
        np.hypot.reduce([true[i, row] for i in range(len(tracked.layers))])
        / np.hypot.reduce([norms[i, row] for i in range(len(tracked.layers))])
        for row in range(len(texts))
    ]
    change = compared("heavier weights", before, after, None)
    assert 0.5 < change.overall / max(by_document) < 2.0
    assert 0.4 < change.at_worst / max(true[key] / norms[key] for key in true) < 2.5
    assert compared("nothing", before, before, None).at_worst == 0.0


def test_a_gradient_that_is_no_number_counts_as_an_infinite_change():
    tracked = tracked_model(tiny_model("llama"))
    texts = tiny_texts(2)
    before = probe(tracked, [collate(texts, [0, 1])], 2)
    with torch.no_grad():
        tracked.layers[-1].module.weight[0, 0] = float("nan")
    after = probe(tracked, [collate(texts, [0, 1])], 2)
    assert compared("spoilt", before, after, 1.0).beyond
    assert compared("nothing", after, after, None).overall == np.inf


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2", "mistral"])
def test_no_causal_family_looks_ahead(family):
    tracked = tracked_model(tiny_model(family))
    assert looking_ahead(tracked, tiny_texts(3), 1, 23, 0.0).at_worst == 0.0
