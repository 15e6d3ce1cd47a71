"""Does a model give the same gradients however documents are put together? Table and verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import numpy as np
import torch
from torch import nn
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.documents import documents_or_errors
from attribution_engine.influence.gradient_probes import (
    Change,
    Probed,
    compared,
    looking_ahead,
    probe,
    with_other_padding,
)
from attribution_engine.influence.layers import select_layers
from attribution_engine.influence.memory import TokenBudget, room
from attribution_engine.influence.model import (
    context_length,
    load_model,
    load_tokenizer,
    resolve_device,
    vocabulary_size,
)
from attribution_engine.influence.tokens import TokenisedText, collate, tokenise_documents
from attribution_engine.influence.tracked import Tracked, track
from attribution_engine.progress import progress
from attribution_engine.records import Document, InputError, RunConfig

EXACT: Final = 1e-4  # of a gradient's norm: what composition may change
LIMITS: Final = {"float32": EXACT, "float64": EXACT, "tf32": 5e-3, "bfloat16": 2e-2}
POOL: Final = 40  # rows of the corpus to choose each document from
BACKENDS: Final = ("eager", "sdpa")
UNBOUNDED: Final = 1 << 30  # what `context_length` says of a model without a limit
LAYERS_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """A model and the texts that it is tried on.

    Attributes:
        wheres: file and row of each text.
        budget: tokens of a batch, two of the longest texts at the least.
    """

    tracked: Tracked
    texts: Sequence[TokenisedText]
    wheres: Sequence[str]
    budget: TokenBudget


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found.

    Attributes:
        warnings: whole sentences.
        layers, documents: names for the indices of the changes.
    """

    changes: list[Change]
    warnings: list[str]
    dtype: str
    layers: list[str]
    documents: Sequence[str]

    @property
    def broken(self) -> list[Change]:
        """Changes beyond what may be."""
        return [each for each in self.changes if each.beyond]


def diagnose(config: RunConfig, *, device: str = "auto", n_documents: int = 24) -> Diagnosis:
    """Compares gradients of some documents of the corpus, short ones and long ones.

    Raises:
        InputError: anything wrong with configuration, model or corpus; fewer than two documents.
    """
    chosen = resolve_device(device)
    tokenizer = load_tokenizer(config.model)
    model = load_model(config.model, chosen)
    texts, wheres = _some_texts(config, model, tokenizer, n_documents)
    subject = _subject(config, model, texts, wheres, chosen)
    layers = [layer.name for layer in subject.tracked.layers]
    alone = _probed(subject, _alone(texts))
    dtype = config.model.dtype
    rounds = dtype in ("tf32", "bfloat16")
    changes = _by_composition(subject, alone, LIMITS[dtype])
    changes += _by_attention(subject, alone, None if rounds else EXACT)
    warnings = [*_dropout(model), *_silent(layers, alone)]
    if rounds:
        del model, subject
        model = load_model(replace(config.model, dtype="float32"), chosen)
        subject = _subject(config, model, texts, wheres, chosen)
        exact = _probed(subject, _alone(texts))
        changes.append(compared(f"{dtype} for float32", exact, alone, None))
        # Backends round differently, as far apart as the dtype is from float32: there it shows.
        changes += _by_attention(subject, exact, EXACT, " (float32)")
    return Diagnosis(changes, warnings, dtype, layers, wheres)


