"""Stores in which every place that holds words holds the hostile corpus.

`python -m tests.hostile_store FOLDER` writes them to look at.
"""

from __future__ import annotations

import dataclasses
import datetime
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from attribution_engine.finding_stages.all_findings import insert_findings
from attribution_engine.findings.faithfulness import FaithfulnessRow
from attribution_engine.store.derived_tables import insert_derived
from attribution_engine.store.faithfulness import write_faithfulness
from attribution_engine.store.schema import SCHEMA_VERSION, SIGN
from attribution_engine.store.writer import StoreWriter, building
from tests.hostile_corpus import HOSTILE, fields
from tests.made_once import made_once
from tests.store import tested_store
from tests.synthetic_store import rank_tables, tokenize
from tests.with_findings import FEW

RUN = "hostile__run"
TWIN = "$5 & $10 <img src=x onerror=alert(1)> :red[run] `=1+1` \u202e.."  # a file can be called so
METHOD = TWIN.replace(":red", "**bold** :red")  # nobody but the store knows it
LONG = "long query"
MOST_TOKENS = 32_000
IN_A_FIELD = 300  # characters
IN_A_QUERY = 20_000
TAIL = 3
TEXTS = list(HOSTILE.values())
FIELDS = fields(IN_A_FIELD)
N = len(TEXTS)
ENDS = [tokenize(text[:MOST_TOKENS], MOST_TOKENS) for text in TEXTS]


def field(at: int) -> str:
    """A hostile text, short enough for the name of something."""
    return FIELDS[at % N]


