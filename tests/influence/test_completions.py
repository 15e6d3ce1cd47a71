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

from attribution_engine.influence.completions import (
    as_plain,
    complete_queries,
    count_completions,
    end_ids,
    from_plain,
    greedy,
)
from attribution_engine.influence.model import load_model
from attribution_engine.records import InputError, ModelConfig, Query
from tests.tiny_run import write_model

CPU = torch.device("cpu")
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


def asked(n: int, prompt: str, completion: str | None = None, **fields) -> Query:
    return Query(n, "asked", "asked", "reasoning", prompt, completion, **fields)


def set_of(*items: Query) -> Query:
    return Query(0, "asked", "asked", "reasoning", "", where="asked.jsonl", items=items)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = write_model(tmp_path_factory.mktemp("model"))
    return load_model(ModelConfig(str(folder)), CPU), AutoTokenizer.from_pretrained(folder)


def completed(tiny, *queries: Query):
    model, tokenizer = tiny
    return complete_queries(queries, {"asked": 6}, model, tokenizer, CPU)


def test_a_set_is_the_mean_over_the_items_that_are_right(tiny):
    items = (
        asked(0, "1 + 1 =", " 2", reference="2"),
        asked(1, "1 + 2 =", " 2", reference="3"),
        asked(2, "the slope\n of  a line", " is over 3", reference="3"),
    )
    seen: list[int] = []
    model, tokenizer = tiny
    queries = [asked(0, "so", " 1"), set_of(*items)]
    (single, done), notes = complete_queries(
        queries, {"asked": 6}, model, tokenizer, CPU, seen.append
    )
    assert len(seen) == count_completions(queries) == 4
    assert notes == []
    assert (single.parts, single.weights) == ((single.tokens,), (1.0,))
    alone, _ = completed(tiny, items[0], items[2])
    assert done.parts == tuple(each.tokens for each in alone)
    assert done.weights == (0.5, 0.5)
    assert done.in_set == (True, False, True)
    assert [item.correct for item in done.query.items] == [True, False, True]
    assert done.query.query_id == 1
    assert done.query.prompt == "2 of 3 items of suite asked, answered correctly"
    assert done.query.completion == "1: 1 + 1 =\n3: the slope of a line"
    assert done.query.correct is True


def test_a_set_without_a_right_item_says_how_many_were_tried(tiny):
    items = [asked(n, "a line", " 2", reference="3", where=f"line {n + 1}") for n in range(3)]
    message = r'asked.jsonl: none of the 3 items .*line 1: the answer is not "3"'
    with pytest.raises(InputError, match=message) as caught:
        completed(tiny, set_of(*items))
    assert "\n" not in str(caught.value)


def test_a_set_of_generated_answers_has_the_empty_and_the_wrong_ones_beside_it(tiny, monkeypatch):
    tokenizer = tiny[1]
    answers = {"a": " 2", "b": "", "c": " 3"}
    monkeypatch.setattr(
        "attribution_engine.influence.completions.greedy",
        lambda ids, *_a, **_k: tokenizer(answers[tokenizer.decode(ids[-1:])])["input_ids"][1:],
    )
    items = [asked(n, prompt, reference="2", where=prompt) for n, prompt in enumerate(answers)]
    (done,), notes = completed(tiny, set_of(*items))
    assert [item.completion for item in done.query.items] == [" 2", "", " 3"]
    assert [item.correct for item in done.query.items] == [True, False, False]
    assert [text is None for text in done.item_texts] == [False, True, False]
    assert done.parts == (done.item_texts[0],)
    assert done.weights == (1.0,)
    assert notes == ["Left out, the model answers nothing: b."]


