"""The project's words as typed records: documents, queries, the configuration of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

KINDS = ("reasoning", "factual", "control")
VERIFIERS = ("exact", "numeric", "code")
ALIGNMENTS = ("predicted", "update")
LEVELS = ("document", "span", "token")
METHODS = (
    "ek-fac",
    "k-fac",
    "diagonal",
    "gradient-dot",
    "gradient-cosine",
    "tracin",
    "bm25",
    "self-influence",
)
Alignment = Literal["predicted", "update"]
Device = Literal["auto", "cpu", "cuda"]
SpanKind = Literal["sentence", "line", "code", "heading", "list item", "formula", "passage"]
Detector = Literal["rules", "corpus"]


class InputError(Exception):
    """Bad input. The message is one line: where (file, row), what is wrong, how to mend it.

    The command line prints it and exits with code 2; no traceback.
    """


class UnreadableRow(InputError):
    """Bad input of a single row; `corpus.unreadable = "skip"` leaves the row out."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `start` to `end` of a document, and the behaviour that the corpus sees there."""

    start: int
    end: int
    behaviour: str


@dataclass(frozen=True, slots=True)
class Document:
    """One training example.

    Attributes:
        doc_id: position in the corpus, from 0.
        text: unaltered text; for prompt + response documents both, joined; for a chat the messages
            as the chat template writes them, without the start token that `tokenise` puts.
        prompt_chars: characters of `text` that are prompt and carry no loss; 0 for plain text.
        source, domain, category, difficulty: labels read from the corpus, None where it has none.
        metadata: further fields the configuration asks to keep (JSON-able).
        where: file and row it was read from, for messages.
        loss_ranges: characters of `text` with loss, as (start, end), ascending and apart; the
            first starts at `prompt_chars`. Empty: everything from `prompt_chars` on has loss.
        marks: passages of `text` whose behaviour the corpus names, ascending and apart.
    """

    doc_id: int
    text: str
    prompt_chars: int = 0
    source: str | None = None
    domain: str | None = None
    category: str | None = None
    difficulty: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    where: str = ""
    loss_ranges: tuple[tuple[int, int], ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def flat_loss_ranges(self) -> list[int] | None:
        """As the store keeps them: start, end, start, end …; None when not used."""
        return [at for pair in self.loss_ranges for at in pair] or None


@dataclass(frozen=True, slots=True)
class Query:
    """A prompt and the completion whose log-probability is to be explained.

    Attributes:
        query_id: position over all suites of the run, from 0.
        suite: name of the query file it comes from.
        task: finer than the suite ("slope between two points"); the suite's name if not given.
        kind: "reasoning", "factual" or "control".
        prompt: text before the completion.
        completion: None until the model has generated it.
        reference: the right answer, None if unknown.
        correct: what the verifier says of the completion; None if it cannot tell.
        keywords: words that would give the answer away, for searches in documents.
        where: file and row it was read from, for messages.
        verifier: "exact", "numeric" or "code".
        tests: Python source that code must pass; `entry_point`: the function that it must define.
        timeout_seconds: for code and its tests.
        span: characters (start, end) of the completion that are explained; None = all of it.
        span_pattern: regular expression whose first match in the completion is the span.
        items: of a set query: f is the mean of log p over those answered correctly. Its prompt and
            completion are then a description (see `completions`), for the reader and no model.
    """

    query_id: int
    suite: str
    task: str
    kind: str
    prompt: str
    completion: str | None = None
    reference: str | None = None
    correct: bool | None = None
    keywords: tuple[str, ...] = ()
    where: str = ""
    verifier: str = "numeric"
    tests: str | None = None
    entry_point: str | None = None
    timeout_seconds: float = 10.0
    span: tuple[int, int] | None = None
    span_pattern: str | None = None
    items: tuple[Query, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A step of a document or trace: characters `start` to `end` of the unaltered text.

    Attributes:
        kind: "passage" for what the corpus marks, else the form of the step.
        behaviour: what the step does ("verifies"), None if nobody said.
        detector: who found the step: "rules" of form, or the "corpus".
    """

    start: int
    end: int
    kind: SpanKind
    behaviour: str | None = None
    detector: Detector = "rules"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """`[model]`: a folder or hub id that transformers loads, and the dtype of its weights.

    Attributes:
        path: the model; or an adapter's folder, which names its base model.
        tokenizer: where the tokenizer is, if not with the model.
        adapter: a LoRA adapter of peft, folder or hub id, to put into the model unmerged.
    """

    path: str
    dtype: str = "float32"
    tokenizer: str | None = None
    adapter: str | None = None


@dataclass(frozen=True, slots=True)
class CorpusConfig:
    """`[corpus]`: where the documents are and which field means what.

    Either `text`, or `prompt` and `response` (loss on the response only), or `messages` (a chat,
    loss on the assistant's turns only).

    Attributes:
        path: file or folder; the dataset's id or folder where `dataset` is given.
        dataset: id of a Hugging Face dataset, or a folder of one, which is streamed; `subset`,
            `split` and `revision` (a branch, tag or commit) choose the part of it.
        split: also of a folder that a whole `DatasetDict` was saved to.
        table: the table or view of a DuckDB file; None = its only one.
        template: "tokenizer": its chat template writes the messages (or prompt and response);
            "plain": messages become "User: …", "Assistant: …"; None = "tokenizer" for messages,
            and prompt + separator + response as they stand.
        spans: field of the passages whose behaviour the corpus names, see `marks.read_marks`.
        unreadable: whether an unreadable row stops the run or is skipped, counted and named.
        max_tokens: None = no document may be longer than the model's context.
        limit: rows to read; None = all.
    """

    path: Path
    text: str | None = None
    prompt: str | None = None
    response: str | None = None
    separator: str = ""
    source: str | None = None
    domain: str | None = None
    category: str | None = None
    difficulty: str | None = None
    metadata: tuple[str, ...] = ()
    max_tokens: int | None = None
    limit: int | None = None
    messages: str | None = None
    dataset: str | None = None
    subset: str | None = None
    split: str = "train"
    revision: str | None = None
    table: str | None = None
    template: Literal["tokenizer", "plain"] | None = None
    unreadable: Literal["stop", "skip"] = "stop"
    spans: str | None = None


@dataclass(frozen=True, slots=True)
class SuiteConfig:
    """`[[queries]]`: one query file.

    Attributes:
        completions: "given" or "generate" (greedy).
        as_set: `set = true`: all rows make one query.
        verifier: how completions are marked: "exact", "numeric" or "code".
        timeout_seconds: for the verifier "code", an item.
        span_pattern: for rows that have none of their own.
    """

    path: Path
    suite: str
    completions: Literal["given", "generate"] = "given"
    max_new_tokens: int = 128
    limit: int | None = None
    as_set: bool = False
    verifier: str = "numeric"
    timeout_seconds: float = 10.0
    span_pattern: str | None = None


@dataclass(frozen=True, slots=True)
class CheckpointConfig:
    """`[[influence.checkpoints]]`: one term of TracIn, weights and the learning rate there."""

    path: str
    learning_rate: float


@dataclass(frozen=True, slots=True)
class InfluenceConfig:
    """`[influence]`: how influence is computed.

    Attributes:
        method: one of `METHODS`.
        modules: "mlp", "attention", "linear", "lora" or a pattern (see `layers.select_layers`).
        factor_documents: documents the factors are fitted on, drawn with `seed`; None = all.
        factor_passes: 1 = covariances on one half of them, eigenvalues on the other; 2 = both on
            all of them.
        damping: λ of a layer = damping × mean(Λ of that layer).
        rank: rank of the query gradients by randomised SVD; None = exact.
        levels: "document" always; "span" adds sums over spans and token classes of every document
            to the same pass; "token" the token scores of the tails.
        tail: k; token scores for the k most helpful and k most harmful documents of each query.
        alignments: token alignments to compute for the tails.
        cut_documents: spans are also cut out of so many documents at either end of a ranking.
        checkpoints: for "tracin".
        batch_tokens: padded tokens a batch may hold; halved where a GPU's memory does not do.
        shard_tokens: tokens of the corpus after which scores are put on disk.
        memory_gb: what factors and directions may take on the device; None = what is free beside
            the model and a pass.
        seed: for sampled labels, the factor sample, and the randomised SVD.
    """

    method: str = "ek-fac"
    modules: str = "mlp"
    factor_documents: int | None = None
    factor_passes: int = 1
    damping: float = 0.1
    rank: int | None = None
    levels: tuple[str, ...] = LEVELS
    tail: int = 20
    alignments: tuple[Alignment, ...] = ALIGNMENTS  # type: ignore[assignment]
    cut_documents: int = 0
    checkpoints: tuple[CheckpointConfig, ...] = ()
    batch_tokens: int = 4096
    shard_tokens: int = 250_000
    memory_gb: float | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RunConfig:
    """A whole TOML file. `source` is the file, `raw` its parsed content (kept in the store).

    Attributes:
        words: file of word lists that token classes are read by; None = the shipped lists.
    """

    name: str
    model: ModelConfig
    corpus: CorpusConfig
    suites: tuple[SuiteConfig, ...]
    influence: InfluenceConfig
    store: Path
    work: Path
    source: Path
    raw: dict[str, Any]
    notes: str = ""
    words: Path | None = None
