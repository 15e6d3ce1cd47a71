"""The fine-tuning traces: true, of matched length, crossed, on one side of the split, varied."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from transformers import PreTrainedTokenizerFast

from attribution_engine.corpora.code_sandbox import extract_code
from attribution_engine.corpora.configuration import load_config
from attribution_engine.corpora.documents import read_documents
from attribution_engine.corpora.suites import read_suites
from attribution_engine.lab.grammar.sft_code_families import FAMILIES
from attribution_engine.lab.grammar.sft_code_tasks import grade_code, task_key
from attribution_engine.lab.grammar.sft_composition import BEHAVIOURS
from attribution_engine.lab.grammar.sft_equations import Equation, equations_in
from attribution_engine.lab.grammar.sft_traces import Row, make_traces, write_traces
from attribution_engine.lab.problems import is_held_out
from attribution_engine.lab.sft_suites import ITEMS, sft_suites, write_sft_suites
from attribution_engine.lab.tokenizer import train_tokenizer

COUNT = 1200
PROJECT = Path(__file__).resolve().parents[2]
NUMBER = r"\(?-?\d+\)?"
TERM = rf"{NUMBER}(?: ?(?:\+|-|\*|//|/|%|\^) ?{NUMBER})*"
CHAIN = re.compile(rf"(?<![\w.])(?<![-+*/] )(?<!x \+ ){TERM}(?: = {TERM})+(?!\d|\.\d|x| [-+*/])")
FINAL = re.compile(r"The answer is (-?\d+)\.$")
QUOTED = re.compile(r"`([^`]+)`")
TEST = re.compile(r"It should pass: assert (\w+)\((.+)\) == (.+)\nAnswer:$")
MARKS = {
    "explores_after_answer": r"Alternatively|[Aa]nother|differently|also|shorter way",
    "explores_before_answer": r"One|could|Maybe|two ways|options|Perhaps",
    "verifies": r"verify|Check|To be sure|double-check|Is that right",
    "backtracks": r"go back|start over|Back to|begin anew|Once more|undo",
}


@pytest.fixture(scope="module")
def traces() -> list[Row]:
    return make_traces(COUNT)


@pytest.fixture(scope="module")
def tokens(traces: list[Row]) -> dict[int, int]:
    """Tokens of each response, of a tokenizer trained on them as the demo's is."""
    responses = [row["response"] for row in traces]
    tokenizer: PreTrainedTokenizerFast = train_tokenizer(responses, vocabulary=1200)
    lengths = [len(ids) for ids in tokenizer(responses, add_special_tokens=False)["input_ids"]]
    return dict(zip(map(id, traces), lengths, strict=True))


def value(expression: str) -> float:
    assert re.fullmatch(r"[-+*/%^() \d]+", expression)
    return eval(expression.replace("^", "**"), {"__builtins__": {}})


def run(code: str, *tests: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile("\n".join([code, *tests]), "<response>", "exec"), names)
    return names


def test_equations_hold(traces: list[Row]) -> None:
    checked = 0
    for row in traces:
        text = row["response"].split("```")[0] if row["domain"] == "code" else row["response"]
        for chain in CHAIN.findall(text):
            sides = [value(side) for side in chain.split(" = ")]
            assert max(sides) - min(sides) < 1e-9, f"{chain!r} in {text}"
            checked += 1
    assert checked > 3 * COUNT / 2


def test_math_ends_in_the_answer_of_its_last_step(traces: list[Row]) -> None:
    of_math = [row for row in traces if row["domain"] == "math"]
    for row in of_math:
        answer = FINAL.search(row["response"])
        assert answer, row["response"]
        assert re.search(rf"(result is|I get|gives|makes) {answer[1]}\.", row["response"])
        ask = re.search(r"\((\d+) ([+-]) (\d+)\) \* (\d+) Think", row["prompt"])
        if ask:
            inside = f"({ask[1]} {ask[2]} {ask[3]}) * {ask[4]}"
            assert value(inside) == int(answer[1])
        if ask := re.search(r"\((\d+), (\d+)\) and \((\d+), (\d+)\)\? Think", row["prompt"]):
            x1, y1, x2, y2 = map(int, ask.groups())
            assert (y2 - y1) == int(answer[1]) * (x2 - x1)
        if ask := re.search(r"x: (\d+)x \+ (\d+) = (\d+) Think", row["prompt"]):
            a, b, c = map(int, ask.groups())
            assert a * int(answer[1]) + b == c


def test_code_runs_and_passes_every_version_of_it(traces: list[Row]) -> None:
    versions = 0
    for row in (row for row in traces if row["domain"] == "code"):
        asked = TEST.search(row["prompt"])
        assert asked, row["prompt"]
        test = f"assert {asked[1]}({asked[2]}) == {asked[3]}"
        blocks = re.findall(r"```python\n(.*?)\n```", row["response"], re.DOTALL)
        assert extract_code(row["response"]).strip() == blocks[-1].strip()
        for block in blocks:
            run(block, test)
        versions += len(blocks)
        assert row["difficulty"] == grade_code(blocks[0])
        assert row["response"].endswith(f"The function is {asked[1]}.")
        if row["behaviour"] in ("explores_after_answer", "backtracks"):
            check_expressions(row, asked[2], ast.literal_eval(asked[3]))
    assert versions > COUNT / 2


