"""The project's words as typed records: documents, queries, the configuration of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

KINDS = ("reasoning", "factual", "control")
ALIGNMENTS = ("predicted", "update")
Alignment = Literal["predicted", "update"]
Device = Literal["auto", "cpu", "cuda"]


class InputError(Exception):
    """Bad input. The message is one line: where (file, row), what is wrong, how to mend it.

    The command line prints it and exits with code 2; no traceback.
    """


@dataclass(frozen=True, slots=True)
class Document:
    """One training example.

    Attributes:
        doc_id: position in the corpus, from 0.
        text: unaltered text; for prompt + response documents both, joined.
        prompt_chars: characters of `text` that are prompt and carry no loss; 0 for plain text.
        source, domain, category, difficulty: labels read from the corpus, None where it has none.
        metadata: further fields the configuration asks to keep (JSON-able).
        where: file and row it was read from, for messages.
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
        correct: whether the completion ends in the reference; None without a reference.
        keywords: words that would give the answer away, for searches in documents.
        where: file and row it was read from, for messages.
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


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """`[model]`: a folder or hub id that transformers loads, and the dtype of its weights."""

    path: str
    dtype: str = "float32"
    tokenizer: str | None = None


@dataclass(frozen=True, slots=True)
class CorpusConfig:
    """`[corpus]`: where the documents are and which field means what.

    Either `text`, or `prompt` and `response` (loss on the response only).
    `max_tokens` = None means: no document may be longer than the model's context.
    `limit` = None means: all rows.
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


@dataclass(frozen=True, slots=True)
class SuiteConfig:
    """`[[queries]]`: one query file; `completions` is "given" or "generate" (greedy)."""

    path: Path
    suite: str
    completions: Literal["given", "generate"] = "given"
    max_new_tokens: int = 128
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class InfluenceConfig:
    """`[influence]`: how influence is computed.

    Attributes:
        method: "ek-fac".
        modules: "mlp", the linear maps of every MLP block.
        factor_documents: documents the factors are fitted on, drawn with `seed`; None = all.
        damping: λ of a layer = damping × mean(Λ of that layer).
        rank: rank of the query gradients by randomised SVD; None = exact.
        tail: k; token scores for the k most helpful and k most harmful documents of each query.
        alignments: token alignments to compute for the tails.
        batch_tokens: padded tokens a batch may hold.
        seed: for sampled labels, the factor sample, and the randomised SVD.
    """

    method: str = "ek-fac"
    modules: str = "mlp"
    factor_documents: int | None = None
    damping: float = 0.1
    rank: int | None = None
    tail: int = 20
    alignments: tuple[Alignment, ...] = ALIGNMENTS  # type: ignore[assignment]
    batch_tokens: int = 4096
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RunConfig:
    """A whole TOML file. `source` is the file, `raw` its parsed content (kept in the store)."""

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
