"""Replies of a judge, each asked for once: those of the store, and those of a cut-off attempt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from attribution_engine.judging.judges import Judge
from attribution_engine.judging.questions import verdict_of
from attribution_engine.progress import progress
from attribution_engine.records import InputError

AT_A_TIME: Final = 32  # prompts between two writings


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and what it is about; `doc_id` None = a labelled trace, not of the corpus."""

    question: str
    prompt: str
    doc_id: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge replied; `verdict` None = neither yes nor no."""

    judge: str
    question: str
    prompt_hash: str
    doc_id: int | None
    start: int
    end: int
    reply: str
    verdict: bool | None


class KeptJudge:
    """A judge whose replies are kept.

    Attributes:
        name: of the judge.
        new: replies that the store does not have yet.
    """

    def __init__(
        self, judge: Judge, known: Iterable[Judgement] = (), file: Path | None = None
    ) -> None:
        self.name = judge.name
        self.new: list[Judgement] = []
        self._judge = judge
        self._file = file
        self._known = {(one.question, one.prompt_hash): one for one in known
                       if one.judge == judge.name}  # fmt: skip
        for one in _left(file):
            if one.judge == judge.name and (one.question, one.prompt_hash) not in self._known:
                self._remember(one)

    def ask(self, questions: Sequence[Question]) -> list[bool | None]:
        """A verdict a question; what was asked before is not asked again."""
        hashes = [hashlib.sha256(one.prompt.encode()).hexdigest()[:32] for one in questions]
        asked = {
            (one.question, of): one
            for one, of in zip(questions, hashes, strict=True)
            if (one.question, of) not in self._known
        }
        items = list(asked.items())
        groups = [items[at : at + AT_A_TIME] for at in range(0, len(items), AT_A_TIME)]
        if len(groups) < 2:  # too short for a bar
            for group in groups:
                self._ask(group)
        else:
            with progress(f"judge {self.name}", len(items), "question") as step:
                for group in groups:
                    self._ask(group)
                    step(len(group))
        return [
            self._known[one.question, of].verdict for one, of in zip(questions, hashes, strict=True)
        ]

    def _ask(self, group: Sequence[tuple[tuple[str, str], Question]]) -> None:
        """Asks, writes the replies down and remembers them."""
        replies = self._judge.ask([one.prompt for _, one in group])
        found = [
            Judgement(self.name, *key, one.doc_id, one.start, one.end, reply, verdict_of(reply))
            for (key, one), reply in zip(group, replies, strict=True)
        ]
        self._write(found)
        for each in found:
            self._remember(each)

    def _remember(self, one: Judgement) -> None:
        self._known[one.question, one.prompt_hash] = one
        self.new.append(one)

    def _write(self, found: Sequence[Judgement]) -> None:
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(asdict(one)) + "\n" for one in found)


def _left(file: Path | None) -> list[Judgement]:
    """What an attempt that was cut off has written; its last line may be half of one.

    Raises:
        InputError: another line than the last is broken.
    """
    if file is None or not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8").split("\n")
    found = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            found.append(Judgement(**json.loads(line)))
        except (ValueError, TypeError) as error:
            if number < len(lines):
                raise InputError(f"{file}: line {number} is broken; remove the file") from error
    if lines[-1]:  # half a line: what is appended begins on a new one
        file.write_text("".join(f"{line}\n" for line in lines[:-1] if line), encoding="utf-8")
    return found
