"""`flip` writes what a trainer reads, with a report; bad input is one line and leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from attribution_engine import flip as command
from attribution_engine.__main__ import main
from attribution_engine.flip_report import plain
from tests.store.small_store import build
from tests.synthetic_store import write_synthetic_store

SWAPS = ["--out", "easy:math", "--into", "hard:math", "--out", "hard:code", "--into", "easy:code"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "synthetic.duckdb"
    write_synthetic_store(path)
    return path


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def documents(store: Path) -> dict[int, tuple]:
    with duckdb.connect(str(store), read_only=True) as connection:
        rows = connection.execute(
            "SELECT doc_id, text, prompt_chars, domain, difficulty, n_tokens FROM documents"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_the_flip_of_the_paper(store: Path, tmp_path: Path, capsys) -> None:
    target = tmp_path / "sub" / "train.jsonl"
    assert main(["flip", str(store), "--output", str(target), *SWAPS]) == 0
    assert "written" in capsys.readouterr().out
    known, found = documents(store), lines(target)
    groups = [line["group"] for line in found]
    assert "easy:math" not in groups and "hard:code" not in groups
    for line in found:
        text, prompt_chars, domain, difficulty, _ = known[line["doc_id"]]
        assert line["prompt"] + line["response"] == text and len(line["prompt"]) == prompt_chars
        assert line["group"] == f"{difficulty or ''}:{domain}" and line["weight"] == 1.0
    record = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))
    tokens = sum(known[line["doc_id"]][4] for line in found)
    assert record["after"]["tokens"] == tokens and record["after"]["lines"] == len(found)
    assert record["before"]["documents"] == len(known)
    for swap in record["swaps"]:
        assert (
            abs(swap["tokens_in"] - swap["tokens_out"]) <= swap["missed"] * swap["tokens_out"] + 1
        )
    page = target.with_suffix(".md").read_text(encoding="utf-8")
    assert "What was swapped" in page and "hard:math" in page and "first order" in page
    assert not list(target.parent.glob(".*"))


def test_the_report_says_what_numpy_says(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "train.jsonl"
    assert main(["flip", str(store), "--output", str(target), "--suite", "gsm8k", *SWAPS]) == 0
    record = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))
    with duckdb.connect(str(store), read_only=True) as connection:
        rows = connection.execute(
            """SELECT doc_id, avg(influence), avg(influence / nats) FROM influence
            JOIN queries USING (query_id) WHERE suite = 'gsm8k' GROUP BY 1 ORDER BY 1"""
        ).fetchall()
    mean = np.array([row[1] for row in rows])
    copies = np.zeros(len(rows))
    for line in lines(target):
        copies[line["doc_id"]] += line["weight"]
    (suite,) = record["suites"]
    assert suite["influence_before"] == pytest.approx(mean.mean())
    assert suite["influence_after"] == pytest.approx((mean * copies).sum() / copies.sum())
    change = ((copies - 1) * mean).sum() / len(rows)
    assert suite["influence_predicted_change"] == pytest.approx(change)
    per_nat = ((copies - 1) * np.array([row[2] for row in rows])).sum() / len(rows)
    assert suite["per_nat_predicted_change"] == pytest.approx(per_nat)


def test_groups_are_chosen_by_the_means(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "train.jsonl"
    assert main(["flip", str(store), "--output", str(target), "--suite", "slopes",
                 "--mode", "reweight"]) == 0  # fmt: skip
    record = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["chosen_by"] == "means"
    with duckdb.connect(str(store), read_only=True) as connection:
        rows = connection.execute(
            """WITH sizes AS (SELECT query_id, stddev_pop(influence) AS size FROM influence
                GROUP BY 1)
            SELECT domain, arg_min(difficulty, mean), arg_max(difficulty, mean) FROM
            (SELECT domain, difficulty, avg(influence / size) AS mean FROM influence
                JOIN sizes USING (query_id) JOIN queries USING (query_id)
                JOIN documents USING (doc_id)
                WHERE suite = 'slopes' AND difficulty IS NOT NULL
                GROUP BY 1, 2 HAVING count(DISTINCT doc_id) >= 10) GROUP BY 1"""
        ).fetchall()
    wanted = {domain: ([f"{low}:{domain}"], [f"{high}:{domain}"]) for domain, low, high in rows}
    found = {swap["out"][0].split(":")[1]: (swap["out"], swap["into"]) for swap in record["swaps"]}
    assert found == wanted
    assert record["after"]["weighted_tokens"] == pytest.approx(record["before"]["tokens"], abs=0.1)
    for line in lines(target):
        assert line["copy"] == 1 and line["weight"] > 0


def test_the_same_seed_writes_the_same(store: Path, tmp_path: Path) -> None:
    texts = []
    for seed in ("3", "3", "4"):
        target = tmp_path / "train.jsonl"
        arguments = ["flip", str(store), "--output", str(target), "--seed", seed, "--force",
                     "--amount", "0.5", *SWAPS]  # fmt: skip
        assert main(arguments) == 0
        texts.append(target.read_bytes())
    assert texts[0] == texts[1] != texts[2]


BAD = {
    "no group": (["--out", "easy:maths", "--into", "hard:math"], "no group easy:maths"),
    "no colon": (["--out", "easy", "--into", "hard:math"], "no group easy"),
    "only out": (["--out", "easy:math"], "both --out and --into"),
    "both ways": (["--out", "easy:math", "--into", "easy:"], "cannot go out and come in"),
    "no suite": (["--suite", "nope"], "no suite nope"),
    "amount": (["--amount", "0"], "--amount"),
    "tokens": (["--tokens", "0"], "--tokens"),
    "tolerance": (["--tolerance", "2"], "--tolerance"),
    "seed": (["--seed", "-1"], "--seed"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(
    case: str, store: Path, tmp_path: Path, capsys
) -> None:
    arguments, words = BAD[case]
    assert main(["flip", str(store), "--output", str(tmp_path / "a.jsonl"), *arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and words in said and not list(tmp_path.iterdir())


def test_files_that_are_there_stay(store: Path, tmp_path: Path, capsys) -> None:
    for name in ("a.jsonl", "a.json", "a.md"):
        (tmp_path / name).write_text("mine")
        assert main(["flip", str(store), "--output", str(tmp_path / "a.jsonl"), *SWAPS]) == 2
        assert f"{name} is there already" in capsys.readouterr().err
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()
    assert main(["flip", str(store), "--output", str(tmp_path / "a.txt"), *SWAPS]) == 2
    assert main(["flip", str(tmp_path / "no.duckdb"), "--output", str(tmp_path / "a.jsonl")]) == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full")])
def test_an_interrupt_leaves_what_was_there(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error, capsys
) -> None:
    (tmp_path / "a.jsonl").write_text("before")

    def stop(*_: object) -> None:
        raise error

    monkeypatch.setattr(command, "markdown", stop)
    arguments = ["flip", str(store), "--output", str(tmp_path / "a.jsonl"), "--force", *SWAPS]
    assert main(arguments) == (130 if error is KeyboardInterrupt else 2)
    assert "nothing was written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
    assert (tmp_path / "a.jsonl").read_text() == "before"


@pytest.mark.parametrize("method", ["ek-fac", "bm25", "self-influence"])
def test_a_run_without_levels_says_so(method: str, tmp_path: Path, capsys) -> None:
    build(tmp_path / "small.duckdb", method)
    output = str(tmp_path / "a.jsonl")
    assert main(["flip", str(tmp_path / "small.duckdb"), "--output", output]) == 2
    said = capsys.readouterr().err
    assert ("`difficulty`" if method == "ek-fac" else "do not say what helps") in said


def test_plain_text_has_no_prompt(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "plain.duckdb"
    copy.write_bytes(store.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("UPDATE documents SET prompt_chars = 0")
    target = tmp_path / "train.jsonl"
    assert main(["flip", str(copy), "--output", str(target), *SWAPS]) == 0
    assert all("text" in line and "prompt" not in line for line in lines(target))


def test_names_stay_names_in_the_report() -> None:
    assert plain("a|b\n<b>*x*</b> [l](u) `c` #1") == (r"a\|b \<b\>\*x\*\</b\> \[l\](u) \`c\` \#1")
