"""A small store of invented documents and scores: tests of the explorer need no model.

The texts are nonsense by design; some are hostile. Scores follow a heavy-tailed law, so that rank
curves look as in a real run. `python -m tests.synthetic_store FILE` writes one to look at.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from attribution_engine.findings.rank_curves import SIDES, rank_curve, rank_fit
from attribution_engine.store.schema import SCHEMA_VERSION, SIGN, create_statements
from attribution_engine.text.spans import steps
from tests.store.small_store import add_derived

TAIL = 5
MAX_TOKENS = 400
TOKEN = re.compile(r"\w+|\s|[^\w\s]")
COPIES = {31: 30, 46: 30, 61: 60}  # documents that are near-duplicates of others
BEHAVIOURS = ("verifies", "backtracks", "explores_before_answer", "explores_after_answer")
HOSTILE = {
    0: "<script>window.harmed = true</script><img src=x onerror='window.harmed = true'> <b>bold</b>"
    " <a href='javascript:window.harmed=true'>link</a> However, the tags stay text.",
    1: "It costs $5 and $10, *not* `code`, [a link](https://example.org) ![i](http://x.invalid/p)"
    " # heading | a | b | :material/home: :red[red]",
    2: "Control \x01\x07\x1b[31m characters\x7f, a tab\tand \u202ereversed\u202c"
    " text, null \x00 too.",
    3: "Emoji 🙂 family 👩‍👩‍👧 and astral 𝒳 = 𝟓 characters 🧮🧮. Therefore the offsets differ.",
    4: "x=" + "1+" * 900 + "1",
    5: "Wait, so 3 * 4 = 12.\n\n```python\ndef slope(p, q):\n    return (q[1] - p[1]) / (q[0] -"
    " p[0])\n```\n\n# Answer\n\n- Hence the slope is 12.\n" * 12,
}
SOURCES = ("textbook", "forum", "code", "encyclopedia")
DOMAINS = ("math", "code", "general")
CATEGORIES = ("algebra", "geometry", "facts", None)
DIFFICULTIES = ("easy", "medium", "hard", None)
WORDS = (
    "the slope of a line through two points is rise over run however we verify first wait then"
    " multiply 3 by 14 and subtract 7 therefore hence the answer is 35 capital of a country river"
    " = + * ( ) ; return value in total cost apples each day alternatively consider another way"
).split()
RUN = (
    "run_id name created_at schema_version engine_version model n_parameters n_tracked_parameters"
    " corpus method config sign damping rank token_alignment device stage_seconds notes n_documents"
    " n_queries n_tokens factor_documents tracked_layers tail truncated_documents seed"
).split()
SUITES = (
    ("slopes", "slope between two points", "reasoning"),
    ("gsm8k", "word problem", "reasoning"),
    ("facts", "capital", "factual"),
    ("controls", "slope given", "control"),
)


def tokenize(text: str, limit: int = MAX_TOKENS) -> list[int]:
    """Ends of words, characters and marks; an emoji takes three tokens as with byte pieces."""
    ends: list[int] = []
    for match in TOKEN.finditer(text):
        pieces = 3 if ord(match.group()[0]) > 0xFFFF else 1
        ends.extend([match.end()] * pieces)
    return ends[:limit]


def documents(count: int, random: np.random.Generator) -> pd.DataFrame:
    """Invented documents, the hostile ones first; every third is a prompt with a response."""
    rows: list[dict[str, Any]] = []
    for doc_id in range(count):
        n_words = int(random.integers(20, 160))
        text = HOSTILE.get(doc_id) or " ".join(random.choice(WORDS, n_words)).capitalize() + "."
        if doc_id in COPIES:
            text = f"Copied: {rows[COPIES[doc_id]]['text']}"
        prompt_chars = 0
        if doc_id % 3 == 2:
            prompt = f"Question {doc_id}: what is {doc_id} + 1?\n\n"
            prompt_chars, text = len(prompt), prompt + text
        ends = tokenize(text)
        metadata: dict[str, object] = {"row": doc_id, "note": "invented"}
        if doc_id % 3 != 2:
            metadata["correct"] = doc_id % 3 == 0
        rows.append(
            {
                "doc_id": doc_id,
                "text": text,
                "prompt_chars": prompt_chars,
                "source": SOURCES[doc_id % 4] if doc_id != 1 else "<i>$odd$ source</i>",
                "domain": DOMAINS[doc_id % 3],
                "category": CATEGORIES[doc_id % 4],
                "difficulty": DIFFICULTIES[(doc_id // 4) % 4],
                "n_tokens": len(ends),
                "gradient_norm": np.float32(random.lognormal(1.0, 0.5)),
                "token_ends": ends,
                "metadata": json.dumps(metadata),
            }
        )
    return pd.DataFrame(rows)


def queries(random: np.random.Generator) -> pd.DataFrame:
    """Three invented queries in each of four suites; right, wrong and without a reference."""
    rows = []
    for query_id in range(12):
        suite, task, kind = SUITES[query_id // 3]
        a, b = int(random.integers(2, 30)), int(random.integers(2, 30))
        prompt = f"What is the slope from (0, 0) to ({a}, {a * b})? Costs $5 and $10. Think."
        completion = f" First divide {a * b} by {a}. Therefore the slope is {b}."
        if query_id == 4:
            prompt = "Long problem. " * 120 + prompt
        text = prompt + completion
        ends = tokenize(text, 10_000)
        nats = np.where(
            np.array(ends) > len(prompt), random.exponential(0.4, len(ends)), 0.0
        ).astype(np.float32)
        rows.append(
            {
                "query_id": query_id,
                "suite": suite,
                "task": task,
                "kind": kind,
                "prompt": prompt,
                "completion": completion,
                "reference": None if query_id % 3 == 2 else str(b),
                "correct": (True, False, None)[query_id % 3],
                "nats": float(nats.sum()),
                "n_tokens": int((nats > 0).sum()),
                "token_ends": ends,
                "token_nats": nats.tolist(),
                "keywords": json.dumps([str(b)]),
            }
        )
    return pd.DataFrame(rows)


def influence(docs: pd.DataFrame, asked: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Scores with power-law tails on both sides; hostile documents lead the first query."""
    frames = []
    for query_id in asked["query_id"]:
        size = random.pareto(2.5, len(docs)) * 1e-3
        values = (size * random.choice([1.0, -0.8], len(docs))).astype(np.float32)
        if query_id == 0:
            values[list(HOSTILE)] = np.linspace(0.09, 0.05, len(HOSTILE), dtype=np.float32)
        frame = pd.DataFrame({"query_id": query_id, "doc_id": docs["doc_id"], "influence": values})
        frame["rank"] = frame["influence"].rank(ascending=False, method="first").astype(int)
        normed = frame["influence"] / docs["gradient_norm"]
        frame["rank_normed"] = normed.rank(ascending=False, method="first").astype(int)
        frames.append(frame.sort_values("rank"))
    return pd.concat(frames, ignore_index=True)