def print_diagnosis(found: Diagnosis) -> None:
    """The table, the warnings, and one line that says what follows."""
    print("largest change of a document's gradient, relative to its norm")
    print(f"{'what was done otherwise':36}{'all layers':>12}{'worst layer':>13}  where")
    for each in found.changes:
        layer = found.layers[each.layer] if each.at_worst else ""
        where = f"{layer}, {found.documents[each.document]}" if each.at_worst else ""
        print(f"{each.what:36}{each.overall:12.1e}{each.at_worst:13.1e}  {where}".rstrip())
    for line in found.warnings:
        print(f"warning: {line}")
    limit = LIMITS[found.dtype]
    if limit > EXACT:
        print(
            f"{found.dtype}: rounding is expected; {limit:g} is allowed where float32 is "
            f"allowed {EXACT:g}, and backends are held to that in float32"
        )
    if not found.broken:
        most = max(each.at_worst for each in found.changes if each.limit is not None)
        backends = any(" attention for " in each.what for each in found.changes)
        what = "batches, padding, order" + (" or attention backend" if backends else "")
        print(
            f"verdict: scores do not depend on {what}: no gradient changes by more "
            f"than {most:.1e} of its norm ({limit:g} is allowed)"
        )
        return
    worst = max(found.broken, key=lambda each: each.at_worst)
    print(
        f"verdict: SCORES DEPEND ON {', '.join(each.what for each in found.broken)}: by up to "
        f"{worst.at_worst:.1e} of a gradient's norm at {found.layers[worst.layer]} "
        f"({worst.limit:g} is allowed); {_mend(found.broken)}"
    )


def _mend(broken: Sequence[Change]) -> str:
    names = {each.what for each in broken}
    if "the same once more" in names:
        return "the model does not even compute the same twice: look for dropout or other chance"
    if "other tokens later on" in names:
        return (
            "the model looks at later tokens, so it is no causal language model, and no influence "
            "on a next token's probability can be told"
        )
    if all(" attention for " in name for name in names):
        return "one of the two attention backends is wrong for this model"
    return "with influence.batch_tokens = 1 every document is computed alone"


def _by_composition(subject: Subject, alone: Probed, limit: float) -> list[Change]:
    """Everything that must make no difference but the attention backend."""
    tracked, texts = subject.tracked, subject.texts
    vocabulary = vocabulary_size(tracked.model)
    ways = {
        "the same once more": _alone(texts),
        "short and long in a batch": _mixed(texts),
        "the same in reversed order": [rows[::-1] for rows in _mixed(texts)[::-1]],
        "batches of eight by length": _in_groups(_by_length(texts), 8),
    }
    changes = []
    with progress("diagnosis", len(ways) + 2, "comparison") as step:
        for what, groups in ways.items():
            changes.append(compared(what, alone, _probed(subject, groups), limit))
            step(1)
        after = _probed(subject, _mixed(texts), other_padding=True)
        changes.append(compared("other tokens as padding", alone, after, limit))
        step(1)
        changes.append(looking_ahead(tracked, texts, _by_length(texts)[-1], vocabulary, limit))
        step(1)
    return changes


def _by_attention(
    subject: Subject, alone: Probed, limit: float | None, where: str = ""
) -> list[Change]:
    """The other attention backends that the model can be set to."""
    model: Any = subject.tracked.model
    own = getattr(model.config, "_attn_implementation", None)
    changes = []
    for backend in BACKENDS:
        if backend == own or own is None:
            continue
        try:
            model.set_attn_implementation(backend)
        except (ValueError, AttributeError, ImportError) as error:
            print(f"{backend} attention: not for this model ({str(error).splitlines()[0][:100]})")
            continue
        try:
            after = _probed(subject, _alone(subject.texts))
        finally:
            model.set_attn_implementation(own)
        changes.append(compared(f"{backend} attention for {own}{where}", alone, after, limit))
    return changes


def _probed(
    subject: Subject, groups: Sequence[Sequence[int]], *, other_padding: bool = False
) -> Probed:
    vocabulary = vocabulary_size(subject.tracked.model)

    def compute(tokens: int) -> Probed:
        batches = (
            collate(subject.texts, rows)
            for group in groups
            for rows in _that_fit(subject.texts, group, tokens)
        )
        if other_padding:
            batches = (with_other_padding(batch, vocabulary) for batch in batches)
        return probe(subject.tracked, batches, len(subject.texts))

    return subject.budget.run(compute, "diagnosis")