def _documents() -> Iterator[dict[str, Any]]:
    for doc_id, text in enumerate(TEXTS):
        ends = ENDS[doc_id]
        learnt = doc_id % 5 == 4 and len(text) > 20
        yield {
            "doc_id": doc_id,
            "text": text,
            "prompt_chars": ends[len(ends) // 2] if learnt else 0,
            "source": field(doc_id),
            "domain": field(doc_id + 1),
            "category": field(doc_id + 2),
            "difficulty": field(doc_id + 3),
            "n_tokens": len(ends),
            "gradient_norm": 1.0 + doc_id % 7,
            "token_ends": ends,
            "metadata": {
                field(doc_id): field(doc_id + 4),
                "__proto__": {"harmed": True, field(doc_id + 5): [field(doc_id + 6)]},
                "long": text[:100_000],
            },
        }


def _queries(long: str = "") -> Iterator[dict[str, Any]]:
    texts = fields(IN_A_QUERY)
    for query_id in range(N):
        prompt = long if long and not query_id else texts[query_id]
        completion = texts[(query_id + 1) % N]
        ends = tokenize((prompt + completion)[: 2 * IN_A_QUERY], 2 * IN_A_QUERY)
        nats = [0.5 if end > len(prompt) else 0.0 for end in ends]
        yield {
            "query_id": query_id,
            "suite": field(query_id // 8 * 8),
            "task": field(query_id),
            # The contract knows three kinds; a store from elsewhere may say anything.
            "kind": field(query_id) if query_id % 16 == 1 else "reasoning",
            "prompt": prompt,
            "completion": completion,
            "reference": field(query_id + 2),
            "correct": (True, False, None)[query_id % 3],
            "nats": max(0.5, sum(nats)),
            "n_tokens": max(1, sum(one > 0 for one in nats)),
            "token_ends": ends,
            "token_nats": nats,
            "keywords": [field(query_id + 3)],
        }


def _items() -> Iterator[dict[str, Any]]:
    """The last query is a set, one item a text."""
    for item, text in enumerate(fields(IN_A_QUERY)):
        yield {
            "query_id": N - 1, "item": item + 1, "prompt": text, "completion": field(item + 1),
            "reference": field(item + 2), "correct": item % 2 == 0, "nats": 1.0, "n_tokens": 2,
            "token_ends": [len(text), len(text) + len(field(item + 1))], "token_nats": [0.0, 1.0],
            "in_set": item % 2 == 0,
        }  # fmt: skip


def scores(seed: int) -> np.ndarray:
    """[queries, documents]; to the first query documents come in their order."""
    found = np.random.default_rng(seed).standard_t(2, (N, N)).astype(np.float32) / 100
    found[0] = np.linspace(0.09, -0.085, N)
    return found


def _token_rows(influence: np.ndarray) -> Iterator[dict[str, Any]]:
    """All documents for the first query; the tails and the document of its number for others."""
    n_tokens = [len(ends) for ends in ENDS]
    for query_id, of_query in enumerate(influence):
        order = np.argsort(-of_query)
        few = dict.fromkeys([*order[:TAIL], *order[-TAIL:], query_id])
        for doc_id in order if query_id == 0 else few:
            if query_id not in (0, doc_id) and n_tokens[doc_id] > 1_000:
                continue
            weights = np.where(np.arange(n_tokens[doc_id]) % 3 == 0, 2.0, -1.0)
            weights += (of_query[doc_id] - weights.sum()) / len(weights)
            for alignment in ("predicted", "update"):
                yield {"query_id": query_id, "doc_id": int(doc_id), "alignment": alignment,
                       "scores": weights.astype(np.float32)}  # fmt: skip


def _spans() -> Iterator[dict[str, Any]]:
    for doc_id, text in enumerate(TEXTS):
        edges = np.unique(np.linspace(0, min(len(text), 2_000), 5).astype(int)).tolist()
        for span_id, (start, end) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
            yield {"doc_id": doc_id, "span_id": span_id, "start": start, "end": end,
                   "kind": field(doc_id), "behaviour": field(doc_id + span_id),
                   "detector": field(doc_id + 2)}  # fmt: skip


def _fill(writer: StoreWriter, scratch: Path, seed: int, long: str, method: str) -> None:
    influence = scores(seed)
    spans = list(_spans())
    writer.insert("run", [{
        "run_id": field(0), "name": " ".join(FIELDS), "schema_version": SCHEMA_VERSION,
        "created_at": datetime.datetime(2024, 5, 1, 12), "engine_version": field(1),
        "model": f"model {field(2)}", "n_parameters": 1_200_000, "n_tracked_parameters": 400_000,
        "corpus": f"corpus {field(3)}", "method": method, "sign": SIGN, "damping": 0.1,
        "config": {field(at): field(at + 1) for at in range(N)}, "tail": TAIL,
        "token_alignment": "predicted, update", "device": f"device {field(4)}",
        "stage_seconds": {field(at): 1.5 for at in range(N)}, "notes": "\n".join(FIELDS),
        "n_documents": N, "n_queries": N, "n_tokens": 1_000, "factor_documents": 10,
        "tracked_layers": FIELDS, "truncated_documents": 1, "modules": field(5), "seed": 0,
        "accuracy": {field(at): {"n": 4, "right": 3, "accuracy": 0.75} for at in range(0, N, 5)},
        "training": {"optimiser": " ".join(FIELDS), "settings": {"learning_rate": 0.1}},
    }])  # fmt: skip
    documents = list(_documents())
    writer.insert("documents", documents)
    writer.insert("queries", _queries(long))
    writer.insert("query_items", _items())
    writer.insert_influence(influence, np.array([one["gradient_norm"] for one in documents]))
    writer.insert("token_influence", _token_rows(influence))
    writer.insert("spans", spans)
    writer.insert("span_influence", [
        {"query_id": query_id, "doc_id": one["doc_id"], "span_id": one["span_id"],
         "influence": 0.01, "cut_influence": 0.02, "alignment": "predicted"}
        for one in spans for query_id in {0, one["doc_id"]}
    ])  # fmt: skip
    writer.insert("token_class_influence", [
        {"query_id": query_id, "domain": field(at), "token_class": "code" if at % 2 else "other",
         "token": field(at) if at % 3 else None, "n": 3, "mean": 0.1, "share": 0.1}
        for query_id in (0, 1) for at in range(N)
    ])  # fmt: skip
    _fill_curves(writer, influence)
    insert_derived(writer, influence, scratch)
    insert_findings(writer, influence, FEW)


def _fill_curves(writer: StoreWriter, influence: np.ndarray) -> None:
    """The rank curves and fits, as of any store."""
    import pandas as pd

    ranked = pd.DataFrame(
        [(query, -np.sort(-values)) for query, values in enumerate(influence)],
        columns=["query_id", "influence"],
    ).explode("influence")
    curve, fit = rank_tables(ranked.astype({"influence": float}))
    for table, frame, names in (
        ("rank_curve", curve, "query_id side rank_low rank_high rank influence n"),
        ("rank_fit", fit, "query_id side k slope slope_low slope_high r_squared survival_exponent "
                          "ks_statistic ks_p n"),
    ):  # fmt: skip
        frame.columns = pd.Index(names.split())
        writer.insert(table, frame.to_dict("records"))


def _tests() -> list[FaithfulnessRow]:
    """Figures of all tests whose words are hostile wherever they are free."""
    suites = [field(at) for at in range(0, 16, 8)]
    found = tested_store.rows(range(4), suites)
    return [dataclasses.replace(row, how=field(at)) for at, row in enumerate(found)]


def _lab() -> dict[str, Any]:
    words = {field(at): field(at + 1) for at in range(N)}
    return {
        **words,
        **{key: " ".join(FIELDS) for key in tested_store.LAB},
        "settings": words,
        "parameters": 41_000,
        "baseline": {field(at): {"questions": 1, "nats": 1.0, "reproduced": 0.5}
                     for at in range(0, N, 9)},
        "methods": {"modules": " ".join(FIELDS), "damping": " ".join(FIELDS)},
        "not tested": dict.fromkeys(("removal", "lds", "planted"), " ".join(FIELDS)),
    }  # fmt: skip


def write_hostile_store(
    path: Path, seed: int = 0, long: str = "", tested: bool = True, method: str = "ek-fac"
) -> Path:
    """Writes a complete store.

    Args:
        seed: of the scores; the texts are always the same.
        long: the prompt of the first query, instead of the first text.
        tested: with tests against retraining, their words hostile too.
        method: that the scores are said to be of.
    """

    def make(made: Path) -> None:
        with building(made) as writer:
            _fill(writer, made.parent, seed, long, method)
        if tested:
            write_faithfulness(made, _tests(), _lab())

    return made_once(path, ("hostile", seed, long, tested, method), make)


def write_hostile_folder(folder: Path) -> Path:
    """A run, a second one of the same texts under a hostile name, one with a very long query."""
    write_hostile_store(folder / f"{RUN}.duckdb")
    write_hostile_store(folder / f"{TWIN}.duckdb", seed=1, tested=False, method=METHOD)
    write_hostile_store(folder / f"{LONG}.duckdb", long=HOSTILE["one long line"], tested=False)
    return folder


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    print(write_hostile_folder(Path(sys.argv[1])))
