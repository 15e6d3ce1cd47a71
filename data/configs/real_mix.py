"""Writes the corpus, queries and model of `real_mix.toml` from a folder of public datasets.

    python data/configs/real_mix.py [FOLDER] [--minutes 20] [--device auto]

Everything is written to data/work/real_mix, which git ignores. No problem that a query asks
stands in the corpus, also not where two datasets share it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq

PROJECT = Path(__file__).resolve().parents[2]
WORK = PROJECT / "data" / "work" / "real_mix"
BUDGET = 1400  # characters; with the tokenizer trained below about 512 tokens
QUERIES = 12  # of each suite
ASKED_AT_MOST = 900  # characters of prompt and completion, so that both fit the model's context
SIZES = {"gsm8k": 2200, "math": 1600, "code": 1800, "trivia": 1500}
FILES = (
    "gsm8k_train.jsonl",
    "gsm8k_test.jsonl",
    "math.parquet",
    "aime_1983_2023.parquet",
    "mbpp.parquet",
    "r1_distill_cots.parquet",
    "algorithms_python.parquet",
    "trivia.parquet",
)

Row = dict[str, Any]


def read(folder: Path, name: str) -> list[Row]:
    """All rows of a dataset, in a shuffled order that is the same every time."""
    path = folder / name
    if path.suffix == ".parquet":
        rows = pq.read_table(path).to_pylist()
    else:
        rows = [json.loads(line) for line in path.open(encoding="utf-8", newline="\n")]
    Random(name).shuffle(rows)
    return rows


def key(problem: str) -> str:
    """A problem's letters and digits: the same problem is often set in two ways."""
    return re.sub(r"\W+", "", problem).lower()


def asked(question: str) -> str:
    """A question as the project's own suites ask it."""
    return f"Question: {question.strip()}\nAnswer:"


def cut(text: str, budget: int = BUDGET) -> str:
    """The beginning of a text up to the last end of a paragraph, line, sentence or word."""
    if len(text) <= budget:
        return text
    for end in ("\n\n", "\n", ". ", " "):
        place = text.rfind(end, 0, budget)
        if place > budget // 4:
            return text[: place + (1 if end == ". " else 0)].rstrip()
    return text[:budget]


def cut_end(text: str, budget: int = BUDGET) -> str:
    """The end of a text from the first paragraph, line or word that fits."""
    if len(text) <= budget:
        return text
    rest = text[-budget:]
    for end in ("\n\n", "\n", " "):
        place = rest.find(end)
        if 0 <= place < 3 * budget // 4:
            return rest[place + len(end) :]
    return rest


def gsm8k_steps(answer: str) -> str:
    """The worked answer without the calculator's marks."""
    return re.sub(r"<<[^>]*>>", "", answer)


def boxed(solution: str) -> str | None:
    """The inside of a solution's last box."""
    start = solution.rfind("\\boxed{")
    if start < 0:
        return None
    depth, inside = 1, start + len("\\boxed{")
    for place in range(inside, len(solution)):
        depth += {"{": 1, "}": -1}.get(solution[place], 0)
        if depth == 0:
            return solution[inside:place]
    return None


def fitting(rows: Iterable[Row]) -> list[Row]:
    """The first queries that are short enough."""
    short = [row for row in rows if len(row["prompt"] + row["completion"]) <= ASKED_AT_MOST]
    return short[:QUERIES]


def gsm8k_queries(folder: Path) -> Iterator[Row]:
    for row in read(folder, "gsm8k_test.jsonl"):
        steps = [step.replace(",", "") for step in re.findall(r"<<([^>]*)>>", row["answer"])]
        yield {
            "task": "word problem",
            "prompt": asked(row["question"]),
            "completion": " " + gsm8k_steps(row["answer"]),
            "reference": row["answer"].split("####")[-1].strip(),
            "keywords": steps,
        }


def math500_queries(folder: Path) -> Iterator[Row]:
    for row in read(folder, "math.parquet"):
        if row["in_math500"]:
            yield {
                "task": f"{row['type']}, {row['level']}",
                "prompt": asked(row["problem"]),
                "completion": " " + row["solution"],
                "reference": boxed(row["solution"]),
            }


def aime_queries(folder: Path) -> Iterator[Row]:
    for row in read(folder, "aime_1983_2023.parquet"):
        yield {
            "task": "competition problem",
            "prompt": asked(row["problem"]),
            "completion": f" {row['solution']} The answer is {row['answer']}.",
            "reference": row["answer"],
        }


def mbpp_queries(folder: Path) -> Iterator[Row]:
    for row in read(folder, "mbpp.parquet"):
        yield {
            "task": "programming",
            "prompt": asked(row["text"]),
            "completion": "\n" + row["code"].replace("\r\n", "\n"),
        }


def trivia_queries(folder: Path) -> Iterator[Row]:
    for row in read(folder, "trivia.parquet"):
        if row["question"] and row["answer"]:
            yield {
                "task": row["category"],
                "kind": "factual",
                "prompt": asked(row["question"]),
                "completion": f" {row['answer']}",
                "reference": row["answer"],
                "keywords": [row["answer"]],
            }


