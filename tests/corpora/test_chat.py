"""Chats as text, with loss on the assistant's turns only, whatever the chat template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.corpora.chat import plain_chat, read_messages, rendered_chat
from attribution_engine.corpora.documents import read_documents
from attribution_engine.influence.tokens import TokenisedText, tokenise
from attribution_engine.records import CorpusConfig, Document, InputError, UnreadableRow
from tests.corpora.chat_templates import (
    CHATML,
    CHATML_NO_PROMPT,
    DROPS_ANSWERS,
    DROPS_THOUGHTS,
    HEADERS,
    INST,
    LAST_MARKER,
    LAST_THOUGHT,
    byte_tokenizer,
)

TWO_TURNS = [
    {"role": "user", "content": "2+2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "and 🙂?"},
    {"role": "assistant", "content": "five é"},
]
# For each template what the model is to learn from TWO_TURNS.
LEARNED = {
    "chatml": (CHATML, ["4<|im_end|>", "five é<|im_end|>"]),
    "chatml without a prompt": (CHATML_NO_PROMPT, ["4<|im_end|>", "five é<|im_end|>"]),
    "inst": (INST, ["4</s>", "five é</s>"]),
    "headers": (HEADERS, ["4", "five é"]),
    "last marker": (LAST_MARKER, ["4", "five é</s>"]),
}


def corpus(path: Path, rows: list[dict[str, Any]], **fields: Any) -> CorpusConfig:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return CorpusConfig(path=path, **fields)


def one_document(path: Path, row: dict[str, Any], tokenizer: Any, **fields: Any) -> Document:
    (document,) = read_documents(corpus(path / "c.jsonl", [row], **fields), tokenizer)
    return document


def tokens_of(document: Document, tokenizer: Any) -> TokenisedText:
    return tokenise(
        document.text,
        tokenizer,
        loss_from=document.prompt_chars,
        loss_ranges=document.loss_ranges,
        max_tokens=None,
        context=10_000,
        vocabulary=10_000,
        where="",
    )


def learned(document: Document, tokenizer: Any) -> str:
    """The text of the tokens that have loss."""
    text = tokens_of(document, tokenizer)
    ids = [one for one, loss in zip(text.ids[text.starts :], text.has_loss) if loss]
    return str(tokenizer.decode(ids))


@pytest.mark.parametrize("style", LEARNED)
@pytest.mark.parametrize("starts", [True, False])
def test_loss_is_on_every_answer_and_nothing_else(tmp_path: Path, style: str, starts: bool) -> None:
    template, answers = LEARNED[style]
    tokenizer = byte_tokenizer(template, starts=starts)
    document = one_document(tmp_path, {"m": TWO_TURNS}, tokenizer, messages="m")
    assert [document.text[a:b] for a, b in document.loss_ranges] == answers
    assert document.prompt_chars == document.loss_ranges[0][0]
    assert learned(document, tokenizer) == "".join(answers)


@pytest.mark.parametrize("style", LEARNED)
def test_the_ids_are_those_of_the_template_and_the_start_token_stands_once(
    tmp_path: Path, style: str
) -> None:
    template, _ = LEARNED[style]
    tokenizer = byte_tokenizer(template)
    document = one_document(tmp_path, {"m": TWO_TURNS}, tokenizer, messages="m")
    rendered = tokenizer.apply_chat_template(TWO_TURNS, tokenize=False)
    expected = tokenizer(rendered, add_special_tokens=False)["input_ids"]
    if expected[0] != tokenizer.bos_token_id:
        expected = [tokenizer.bos_token_id, *expected]
    text = tokens_of(document, tokenizer)
    assert list(text.ids) == expected
    assert text.ids.count(tokenizer.bos_token_id) == 1


def test_a_start_token_that_only_the_template_writes_stays_in_the_text(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer(INST, starts=False)
    document = one_document(tmp_path, {"m": TWO_TURNS}, tokenizer, messages="m")
    assert document.text.startswith("<s>[INST] 2+2?")
    assert tokens_of(document, tokenizer).ids[0] == tokenizer.bos_token_id


def test_an_answer_at_the_beginning_is_found(tmp_path: Path) -> None:
    messages = [{"role": "assistant", "content": "Hello"}, *TWO_TURNS]
    for template in (CHATML, CHATML_NO_PROMPT, HEADERS):
        tokenizer = byte_tokenizer(template)
        document = one_document(tmp_path, {"m": messages}, tokenizer, messages="m")
        start, end = document.loss_ranges[0]
        assert document.text[start:end].startswith("Hello")
        assert len(document.loss_ranges) == 3


def test_share_gpt_is_read_as_the_same_chat(tmp_path: Path) -> None:
    names = {"user": "human", "assistant": "gpt"}
    turns = [{"from": names[m["role"]], "value": m["content"]} for m in TWO_TURNS]
    tokenizer = byte_tokenizer(CHATML)
    same = one_document(tmp_path, {"m": TWO_TURNS}, tokenizer, messages="m")
    filled = [{**turn, "role": None, "weight": None} for turn in turns]
    for row in ({"c": turns}, {"c": filled}, {"c": json.dumps(turns)}):
        document = one_document(tmp_path, row, tokenizer, messages="c")
        assert (document.text, document.loss_ranges) == (same.text, same.loss_ranges)


def test_parts_of_a_message_are_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    (message,) = read_messages("", [{"role": "assistant", "content": parts}])
    assert message == {"role": "assistant", "content": "ab"}


def test_prompt_and_response_by_the_template(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer(INST)
    fields = {"prompt": "q", "response": "a", "template": "tokenizer"}
    document = one_document(tmp_path, {"q": "2+2?", "a": "4"}, tokenizer, **fields)
    assert document.text == "[INST] 2+2? [/INST] 4</s>"
    assert learned(document, tokenizer) == "4</s>"


def test_plain_chats_need_no_template(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer(None)
    document = one_document(tmp_path, {"m": TWO_TURNS}, None, messages="m", template="plain")
    assert document.text == "User: 2+2?\n\nAssistant: 4\n\nUser: and 🙂?\n\nAssistant: five é"
    assert learned(document, tokenizer) == "4five é"


def test_without_a_template_the_line_names_both_mends(tmp_path: Path) -> None:
    config = corpus(tmp_path / "c.jsonl", [{"m": TWO_TURNS}], messages="m", unreadable="skip")
    for tokenizer in (None, byte_tokenizer(None)):
        with pytest.raises(InputError, match=r'no chat template.*model\.tokenizer.*"plain"'):
            list(read_documents(config, tokenizer))


THOUGHTFUL = [
    {"role": "user", "content": "a?"},
    {"role": "assistant", "content": "<think>hm</think>b"},
    {"role": "user", "content": "c?"},
    {"role": "assistant", "content": "<think>so</think>d"},
]


def test_a_template_that_drops_thoughts_has_loss_on_what_it_writes() -> None:
    tokenizer = byte_tokenizer(DROPS_THOUGHTS)
    text, ranges = rendered_chat("row 1", THOUGHTFUL, tokenizer)
    answers = ["b<|im_end|>", "<think>so</think>d<|im_end|>"]
    assert [text[a:b] for a, b in ranges] == answers
    text, ranges = rendered_chat("row 1", THOUGHTFUL[:2], tokenizer)
    assert [text[a:b] for a, b in ranges] == ["<think>hm</think>b<|im_end|>"]


@pytest.mark.parametrize("repeats", [1, 3])
def test_chats_whose_last_answer_alone_opens_a_thought_are_read(repeats: int) -> None:
    tokenizer = byte_tokenizer(LAST_THOUGHT)
    messages = [*TWO_TURNS * repeats, *THOUGHTFUL]
    text, ranges = rendered_chat("row 1", messages, tokenizer)
    assert text == tokenizer.apply_chat_template(messages, tokenize=False)
    earlier = ["4<|im_end|>", "five é<|im_end|>"] * repeats
    last = ["b<|im_end|>", "<think>\nso\n</think>\n\nd<|im_end|>"]
    assert [text[a:b] for a, b in ranges] == earlier + last
    text, ranges = rendered_chat("row 1", TWO_TURNS, tokenizer)
    assert [text[a:b] for a, b in ranges] == [
        "4<|im_end|>", "<think>\n\n</think>\n\nfive é<|im_end|>",
    ]  # fmt: skip


def test_an_answer_that_says_what_the_question_says_is_still_the_answer() -> None:
    messages = [
        {"role": ("user", "assistant")[at % 2], "content": text}
        for at, text in enumerate(["Quartz", "Quartz", "e", "Xylophone", "z", "z"])
    ]
    text, ranges = rendered_chat("", messages, byte_tokenizer(LAST_THOUGHT))
    assert [text[a:b].removesuffix("<|im_end|>") for a, b in ranges[:2]] == ["Quartz", "Xylophone"]
    assert [text[:a].count("<|im_start|>") for a, _ in ranges] == [2, 4, 6]


def test_a_template_that_leaves_out_answers_is_an_error_and_not_a_wrong_range() -> None:
    with pytest.raises(UnreadableRow, match=r"row 1: message 2 cannot be found"):
        rendered_chat("row 1", TWO_TURNS, byte_tokenizer(DROPS_ANSWERS))


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("hello", "must be a list of messages"),
        ([], "must be a list of messages"),
        (["hello"], "message 1: is not a message"),
        ([{"role": "user", "content": "a"}], "no assistant message"),
        ([{"role": "assistant", "content": " "}], "message 1: the answer is empty"),
        ([{"role": "assistant"}], 'message 1: needs "role" and "content"'),
        ([{"from": "gpt", "value": 3}], 'message 1: needs "from" and "value"'),
        ([{"role": "user", "content": "\ud800"}, TWO_TURNS[1]], "half a surrogate pair"),
        ([{"role": "assistant", "content": "a"}], "template refuses the messages .*alternate"),
        ([*TWO_TURNS, {"role": "wizard", "content": "a"}], "refuses the messages .*supported"),
    ],
)
def test_a_bad_chat_is_one_line(tmp_path: Path, value: Any, line: str) -> None:
    config = corpus(tmp_path / "c.jsonl", [{"m": value}], messages="m")
    with pytest.raises(UnreadableRow, match=line) as caught:
        list(read_documents(config, byte_tokenizer(INST)))
    message = str(caught.value)
    assert message.startswith(f"{config.path}: line 1")
    assert "\n" not in message


WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
    lambda text: text.strip() and not any(mark in text for mark in "<[")
)


@settings(deadline=None, max_examples=60)
@given(st.lists(WORDS, min_size=1, max_size=6), st.booleans())
def test_answers_of_any_text_are_found_in_every_style(texts: list[str], starts: bool) -> None:
    messages = [
        {"role": ("user", "assistant")[at % 2], "content": text}
        for at, text in enumerate([*texts, "end"] if len(texts) % 2 else texts)
    ]
    answers = [m["content"] for m in messages[1::2]]
    for template in (CHATML, INST, HEADERS, LAST_MARKER):
        text, ranges = rendered_chat("", messages, byte_tokenizer(template, starts=starts))
        assert len(ranges) == len(answers)
        for (start, end), answer in zip(ranges, answers):
            assert text[start:end].lstrip().startswith(answer.strip())
            assert len(text[start:end]) <= len(answer) + len("<|im_end|>") + 1
    text, ranges = plain_chat(messages)
    assert [text[a:b] for a, b in ranges] == answers