def test_items_of_code_are_right_by_their_tests(tiny):
    items = [
        asked(n, "so", code, tests="assert two == 2", verifier="code")
        for n, code in enumerate(["two = 2", "two = 3", "```python\ntwo = 1 + 1\n```"])
    ]
    (done,), notes = completed(tiny, set_of(*items))
    assert done.in_set == (True, False, True)
    assert len(notes) == 1
    assert notes[0].startswith("Code was run with: ")
    (single,), _ = completed(tiny, items[1])
    assert single.query.correct is False


def overlapping_slowly(text, lead: int, span: tuple[int, int]) -> list[bool]:
    """Character by character, for texts in which every token ends behind the one before it."""
    inside, start = [], 0
    for end in text.token_ends:
        inside.append(any(lead + span[0] <= at < lead + span[1] for at in range(start, end)))
        start = end
    return inside


@pytest.mark.parametrize("generated", [False, True])
@pytest.mark.parametrize("span", [(0, 1), (1, 4), (3, 12), (0, 17), (16, 17), (5, 6)])
def test_only_tokens_that_overlap_the_span_are_explained(tiny, monkeypatch, span, generated):
    prompt, completion = "the slope", " of a line is 1 2"
    whole = completed(tiny, asked(0, prompt, completion))[0][0].tokens
    if generated:
        answer = [*whole.ids[-sum(whole.has_loss) :]]
        monkeypatch.setattr(
            "attribution_engine.influence.completions.greedy", lambda *_a, **_k: answer
        )
        pattern = f"(?s)^.{{{span[0]}}}(.{{{span[1] - span[0]}}})"
        query = asked(0, prompt, span_pattern=pattern)
    else:
        query = asked(0, prompt, completion, span=span)
    done = completed(tiny, query)[0][0]
    assert done.query.span == span
    assert done.query.completion == completion
    assert done.tokens.ids == whole.ids
    assert done.tokens.token_ends == whole.token_ends
    assert list(done.tokens.has_loss) == overlapping_slowly(whole, len(prompt), span)


@pytest.mark.parametrize("generated", [False, True])
@pytest.mark.parametrize("part", ["a", "🙂", "é", "b"])
def test_all_bytes_of_a_character_are_in_its_span(tiny, monkeypatch, part, generated):
    tokenizer = tiny[1]
    completion = "a🙂🙃éb"  # 🙃 and é are not in the vocabulary as a whole
    whole = completed(tiny, asked(0, "so", completion))[0][0].tokens
    answer = list(whole.ids[-sum(whole.has_loss) :])
    monkeypatch.setattr("attribution_engine.influence.completions.greedy", lambda *_a, **_k: answer)
    given = None if generated else completion
    (done,), _ = completed(tiny, asked(0, "so", given, span_pattern=part))
    kept = [i for i, has in zip(done.tokens.ids[1:], done.tokens.has_loss, strict=True) if has]
    assert tokenizer.decode(kept) == part


def test_a_pattern_that_matches_nothing_leaves_the_query_out(tiny):
    queries = [
        asked(0, "so", " one two", span_pattern="three", where="line 1"),
        asked(1, "so", " one two", span_pattern="x*", where="line 2"),
        asked(2, "so", " one two", span_pattern="o(n)e|two", where="line 3"),
    ]
    kept, notes = completed(tiny, *queries)
    assert [each.query.span for each in kept] == [(2, 3)]
    assert kept[0].query.query_id == 0
    sentence = "Left out, span_pattern matches nothing in the completion: line"
    assert notes == [f"{sentence} 1.", f"{sentence} 2."]


def test_completed_queries_can_be_kept_in_a_file(tiny, tmp_path):
    items = (
        asked(0, "1 + 1 =", " 2", reference="2", keywords=("two",)),
        asked(1, "1 + 1 =", " 3", reference="2", span_pattern="none"),
    )
    done, _ = completed(tiny, set_of(*items), asked(1, "so", " one", span=(1, 2)))
    torch.save([as_plain(each) for each in done], tmp_path / "kept.pt")
    rows = torch.load(tmp_path / "kept.pt", weights_only=True)
    assert [from_plain(row) for row in rows] == done