def _some_texts(
    config: RunConfig, model: nn.Module, tokenizer: PreTrainedTokenizerBase, n: int
) -> tuple[list[TokenisedText], list[str]]:
    """Documents spread evenly over the lengths of the corpus's first rows, and their places."""
    rows = islice(documents_or_errors(config.corpus, tokenizer), POOL * n)
    documents = [each for each in rows if isinstance(each, Document)]
    context = context_length(model)
    found = tokenise_documents(
        documents,
        tokenizer,
        max_tokens=config.corpus.max_tokens or (context if context < UNBOUNDED else None),
        context=context,
        vocabulary=vocabulary_size(model),
    )
    pool = [
        (text, document.where)
        for document, text in zip(documents, found, strict=True)
        if isinstance(text, TokenisedText)
    ]
    if len(pool) < 2 or n < 2:
        raise InputError(
            f"{config.corpus.path}: a diagnosis needs two documents, and has {min(n, len(pool))}; "
            "set --documents to 2 or more, or add rows"
        )
    pool.sort(key=lambda each: each[0].n_positions)
    chosen = np.unique(np.linspace(0, len(pool) - 1, min(n, len(pool))).round().astype(int))
    return [pool[at][0] for at in chosen], [pool[at][1] for at in chosen]


def _subject(
    config: RunConfig,
    model: nn.Module,
    texts: Sequence[TokenisedText],
    wheres: Sequence[str],
    device: torch.device,
) -> Subject:
    tracked = track(model, select_layers(model, config.influence.modules), device)
    longest = max(text.n_positions for text in texts)
    shared = room(model, tracked.layers, config.influence, longest, device)
    if shared.by_blocks:
        tracked = replace(tracked, most_at_once=shared.at_once)
    budget = TokenBudget(max(config.influence.batch_tokens, 2 * longest))
    return Subject(tracked, texts, wheres, budget)


def _dropout(model: nn.Module) -> list[str]:
    """A training configuration with dropout: influence is that of the model without."""
    lines = []
    config: Any = model.config
    named = {
        name: value
        for name, value in config.to_dict().items()
        if ("dropout" in name or name.endswith("pdrop")) and isinstance(value, float) and value > 0
    }
    most = max((m.p for m in model.modules() if isinstance(m, nn.Dropout)), default=0.0)
    if most and not named:  # an adapter's own
        named = {"lora_dropout or the like": most}
    if named:
        said = ", ".join(f"{name} = {value}" for name, value in named.items())
        lines.append(
            f"the model was configured with dropout for training ({said}); it is off here, as in "
            "every run, so gradients are those of the model without it"
        )
    if any(module.training for module in model.modules()):
        lines.append("a part of the model is in training mode; its dropout may be on")
    return lines


def _silent(layers: Sequence[str], alone: Probed) -> list[str]:
    """Tracked layers that no document moves."""
    silent = [name for name, squared in zip(layers, alone.squared) if not squared.any()]
    if not silent:
        return []
    more = f" and {len(silent) - LAYERS_NAMED} more" if len(silent) > LAYERS_NAMED else ""
    return [
        f"no gradient reaches {', '.join(silent[:LAYERS_NAMED])}{more} from these documents: "
        "influence through these layers is 0"
    ]


def _by_length(texts: Sequence[TokenisedText]) -> list[int]:
    return sorted(range(len(texts)), key=lambda row: texts[row].n_positions)


def _alone(texts: Sequence[TokenisedText]) -> list[list[int]]:
    return [[row] for row in range(len(texts))]


def _mixed(texts: Sequence[TokenisedText]) -> list[list[int]]:
    """Fours with the shortest beside the longest, so that there is much padding."""
    rows = _by_length(texts)
    half = len(rows) // 2
    pairs = [row for pair in zip(rows, reversed(rows)) for row in pair][: 2 * half]
    return _in_groups([*pairs, *rows[half : len(rows) - half]], 4)


def _in_groups(rows: Sequence[int], size: int) -> list[list[int]]:
    return [list(rows[start : start + size]) for start in range(0, len(rows), size)]


def _that_fit(texts: Sequence[TokenisedText], rows: Sequence[int], tokens: int) -> list[list[int]]:
    """A group in as few batches as the budget allows, one text each at the least."""
    longest = max(texts[row].n_positions for row in rows)
    return _in_groups(rows, max(1, tokens // longest))
