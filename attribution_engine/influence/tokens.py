"""From text to padded batches of token ids, with the character where each token ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.start_token import start_ids
from attribution_engine.records import Document, InputError, UnreadableRow


@dataclass(frozen=True, slots=True)
class TokenisedText:
    """A document or query as the model sees it.

    Attributes:
        ids: start token (where the tokenizer uses one) and text tokens.
        starts: 1 where a start token stands before the text, else 0.
        token_ends: character (code point) at which each text token ends; its length is n_tokens.
        has_loss: for each text token, whether its log-probability counts.
        cut: whether text was left out because of `max_tokens`.
    """

    ids: tuple[int, ...]
    starts: int
    token_ends: tuple[int, ...]
    has_loss: tuple[bool, ...]
    cut: bool = False

    @property
    def n_tokens(self) -> int:
        return len(self.token_ends)

    @property
    def n_positions(self) -> int:
        """Positions that predict something: all ids but the last."""
        return len(self.ids) - 1

    @property
    def target_loss(self) -> tuple[bool, ...]:
        """`has_loss` of the targets ids[1:]; without a start token the first token has none."""
        return self.has_loss if self.starts else self.has_loss[1:]


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded texts. All tensors are [texts, positions].

    Attributes:
        rows: index of each text in the sequence that was batched.
        inputs: token ids; targets: the id that each position predicts.
        attended: True at real positions, False at padding.
        has_loss: True where the target's log-probability counts.
    """

    rows: tuple[int, ...]
    inputs: torch.Tensor
    targets: torch.Tensor
    attended: torch.Tensor
    has_loss: torch.Tensor

    @property
    def full(self) -> bool:
        """Whether there is no padding."""
        return bool(self.attended.all())


def tokenise(
    text: str,
    tokenizer: PreTrainedTokenizerBase,
    *,
    loss_from: int,
    max_tokens: int | None,
    context: int,
    vocabulary: int,
    where: str,
    loss_ranges: Sequence[tuple[int, int]] = (),
    mend: str = "set corpus.max_tokens to cut long documents, or split them",
) -> TokenisedText:
    """Tokenises one text.

    A token belongs to the part with loss if it ends after character `loss_from`, so a token that
    straddles the border counts. Text tokens beyond `max_tokens` are left out.

    Args:
        loss_from: characters of prompt at the start that carry no loss.
        max_tokens: longest text in tokens, start token included; None = the text must fit.
        context: positions that the model has; vocabulary: tokens that it has embeddings for.
        where: file and row, for the error; mend: what to do about a text that is too long.
        loss_ranges: characters with loss as (start, end), in place of `loss_from`; a token counts
            if it overlaps one of them.

    Raises:
        InputError: longer than the context with no `max_tokens`, or the tokenizer is not the
            model's.
        UnreadableRow: no token has a loss.
    """
    encoding = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return tokenised(
        list(encoding["input_ids"]),
        encoding["offset_mapping"],
        start_ids(tokenizer),
        loss_from=loss_from,
        loss_ranges=loss_ranges,
        max_tokens=max_tokens,
        context=context,
        vocabulary=vocabulary,
        where=where,
        mend=mend,
    )


