"""Chats as text: written by the tokenizer's chat template, loss on the assistant's turns only."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.rows import first_line
from attribution_engine.corpora.start_token import start_ids
from attribution_engine.records import InputError, UnreadableRow

Message = dict[str, Any]
Ranges = tuple[tuple[int, int], ...]

ASSISTANT: Final = "assistant"
# ShareGPT's names of the speakers, beside those of the chat templates.
ROLES: Final = {
    "human": "user",
    "gpt": ASSISTANT,
    "bot": ASSISTANT,
    "chatgpt": ASSISTANT,
    "model": ASSISTANT,
    "observation": "tool",
    "function_response": "tool",
}
# Two answers that differ in their first and their last character: what a template writes for
# both alike stands before or behind an answer. No template treats either as something special.
PROBES: Final = ("Xylophone", "Quartz")


def read_messages(where: str, value: Any) -> list[Message]:
    """The messages of a row, as {role, content} with the roles of the chat templates.

    Args:
        where: file and row, for messages.
        value: a list of {role, content, …} or of ShareGPT's {from, value}, or the JSON text of
            one. Further keys (tool_calls, say) are left to the template.

    Raises:
        UnreadableRow: not such a list, an empty answer, or no message of the assistant.
    """
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if not isinstance(value, list) or not value:
        raise UnreadableRow(f"{where}: must be a list of messages; write {{role, content}} each")
    messages = [_message(f"{where}, message {at}", one) for at, one in enumerate(value, start=1)]
    if not any(message["role"] == ASSISTANT for message in messages):
        raise UnreadableRow(f"{where}: has no assistant message to learn from; remove the row")
    return messages


def check_template(tokenizer: PreTrainedTokenizerBase | None) -> None:
    """Whether the tokenizer can write chats.

    Raises:
        InputError: it has no chat template.
    """
    if tokenizer is None or not tokenizer.chat_template:
        name = getattr(tokenizer, "name_or_path", "") or "the tokenizer"
        raise InputError(
            f"{name}: has no chat template; name a tokenizer that has one as model.tokenizer, or "
            'set corpus.template = "plain"'
        )


def rendered_chat(
    where: str, messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase
) -> tuple[str, Ranges]:
    """The chat as the tokenizer's template writes it, and the characters that have loss.

    An answer's range starts where the template would have the model begin to write, and ends with
    the template's end-of-turn marker, which the model has to learn as well; blank space after
    the marker is out. A start token that `tokenise` will put before the text is left out of it.

    Args:
        where: file and row, for messages.
        messages: as `read_messages` gives them.

    Returns:
        text, and a range (start, end) for each message of the assistant, ascending.

    Raises:
        UnreadableRow: the template refuses the messages, or an answer cannot be found in what it
            writes.
    """
    whole = _render(where, messages, tokenizer)
    ranges: list[tuple[int, int]] = []
    for at, message in enumerate(messages):
        if message["role"] == ASSISTANT:
            begin, end = _answer(where, messages, at, whole, tokenizer)
            if begin < (ranges[-1][1] if ranges else 0):
                raise _lost(where, at, "overlaps the answer before it")
            if begin < end:  # a template may leave out an answer, a bare tool call say
                ranges.append((begin, end))
    if not ranges:
        raise UnreadableRow(f"{where}: the chat template writes no answer; remove the row")
    bos = str(tokenizer.bos_token or "")
    if bos and start_ids(tokenizer) and whole.startswith(bos) and ranges[0][0] >= len(bos):
        return whole[len(bos) :], tuple((a - len(bos), b - len(bos)) for a, b in ranges)
    return whole, tuple(ranges)


def plain_chat(messages: Sequence[Message]) -> tuple[str, Ranges]:
    """The chat for a model without a chat template: "User: …", blank line, "Assistant: …".

    Returns:
        text, and the range (start, end) of each answer's own characters.
    """
    text = ""
    ranges: list[tuple[int, int]] = []
    for message in messages:
        text += ("\n\n" if text else "") + message["role"].capitalize() + ": "
        if message["role"] == ASSISTANT and message["content"]:
            ranges.append((len(text), len(text) + len(message["content"])))
        text += message["content"]
    return text, tuple(ranges)


def _message(where: str, value: Any) -> Message:
    if not isinstance(value, dict):
        raise UnreadableRow(f"{where}: is not a message; write {{role, content}}")
    # Parquet fills the keys that only other messages have with nothing.
    given = {key: one for key, one in value.items() if one is not None}
    role_key, text_key = ("from", "value") if "from" in given else ("role", "content")
    role, text = given.pop(role_key, None), given.pop(text_key, None)
    if isinstance(text, list):  # the parts of a message to a model that also sees pictures
        parts = [part.get("text") for part in text if isinstance(part, dict)]
        texts = [part for part in parts if isinstance(part, str)]
        text = "".join(texts) if len(texts) == len(text) else text
    if text is None and given.get("tool_calls"):
        text = ""
    if not isinstance(role, str) or not isinstance(text, str):
        raise UnreadableRow(f'{where}: needs "{role_key}" and "{text_key}", both text')
    role = ROLES.get(role, role)
    if role == ASSISTANT and not text.strip() and not given.get("tool_calls"):
        raise UnreadableRow(f"{where}: the answer is empty; write its text or remove the row")
    return {**given, "role": role, "content": text}


def _render(
    where: str,
    messages: Sequence[Message],
    tokenizer: PreTrainedTokenizerBase,
    prompt_only: bool = False,
) -> str:
    try:
        return str(
            tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=prompt_only
            )
        )
    except Exception as error:  # whatever the template raises
        raise UnreadableRow(
            f"{where}: the chat template refuses the messages ({first_line(error)}); mend the row, "
            'or set corpus.template = "plain"'
        ) from None


def _answer(
    where: str,
    messages: Sequence[Message],
    at: int,
    whole: str,
    tokenizer: PreTrainedTokenizerBase,
) -> tuple[int, int]:
    """Where in `whole` the answer of message `at` stands, end-of-turn marker included."""
    last = at + 1 == len(messages)
    upto = whole if last else _render(where, messages[: at + 1], tokenizer)
    if not whole.startswith(upto):
        return _rewritten(where, messages, at, whole, tokenizer)
    begin = _begin(where, messages, at, upto, tokenizer)
    own_end = upto.endswith(messages[at]["content"])  # no marker: keep the answer's last blanks
    return begin, max(begin, len(upto if own_end else upto.rstrip()))


def _rewritten(
    where: str,
    messages: Sequence[Message],
    at: int,
    whole: str,
    tokenizer: PreTrainedTokenizerBase,
) -> tuple[int, int]:
    """The range of an answer that is written otherwise when messages follow.

    A template may open a thought before the last answer only, or end only the last one with a
    marker. So the answer is looked for in the whole chat: what stays as it is when the answer is
    another stands before or behind it.
    """
    before, behind = _around(where, messages, at, messages[at + 1 :], [whole], tokenizer)
    begin, end = len(before), len(whole) - len(behind)
    if at and _has_generation_prompt(tokenizer):
        prompt = _render(where, messages[:at], tokenizer, prompt_only=True)
        if whole.startswith(prompt):
            begin = len(prompt)
    left_out = not whole[begin:end].strip() and messages[at]["content"].strip()
    if begin > end or left_out:
        raise _lost(where, at, "it is written otherwise when messages follow")
    _, behind_last = _around(where, messages, at, [], [], tokenizer)
    marker = behind_last.rstrip()
    return begin, end + len(marker) if whole.startswith(marker, end) else end


def _around(
    where: str,
    messages: Sequence[Message],
    at: int,
    following: Sequence[Message],
    more: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
) -> tuple[str, str]:
    """What stands before and behind the answer `at` alike in `more` and whatever the answer is."""
    texts = [*more]
    for probe in PROBES:
        answer = {"role": ASSISTANT, "content": probe}
        texts.append(_render(where, [*messages[:at], answer, *following], tokenizer))
    before = os.path.commonprefix(texts)
    return before, os.path.commonprefix([text[::-1] for text in texts])[::-1]


def _begin(
    where: str,
    messages: Sequence[Message],
    at: int,
    upto: str,
    tokenizer: PreTrainedTokenizerBase,
) -> int:
    """Where the model begins to write message `at`."""
    if at and _has_generation_prompt(tokenizer):
        prompt = _render(where, messages[:at], tokenizer, prompt_only=True)
        if upto.startswith(prompt):
            return len(prompt)
    # No such prompt, or one that differs from how past answers are written (it opens a thought,
    # say): what the template writes alike whatever the answer is stands before the answer.
    return len(_around(where, messages, at, [], [upto], tokenizer)[0])


@lru_cache(maxsize=8)
def _has_generation_prompt(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the template can write the head of an answer that is yet to come."""
    question = [{"role": "user", "content": PROBES[0]}]
    try:
        without, with_prompt = (
            _render("", question, tokenizer, prompt_only=flag) for flag in (False, True)
        )
    except UnreadableRow:
        return False
    return without != with_prompt and with_prompt.startswith(without)


def _lost(where: str, at: int, why: str) -> UnreadableRow:
    return UnreadableRow(
        f"{where}: message {at + 1} cannot be found in what the chat template writes ({why}); use "
        'a template that writes every answer alike, or set corpus.template = "plain"'
    )