def check_expressions(row: Row, argument: str, right: object) -> None:
    """Another way gives the test's value, a wrong start the wrong value that is said of it."""
    span = row["spans"][0]
    passage = row["response"][span["start"] : span["end"]]
    quoted = QUOTED.search(passage.replace("```", ""))
    if not quoted:
        return
    name = {"number": "n", "string": "text", "list": "numbers", "words": "words"}[row["category"]]
    found = eval(quoted[1], {name: ast.literal_eval(argument)})
    if row["behaviour"] == "explores_after_answer":
        assert found == right, passage
    else:
        assert found != right
        assert repr(found) in passage, passage


def test_spans_show_the_behaviour(traces: list[Row]) -> None:
    for row in traces:
        if row["behaviour"] == "none":
            assert row["spans"] == []
            for behaviour, marks in MARKS.items():
                if behaviour in ("backtracks", "verifies"):
                    assert not re.search(marks, row["response"]), row["response"]
            continue
        (span,) = row["spans"]
        passage = row["response"][span["start"] : span["end"]]
        assert span["behaviour"] == row["behaviour"]
        assert re.search(MARKS[row["behaviour"]], passage), passage
        assert passage == passage.strip()
        assert passage[-1] in ".`"
        before = row["response"][: span["start"]]
        assert before.endswith((" ", "\n")) and re.search(r"(^|[.`])\s$", before), before
        solved = (
            "```" in before if row["domain"] == "code" else bool(re.search(r" = -?\d+\.", before))
        )
        assert solved == (row["behaviour"] in ("explores_after_answer", "verifies"))


@pytest.mark.parametrize("unit", ["characters", "tokens"])
def test_lengths_agree_across_behaviours(
    traces: list[Row], tokens: dict[int, int], unit: str
) -> None:
    lengths: dict[tuple[str, ...], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in traces:
        length = len(row["response"]) if unit == "characters" else tokens[id(row)]
        for group in ((), (row["domain"],), (row["domain"], row["difficulty"])):
            lengths[group][row["behaviour"]].append(length)
    for group, of_behaviours in lengths.items():
        everything = np.concatenate([np.array(each) for each in of_behaviours.values()])
        allowed = 0.05 if len(group) == 2 else 0.03
        for behaviour, found in of_behaviours.items():
            assert abs(np.mean(found) / everything.mean() - 1) < allowed, (group, behaviour)
            quartiles = np.percentile(found, (25, 50, 75)) / np.percentile(everything, (25, 50, 75))
            assert np.abs(quartiles - 1).max() < 2 * allowed, (group, behaviour)
    for one, other in zip(BEHAVIOURS, BEHAVIOURS[1:]):
        assert stats.ks_2samp(lengths[()][one], lengths[()][other]).pvalue > 0.05


def test_lengths_are_as_planned(traces: list[Row], tokens: dict[int, int]) -> None:
    found = np.array([tokens[id(row)] for row in traces])
    assert 60 < np.percentile(found, 5) < np.percentile(found, 95) < 150
    assert found.max() <= 170


def test_behaviours_are_crossed_with_every_label(traces: list[Row]) -> None:
    assert len(traces) == COUNT
    of_all = Counter(row["behaviour"] for row in traces)
    assert max(of_all.values()) - min(of_all.values()) <= len(FAMILIES) // 4
    for label in ("domain", "category", "difficulty"):
        table = Counter((row[label], row["behaviour"]) for row in traces)
        for name in {row[label] for row in traces}:
            counts = [table[name, behaviour] for behaviour in BEHAVIOURS]
            assert max(counts) - min(counts) <= 12, (label, name, counts)
        cells = np.array(
            [[table[name, each] for each in BEHAVIOURS] for name in {r[label] for r in traces}]
        )
        assert stats.chi2_contingency(cells).pvalue > 0.9


def test_categories_have_several_difficulties(traces: list[Row]) -> None:
    found = defaultdict(set)
    for row in traces:
        found[row["domain"], row["category"]].add(row["difficulty"])
    assert len(found) == 9
    assert all(len(levels) > 1 for levels in found.values()), found
    assert {row["source"] for row in traces} == {"math_traces", "code_traces"}


def test_wording_varies(traces: list[Row]) -> None:
    assert len({row["prompt"] for row in traces}) > 0.97 * COUNT
    assert len({row["response"] for row in traces}) == COUNT
    words = [re.sub(r"\d", "0", row["response"]).split() for row in traces]
    grams = Counter(tuple(each[at : at + 4]) for each in words for at in range(len(each) - 3))
    assert len(grams) > 6_000
    openings = Counter(
        " ".join(row["response"][row["spans"][0]["start"] :].split()[:2])
        for row in traces
        if row["spans"]
    )
    shares = np.array(list(openings.values())) / openings.total()
    assert -(shares * np.log2(shares)).sum() > 4  # bits


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    assert write_traces(tmp_path / "a.jsonl", 40) == 40
    write_traces(tmp_path / "b.jsonl", 40)
    write_traces(tmp_path / "c.jsonl", 40, seed=1)
    first, again, other = ((tmp_path / f"{name}.jsonl").read_text() for name in "abc")
    assert first == again != other
    assert set(json.loads(first.splitlines()[0])) >= {"prompt", "response", "behaviour", "spans"}


def test_families_have_different_keys_and_all_difficulties() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES) > 40
    assert task_key(FAMILIES[0], "add_number", "3", "") == "code add add_number 3 "
    assert grade_code("def f(n):\n    return n") == "easy"
    assert grade_code("def f(n):\n    if n:\n        return 1\n    return 2") == "medium"
    two = "def f(n):\n    for i in n:\n        if i:\n            return 1\n    return 2"
    assert grade_code(two) == "hard"