def tokenise_documents(
    documents: Sequence[Document],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_tokens: int | None,
    context: int,
    vocabulary: int,
) -> Iterator[TokenisedText | UnreadableRow]:
    """`tokenise` for many documents at once, which a fast tokenizer does in parallel.

    Yields:
        For each document its tokens, or why it has none to predict.

    Raises:
        InputError: as `tokenise` does for a text too long, or a tokenizer of another model.
    """
    if not documents:
        return
    encoding = tokenizer(
        [document.text for document in documents],
        add_special_tokens=False,
        return_offsets_mapping=True,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    start = start_ids(tokenizer)
    for document, ids, offsets in zip(
        documents, encoding["input_ids"], encoding["offset_mapping"], strict=True
    ):
        try:
            yield tokenised(
                list(ids),
                offsets,
                start,
                loss_from=document.prompt_chars,
                loss_ranges=document.loss_ranges,
                max_tokens=max_tokens,
                context=context,
                vocabulary=vocabulary,
                where=document.where,
            )
        except UnreadableRow as error:
            yield error


def tokenised(
    ids: list[int],
    offsets: Sequence[tuple[int, int]],
    start: list[int],
    *,
    loss_from: int,
    loss_ranges: Sequence[tuple[int, int]] = (),
    max_tokens: int | None,
    context: int,
    vocabulary: int,
    where: str,
    mend: str = "set corpus.max_tokens to cut long documents, or split them",
) -> TokenisedText:
    """`tokenise` of a text whose token ids and character offsets are known already.

    Args:
        ids: ids of the text's tokens; offsets: (first character, end) of each.
        start: the start token, if the tokenizer uses one.
    """
    check_ids(ids, vocabulary, where)
    longest = max_tokens if max_tokens is not None else context
    if max_tokens is None and len(start) + len(ids) > context:
        raise InputError(
            f"{where}: {len(start) + len(ids)} tokens, and the model's context holds {context}; "
            f"{mend}"
        )
    kept = ids[: longest - len(start)]
    # Some tokenizers give (0, 0) for bytes: such a token is where the token before it is.
    ends = tuple(accumulate([end for _, end in offsets[: len(kept)]], max))
    if loss_ranges:
        begins = accumulate([begin for begin, _ in offsets[: len(kept)]], max)
        has_loss = _overlapping(begins, ends, loss_ranges)
    else:
        has_loss = tuple([end > loss_from for end in ends])
    found = TokenisedText(
        ids=(*start, *kept),
        starts=len(start),
        token_ends=ends,
        has_loss=has_loss,
        cut=len(kept) < len(ids),
    )
    if not any(found.target_loss):
        if found.cut:
            raise UnreadableRow(
                f"{where}: the response begins after the first {longest} tokens; raise "
                "corpus.max_tokens or leave the row out"
            )
        raise UnreadableRow(f"{where}: no token to predict; leave the row out")
    return found


def _overlapping(
    begins: Iterable[int], ends: Iterable[int], ranges: Sequence[tuple[int, int]]
) -> tuple[bool, ...]:
    """For each token whether it shares a character with one of the ranges (ascending, apart)."""
    inside, at = [], 0
    for begin, end in zip(begins, ends, strict=True):
        while at < len(ranges) and ranges[at][1] <= begin:
            at += 1
        inside.append(at < len(ranges) and ranges[at][0] < end)
    return tuple(inside)


def check_ids(ids: Sequence[int], vocabulary: int, where: str) -> None:
    """A tokenizer of another model gives ids for which there is no embedding.

    Raises:
        InputError: such an id.
    """
    if ids and max(ids) >= vocabulary:
        raise InputError(
            f"{where}: the tokenizer gives id {max(ids)}, and the model knows {vocabulary} tokens; "
            "name the model's own tokenizer as model.tokenizer"
        )


def batches(
    texts: Sequence[TokenisedText], budget: int, rows: Sequence[int] | None = None
) -> Iterator[Batch]:
    """Texts in batches of similar length.

    Args:
        texts: all texts.
        budget: positions, padding included, that a batch may hold (one text may exceed it).
        rows: which texts; all by default.
    """
    chosen = range(len(texts)) if rows is None else rows
    group: list[int] = []
    lengths = getattr(texts, "lengths", None)  # a prepared corpus knows them without reading
    sized = (
        ((texts[row].n_positions, row) for row in chosen)
        if lengths is None
        else ((int(lengths[row]), row) for row in chosen)
    )
    for length, row in sorted(sized):
        if group and length * (len(group) + 1) > budget:  # sorted: this one is the longest
            yield collate(texts, group)
            group = []
        group.append(row)
    if group:
        yield collate(texts, group)


def collate(texts: Sequence[TokenisedText], rows: Sequence[int]) -> Batch:
    """One right-padded batch of the given rows."""
    width = max(texts[row].n_positions for row in rows)
    shape = (len(rows), width)
    inputs = torch.zeros(shape, dtype=torch.long)
    targets = torch.zeros(shape, dtype=torch.long)
    attended = torch.zeros(shape, dtype=torch.bool)
    has_loss = torch.zeros(shape, dtype=torch.bool)
    for at, row in enumerate(rows):
        text = texts[row]
        n = text.n_positions
        ids = torch.tensor(text.ids, dtype=torch.long)
        inputs[at, :n], targets[at, :n] = ids[:-1], ids[1:]
        attended[at, :n] = True
        has_loss[at, :n] = torch.tensor(text.target_loss)
    return Batch(tuple(rows), inputs, targets, attended, has_loss)