def all_queries(folder: Path) -> dict[str, list[Row]]:
    """Every suite but the project's own."""
    return {
        "gsm8k": fitting(gsm8k_queries(folder)),
        "math500": fitting(math500_queries(folder)),
        "aime": fitting(aime_queries(folder)),
        "mbpp": fitting(mbpp_queries(folder)),
        "trivia": fitting(trivia_queries(folder)),
    }


def document(text: str, source: str, domain: str, origin: str, **labels: Any) -> Row:
    empty = {"category": None, "difficulty": None}
    row = {"text": text, "source": source, "domain": domain, "origin": origin}
    return row | empty | labels


def gsm8k_documents(folder: Path, avoid: set[str]) -> Iterator[Row]:
    for row in read(folder, "gsm8k_train.jsonl"):
        if key(row["question"]) not in avoid:
            steps = row["answer"].count("<<")
            yield document(
                cut(f"{asked(row['question'])} {gsm8k_steps(row['answer'])}"),
                "gsm8k",
                "math",
                "gsm8k_train.jsonl",
                category="word problem",
                difficulty=f"{min(steps, 6)}{'+' if steps > 5 else ''} steps",
            )


def math_documents(folder: Path, avoid: set[str]) -> Iterator[Row]:
    for row in read(folder, "math.parquet"):
        if not row["in_math500"] and key(row["problem"]) not in avoid:
            yield document(
                cut(f"{asked(row['problem'])} {row['solution']}"),
                "math solutions",
                "math",
                "math.parquet",
                category=row["type"],
                difficulty=row["level"],
            )


def trace_documents(folder: Path, avoid: set[str]) -> Iterator[Row]:
    """Of each problem the beginning of one trace, and the end of another."""
    taken: dict[str, int] = {}
    for row in read(folder, "r1_distill_cots.parquet"):
        problem = key(row["problem"])
        turn = taken.get(problem, 0)
        trace = row["trace"][max(0, row["trace"].find("<think>")) :]
        question = asked(row["problem"]) + "\n"
        if problem in avoid or turn > 1 or len(question) > BUDGET // 2:
            continue
        taken[problem] = turn + 1
        part, room = (cut, cut_end)[turn], BUDGET - len(question)
        is_math = row["level"].startswith("Level")
        yield document(
            question + part(trace, room),
            "reasoning traces",
            "math" if is_math else "puzzles",
            f"r1_distill_cots.parquet, {('beginning', 'end')[turn]}",
            category=row["type"],
            difficulty=row["level"],
        )


def code_documents(folder: Path) -> Iterator[Row]:
    """The first two pieces of each file."""
    for row in read(folder, "algorithms_python.parquet"):
        rest = row["text"]
        for _ in range(2):
            piece = cut(rest)
            rest = rest[len(piece) :].lstrip("\n")
            if len(piece.strip()) >= 200:
                yield document(
                    piece, "algorithms", "code", row["path"], category=row["path"].split("/")[0]
                )


def trivia_documents(folder: Path, avoid: set[str]) -> Iterator[Row]:
    for row in read(folder, "trivia.parquet"):
        if row["question"] and row["answer"] and key(row["question"]) not in avoid:
            yield document(
                f"{asked(row['question'])} {row['answer']}",
                "trivia",
                "facts",
                "trivia.parquet",
                category=row["category"],
            )


def all_documents(folder: Path, queries: dict[str, list[Row]]) -> list[Row]:
    """The corpus, shuffled, without any problem that a query asks."""
    questions = [row["prompt"] for suite in queries.values() for row in suite]
    avoid = {key(text[len("Question: ") : -len("\nAnswer:")]) for text in questions}
    avoid |= {key(row["problem"]) for row in read(folder, "math.parquet") if row["in_math500"]}
    rows = [
        *list(gsm8k_documents(folder, avoid))[: SIZES["gsm8k"]],
        *list(math_documents(folder, avoid))[: SIZES["math"]],
        *trace_documents(folder, avoid),
        *list(code_documents(folder))[: SIZES["code"]],
        *list(trivia_documents(folder, avoid))[: SIZES["trivia"]],
    ]
    Random(0).shuffle(rows)
    return rows


def write(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    print(f"{path}: {len(rows)} rows")


def train_model(corpus: Path, out: Path, minutes: float, device: str) -> None:
    sys.path.insert(0, str(PROJECT))
    from attribution_engine.lab.training import TrainingSettings, train

    settings = TrainingSettings(vocabulary=4096, hidden=128, inner=384, minutes=minutes)
    report = train(corpus, out, settings=settings, device=device)
    print(f"{out}: {report['parameters']} parameters, held-out loss {report['loss_held_out']} nats")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    folder = PROJECT.parent / "shared" / "real"
    parser.add_argument("folder", type=Path, nargs="?", default=folder, help="the public datasets")
    parser.add_argument("--minutes", type=float, default=20.0, help="time to train the model in")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    chosen = parser.parse_args()
    missing = [name for name in FILES if not (chosen.folder / name).is_file()]
    if missing:
        print(
            f"error: {chosen.folder}: has no {missing[0]}; give the folder of the public datasets",
            file=sys.stderr,
        )
        return 2
    queries = all_queries(chosen.folder)
    for suite, rows in queries.items():
        write(WORK / "queries" / f"{suite}.jsonl", rows)
    corpus = WORK / "corpus.jsonl"
    write(corpus, all_documents(chosen.folder, queries))
    train_model(corpus, WORK / "model", chosen.minutes, chosen.device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
