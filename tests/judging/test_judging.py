"""A judge is asked once a question, replies are read strictly, and a cut-off attempt goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import duckdb
import pytest

from attribution_engine.judging import judges
from attribution_engine.judging.judges import AddressJudge, open_judge
from attribution_engine.judging.kept import KeptJudge, Question
from attribution_engine.judging.questions import (
    DEFINITIONS,
    answer_question,
    behaviour_question,
    verdict_of,
)
from attribution_engine.judging.readers import confirm_answers, read_behaviours
from attribution_engine.records import InputError, Span
from attribution_engine.store.judgements import keep_judgements, known_judgements
from attribution_engine.store.schema import create_statements
from attribution_engine.store.writer import StoreWriter


class Scripted:
    """Says yes where a prompt holds one of its words."""

    name = "scripted"

    def __init__(self, *words: str) -> None:
        self.words = words
        self.asked: list[str] = []

    def ask(self, prompts: Sequence[str]) -> list[str]:
        self.asked += prompts
        return ["Yes." if any(word in one for word in self.words) else "no" for one in prompts]


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("yes", True),
        (" **No**, because", False),
        ("YES!", True),
        ("<think>no, or yes?</think>\nyes", True),
        ("<think>yes, but I am cut", None),
        ("Nothing of the kind", None),
        ("yesterday", None),
        ("The answer is yes", None),
        ("", None),
    ],
)
def test_a_reply_is_read_by_how_it_begins(reply: str, verdict: bool | None) -> None:
    assert verdict_of(reply) is verdict


def test_every_behaviour_has_a_prompt_of_its_own_that_ends_with_what_to_reply() -> None:
    from attribution_engine.text.behaviours import BEHAVIOURS

    assert tuple(DEFINITIONS) == BEHAVIOURS
    prompts = {behaviour_question(one, "before", "passage") for one in BEHAVIOURS}
    assert len(prompts) == len(BEHAVIOURS)
    assert all(prompt.endswith("yes or no.") for prompt in prompts)


def test_a_prompt_holds_the_end_of_what_came_before_and_both_ends_of_a_span() -> None:
    prompt = behaviour_question("verifies", "FIRST" + "x" * 9_000 + "LAST", "HEAD" + "y" * 9_000
                                + "TAIL")  # fmt: skip
    assert "LAST" in prompt and "FIRST" not in prompt
    assert "HEAD" in prompt and "TAIL" in prompt and len(prompt) < 4_000
    assert len(answer_question("p" * 90_000, "3", "e" * 90_000)) < 6_000


def test_the_first_behaviour_that_is_affirmed_counts_and_prompts_are_not_judged() -> None:
    text = "Q: 1+1? So 2. Wait, check: 2."
    spans = [Span(0, 8, "line"), Span(8, 14, "line"), Span(14, len(text), "line")]
    judge = Scripted(DEFINITIONS["verifies"], DEFINITIONS["concludes"])
    found = read_behaviours(KeptJudge(judge), text, spans, prompt_chars=8)
    assert found == [None, "verifies", "verifies"]
    assert len(judge.asked) == 2 * len(DEFINITIONS)
    assert not any("Q: 1+1" in prompt for prompt in judge.asked)


def test_what_was_asked_is_not_asked_again(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        for statement in create_statements():
            connection.execute(statement)
        store = StoreWriter(connection, create=False)
        first = KeptJudge(Scripted("seven"), known_judgements(store))
        hits = [("what?", "7", "it is seven", 3, 6, 11), ("what?", "8", "it is 9", 4, 6, 7)]
        assert confirm_answers(first, hits) == [True, False]
        keep_judgements(store, first)
        assert first.new == []
        judge = Scripted()
        again = KeptJudge(judge, known_judgements(store))
        assert confirm_answers(again, hits) == [True, False]
        assert judge.asked == [] and again.new == []
        other = Scripted()
        other.name = "another"
        assert confirm_answers(KeptJudge(other, known_judgements(store)), hits) == [False, False]
        assert len(other.asked) == 2


def test_an_attempt_that_was_cut_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    class Failing(Scripted):
        def ask(self, prompts: Sequence[str]) -> list[str]:
            if len(self.asked) >= 64:
                raise KeyboardInterrupt
            return super().ask(prompts)

    questions = [Question("verifies", f"prompt {at}", at, 0, 1) for at in range(100)]
    file = tmp_path / "judged.jsonl"
    first = Failing("7")
    with pytest.raises(KeyboardInterrupt):
        KeptJudge(first, file=file).ask(questions)
    file.write_text(file.read_text() + '{"judge": "scri')  # killed while it wrote
    judge = Scripted("7")
    kept = KeptJudge(judge, file=file)
    assert kept.ask(questions) == ["7" in str(at) for at in range(100)]
    assert len(judge.asked) == 36
    assert len(kept.new) == 100
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 100
    file.write_text("no JSON\n" + file.read_text())
    with pytest.raises(InputError, match="line 1 is broken; remove"):
        KeptJudge(judge, file=file)


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """A server that answers each request with the next of its script: a status and a body."""
    script: list[tuple[int, str]] = list(request.param)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = script.pop(0) if len(script) > 1 else script[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *arguments: object) -> None:
            """Nothing is printed."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    request.addfinalizer(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}"


GOOD = (200, json.dumps({"choices": [{"message": {"content": "yes"}}]}))


@pytest.mark.parametrize("address", [[(503, "busy"), (429, "slow down"), GOOD]], indirect=True)
def test_a_busy_address_is_asked_again(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "FIRST_WAIT", 0.01)
    assert AddressJudge(f"{address}/v1", "m").ask(["?"]) == ["yes"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ([(401, "no such key")], "refused with 401 .no such key.*INFLUENCE_JUDGE_KEY"),
        ([(200, "<html>")], "did not answer as"),
        ([(200, '{"choices": []}')], "did not answer as"),
        ([(503, "busy")], "refused with 503"),
    ],
    indirect=["address"],
)
def test_an_address_that_is_no_judge_is_one_clear_line(
    address: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "FIRST_WAIT", 0.01)
    with pytest.raises(InputError, match=said):
        AddressJudge(address, "m").ask(["?"])


def test_a_judge_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(judges, "FIRST_WAIT", 0.01)
    with pytest.raises(InputError, match="is the judge running"):
        AddressJudge("http://127.0.0.1:9", "m").ask(["?"])
    with pytest.raises(InputError, match="--judge-model"):
        open_judge("http://127.0.0.1:9")
    with pytest.raises(InputError, match="no chat template"):
        open_judge("data/models/demo_sft")
    with pytest.raises(InputError):
        open_judge(str(tmp_path))