@pytest.mark.parametrize(
    ("text", "backwards", "another", "missed"),
    [
        ("3 + 4 = 7", "7 - 4 = 3", "4 + 3 = 7", "3 - 4 = -1"),
        ("9 - 4 = 5", "5 + 4 = 9", "4 + 5 = 9, so it is 5", "9 + 4 = 13"),
        ("6 * 3 = 18", "18 / 3 = 6", "6 * 2 = 12 and 12 + 6 = 18", "6 + 3 = 9"),
        ("12 / 4 = 3", "3 * 4 = 12", "4 * 3 = 12, so it is 3", "12 - 4 = 8"),
        ("2 * 2 = 4", "4 / 2 = 2", "2 * 2 = 4", "2 - 2 = 0"),
    ],
)
def test_equations_are_turned(text: str, backwards: str, another: str, missed: str) -> None:
    (equation,) = equations_in(f"Then, {text}.")
    assert (equation.backwards(), equation.another_way()) == (backwards, another)
    assert str(equation.missed()) == missed
    assert equation == Equation(equation.left, equation.sign, equation.right, equation.value)


def test_only_whole_true_equations_are_found() -> None:
    assert equations_in("3 + 4 * 2 = 11. 7 / 2 = 3.5. 2x + 3 = 7. 5 - 1 = 3. 2^3 = 8.") == []


def test_suites_ask_only_what_the_traces_do_not_hold(traces: list[Row]) -> None:
    suites = sft_suites(0)
    asked = {row["prompt"] for rows in suites.values() for row in rows}
    assert [len(rows) for rows in suites.values()] == [ITEMS] * 3
    assert len(asked) == 3 * ITEMS
    assert not asked & {row["prompt"] for row in traces}
    for row in suites["sft_mbpp_style"]:
        run(row["reference"], *row["tests"])
        assert row["tests"][0] in row["prompt"]
        assert len(row["tests"]) == 3
    names = Counter(row["task"] for row in suites["sft_mbpp_style"])
    assert len(names) >= 8


def test_held_out_functions_are_fresh(traces: list[Row]) -> None:
    """A trace's function with its name and numbers is on the corpus's side of the split."""
    checked = 0
    for family in FAMILIES:
        pattern = re.escape(family.ask).replace(r"\{p\}", "(?P<p>.+?)", 1)
        pattern = pattern.replace(r"\{q\}", "(?P<q>.+?)", 1).replace(r"\{p\}", "(?P=p)")
        whole = re.compile(rf"function (\w+)\(\w+\) that {pattern}\. It should")
        for row in traces:
            found = whole.search(row["prompt"])
            if found and found[1].rsplit("_", 1)[0] in family.verbs.split():
                named = found.groupdict()
                key = task_key(family, found[1], named["p"], named.get("q") or "")
                assert not is_held_out(key), key
                checked += 1
    assert checked >= COUNT / 2


def test_the_configuration_names_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (PROJECT / "data/configs/demo_sft.toml").read_text()
    traces = tmp_path / "traces.jsonl"
    write_traces(traces, 30)
    for path in write_sft_suites(tmp_path):
        text = text.replace(f"data/queries/{path.name}", str(path))
    file = tmp_path / "demo_sft.toml"
    text = text.replace("data/work/demo_sft/traces.jsonl", str(traces))
    file.write_text(text.replace("data/models/demo_sft", str(tmp_path)))
    monkeypatch.chdir(PROJECT)
    config = load_config(file)
    assert [suite.as_set for suite in config.suites].count(True) == 3
    queries = read_suites(config.suites)
    assert [len(query.items) for query in queries[-3:]] == [ITEMS] * 3
    assert len(queries) == 3 * 12 + 3
    for document in read_documents(config.corpus):
        assert document.text[document.prompt_chars - 7 : document.prompt_chars + 1] == "Answer: "
        behaviours = [mark.behaviour for mark in document.marks]
        assert behaviours == [each for each in [document.metadata["behaviour"]] if each != "none"]
