"""Generated completions: greedy whatever the model's settings, explained token by token."""

from __future__ import annotations

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, processors
from transformers import (
    AutoTokenizer,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from attribution_engine.influence.completions import complete_queries, end_ids, greedy
from attribution_engine.influence.model import load_model
from attribution_engine.records import ModelConfig, Query
from tests.influence.tiny_models import CPU
from tests.tiny_run import write_model

PIECES = ["<unk>", "<s>", "</s>", "▁the", "▁dog", "▁sat", "the", "dog", "▁", "▁see", "▁cat", "s"]


def metaspace_tokenizer() -> PreTrainedTokenizerFast:
    """As Llama 2 has it: a space is a character of the token, and decoding strips the first."""
    pieces = Tokenizer(models.WordLevel({piece: n for n, piece in enumerate(PIECES)}, "<unk>"))
    pieces.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    pieces.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    pieces.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=pieces, bos_token="<s>", eos_token="</s>")


def model_with(vocabulary: int, seed: int = 0) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=8,
            intermediate_size=12,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=64,
        )
    ).eval()
    model.generation_config = GenerationConfig(eos_token_id=2)
    return model


def test_a_completion_keeps_the_space_that_a_decoder_would_strip(monkeypatch):
    answer = [PIECES.index("▁see"), PIECES.index("▁cat"), PIECES.index("s")]
    monkeypatch.setattr("attribution_engine.influence.completions.greedy", lambda *_a, **_k: answer)
    query = Query(0, "asked", "asked", "reasoning", "the")
    (done,), empty = complete_queries(
        [query], {"asked": 3}, model_with(len(PIECES)), metaspace_tokenizer(), CPU
    )
    assert not empty
    assert done.query.completion == " see cats"
    assert done.tokens.ids[-3:] == tuple(answer)
    assert done.tokens.token_ends[-3:] == (7, 11, 12)
    assert done.tokens.has_loss == (False, True, True, True)


@pytest.mark.parametrize("seed", range(4))
def test_the_tokens_explained_are_those_generated_even_when_they_are_no_text(tmp_path, seed):
    write_model(tmp_path)  # random: it generates bytes that are no characters
    model = load_model(ModelConfig(str(tmp_path)), CPU)
    torch.manual_seed(seed)
    model.lm_head.weight.data.normal_()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    query = Query(0, "asked", "asked", "reasoning", "the slope é")
    done, _ = complete_queries([query], {"asked": 9}, model, tokenizer, CPU)
    ids = list(done[0].tokens.ids)
    prompt = tokenizer(query.prompt)["input_ids"]
    assert ids[: len(prompt)] == prompt
    assert ids[len(prompt) :] == greedy(prompt, 9, model, tokenizer, CPU, where="")
    ends = done[0].tokens.token_ends
    assert list(ends) == sorted(ends)
    assert len(ends) == len(ids) - 1
    assert ends[-1] == len(query.prompt + done[0].query.completion)


def test_settings_that_a_model_ships_do_not_change_greedy_decoding(tmp_path):
    write_model(tmp_path)
    plain = load_model(ModelConfig(str(tmp_path)), CPU)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    expected = greedy([5, 6, 7], 12, plain, tokenizer, CPU, where="")
    GenerationConfig(
        do_sample=True, temperature=9.0, repetition_penalty=5.0, num_beams=3, eos_token_id=[1, 9]
    ).save_pretrained(tmp_path)
    shipped = load_model(ModelConfig(str(tmp_path)), CPU)
    assert end_ids(shipped, tokenizer) == [1, 9]
    if not {1, 9} & set(expected):
        assert greedy([5, 6, 7], 12, shipped, tokenizer, CPU, where="") == expected


def test_greedy_decoding_is_the_most_likely_token_each_time(tmp_path):
    write_model(tmp_path)
    model = load_model(ModelConfig(str(tmp_path)), CPU)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    ids = [1, 40, 50]
    new = greedy(ids, 8, model, tokenizer, CPU, where="")
    for n, token in enumerate(new):
        logits = model(torch.tensor([[*ids, *new[:n]]])).logits[0, -1]
        assert token == int(logits.argmax())