def token_influence(
    docs: pd.DataFrame, scores: pd.DataFrame, random: np.random.Generator
) -> pd.DataFrame:
    """Token scores of the tails; those of a prompt are zero, and all sum to the influence."""
    rows = []
    for one in scores.itertuples():
        if TAIL < one.rank <= len(docs) - TAIL:
            continue
        document = docs.iloc[one.doc_id]
        ends = np.array(document["token_ends"])
        for alignment in ("predicted", "update"):
            weights = 0.001 * random.standard_t(2, len(ends)) * (ends > document["prompt_chars"])
            weights += (one.influence - weights.sum()) * (weights != 0) / (weights != 0).sum()
            rows.append((one.query_id, one.doc_id, alignment, weights.tolist()))
    return pd.DataFrame(rows, columns=["query_id", "doc_id", "alignment", "scores"])


def spans(docs: pd.DataFrame) -> pd.DataFrame:
    """The steps of every document; in every other one, every third step has a behaviour."""
    rows: list[tuple[object, ...]] = []
    for document in docs.itertuples():
        for number, step in enumerate(steps(document.text)):
            shows = document.doc_id % 2 == 0 and number % 3 == 1
            behaviour = BEHAVIOURS[(document.doc_id // 2 + number) % 4] if shows else None
            rows.append((document.doc_id, number, step.start, step.end, step.kind, behaviour,
                         "corpus" if shows else "rules"))  # fmt: skip
    return pd.DataFrame(rows, columns=["doc_id", "span_id", "start", "end", "kind", "behaviour",
                                       "detector"])  # fmt: skip


def span_influence(docs: pd.DataFrame, tokens: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Sums over the spans of the token scores that there are, in the first alignment."""
    of_document = dict(iter(found.groupby("doc_id")))
    rows = []
    for one in tokens[tokens["alignment"] == "predicted"].itertuples():
        ends, scores = np.array(docs.iloc[one.doc_id]["token_ends"]), np.array(one.scores)
        for span in of_document[one.doc_id].itertuples():
            inside = (ends > span.start) & (ends <= span.end)
            if inside.any():
                rows.append((one.query_id, one.doc_id, span.span_id, scores[inside].sum(), None,
                             "predicted"))  # fmt: skip
    return pd.DataFrame(rows, columns=["query_id", "doc_id", "span_id", "influence",
                                       "cut_influence", "alignment"])  # fmt: skip


def rank_tables(scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Log-binned curves and fits of the top 50 for every query and side."""
    curve, fit = [], []
    for query_id, frame in scores.groupby("query_id"):
        values = frame["influence"].to_numpy()
        for side in SIDES:
            key = {"query_id": query_id, "side": side}
            curve += [key | asdict(each) for each in rank_curve(values, side)]
            fit.append(key | asdict(rank_fit(values, side, 50)))
    return pd.DataFrame(curve), pd.DataFrame(fit)


def write_synthetic_store(
    path: Path,
    n_documents: int = 300,
    seed: int = 7,
    method: str = "ek-fac",
    score_seed: int | None = None,
) -> Path:
    """Writes a complete store, returns its path; `score_seed` gives the same texts new scores."""
    random = np.random.default_rng(seed)
    docs, asked = documents(n_documents, random), queries(random)
    random = random if score_seed is None else np.random.default_rng(score_seed)
    scores = influence(docs, asked, random)
    curve, fit = rank_tables(scores)
    run = pd.DataFrame(
        [("synthetic", path.stem, pd.Timestamp("2024-05-01 12:00"), SCHEMA_VERSION, "0.0",
          "no model: invented scores", 1_200_000, 400_000, "invented documents", method,
          json.dumps({"name": "synthetic"}), SIGN, 0.1, None, "predicted, update", "cpu",
          json.dumps({"factors": 12.5, "queries": 3.25, "scores": 71.0}),
          "Invented for tests: no number here means anything.", n_documents, len(asked),
          int(docs["n_tokens"].sum()), 100, ["mlp.0.up", "mlp.0.down"], TAIL, 2, seed)],
        columns=RUN,
    )  # fmt: skip
    tokens, found = token_influence(docs, scores, random), spans(docs)
    tables = {
        "run": run,
        "documents": docs,
        "queries": asked,
        "influence": scores,
        "token_influence": tokens,
        "spans": found,
        "span_influence": span_influence(docs, tokens, found),
        "rank_curve": curve,
        "rank_fit": fit,
    }
    with duckdb.connect(str(path)) as connection:
        for statement in create_statements():
            connection.execute(statement)
        for name, frame in tables.items():
            connection.register("rows", frame)
            # A column that the invented tables lack stays NULL.
            by_name = "BY NAME" if isinstance(frame.columns[0], str) else ""
            connection.execute(f'INSERT INTO "{name}" {by_name} SELECT * FROM rows')
            connection.unregister("rows")
        add_derived(connection)
        connection.execute("CHECKPOINT")
    return path


if __name__ == "__main__":
    print(write_synthetic_store(Path(sys.argv[1])))
