"""The rows of a run's store, made from what the stages computed."""

from __future__ import annotations

import json
import platform
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

from attribution_engine import __version__
from attribution_engine.findings.rank_curves import SIDES, rank_curve, rank_fit
from attribution_engine.influence.query_gradients import completion_nats
from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.preparation import Prepared, factor_rows
from attribution_engine.records import Document, Query
from attribution_engine.store.schema import SCHEMA_VERSION, SIGN
from attribution_engine.store.writer import StoreWriter
from attribution_engine.workspace import Workspace

STORED_FIELDS = tuple(each.name for each in fields(Document) if each.name != "where")


def run_row(ready: Prepared, queries: list[Query], work: Workspace, notes: str) -> dict[str, Any]:
    config, options = ready.config, ready.config.influence
    return {
        "run_id": uuid.uuid4().hex[:12],
        "name": config.name,
        "created_at": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        "schema_version": SCHEMA_VERSION,
        "engine_version": __version__,
        "model": config.model.path,
        "n_parameters": sum(parameter.numel() for parameter in ready.model.parameters()),
        "n_tracked_parameters": sum(a * b for a, b in (layer.shape for layer in ready.layers)),
        "corpus": str(config.corpus.path),
        "method": options.method,
        "config": config.raw,
        "sign": SIGN,
        "damping": options.damping,
        "rank": options.rank,
        "token_alignment": ",".join(options.alignments),
        "device": f"{ready.device.type}: {_device_name(ready.device)}",
        "stage_seconds": work.seconds,
        "notes": (config.notes + notes).strip(),
        "n_documents": len(ready.documents),
        "n_queries": len(queries),
        "n_tokens": sum(text.n_tokens for text in ready.texts),
        "factor_documents": len(factor_rows(ready)),
        "tracked_layers": [layer.name for layer in ready.layers],
        "tail": options.tail,
        "truncated_documents": sum(text.cut for text in ready.texts),
    }


def document_rows(ready: Prepared, norms: np.ndarray) -> Iterator[dict[str, Any]]:
    for document, text, norm in zip(ready.documents, ready.texts, norms, strict=True):
        row = {name: getattr(document, name) for name in STORED_FIELDS}
        yield row | {
            "n_tokens": text.n_tokens,
            "gradient_norm": float(norm),
            "token_ends": text.token_ends,
        }


def query_rows(
    queries: list[Query], texts: list[TokenisedText], ready: Prepared
) -> Iterator[dict[str, Any]]:
    for query, text in zip(queries, texts, strict=True):
        nats, token_nats = completion_nats(ready.model, text, ready.device)
        row = asdict(query) | {
            "nats": nats,
            "n_tokens": sum(text.has_loss),
            "token_ends": text.token_ends,
            "token_nats": token_nats,
        }
        del row["where"]
        yield row | {"keywords": json.dumps(query.keywords, ensure_ascii=False)}


def insert_curves(store: StoreWriter, influence: np.ndarray, step: Callable[[int], None]) -> None:
    curves: list[dict[str, Any]] = []
    fits: list[dict[str, Any]] = []
    for query, scores in enumerate(influence.astype(np.float32)):
        for side in SIDES:
            key = {"query_id": query, "side": side}
            curves += [key | asdict(each) for each in rank_curve(scores, side)]
            fits.append(key | asdict(rank_fit(scores, side)))
        step(1)
    store.insert("rank_curve", curves)
    store.insert("rank_fit", fits)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} threads, {platform.machine()}"
