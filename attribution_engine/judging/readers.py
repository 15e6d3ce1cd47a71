"""A judge in the place of the rules: behaviours of spans, and answers in documents."""

from __future__ import annotations

from collections.abc import Sequence

from attribution_engine.judging.kept import KeptJudge, Question
from attribution_engine.judging.questions import DEFINITIONS, answer_question, behaviour_question
from attribution_engine.records import Span


def read_behaviours(
    judge: KeptJudge,
    text: str,
    spans: Sequence[Span],
    prompt_chars: int = 0,
    doc_id: int | None = None,
) -> list[str | None]:
    """The behaviour of each span, by one prompt a behaviour.

    Of several that the judge affirms the first in the order of `DEFINITIONS` counts, which is
    that of the rules.

    Args:
        prompt_chars: characters of the text that are no part of the trace; their spans have none.
    """
    asked = [at for at, span in enumerate(spans) if span.end > prompt_chars]
    questions = [
        Question(
            behaviour,
            behaviour_question(
                behaviour,
                text[prompt_chars : spans[at].start],
                text[spans[at].start : spans[at].end],
            ),
            doc_id,
            spans[at].start,
            spans[at].end,
        )
        for at in asked
        for behaviour in DEFINITIONS
    ]
    verdicts = iter(judge.ask(questions))
    found: list[str | None] = [None] * len(spans)
    for at in asked:
        said = {behaviour: next(verdicts) for behaviour in DEFINITIONS}
        found[at] = next((behaviour for behaviour, yes in said.items() if yes), None)
    return found


def confirm_answers(
    judge: KeptJudge, hits: Sequence[tuple[str, str, str, int, int, int]]
) -> list[bool | None]:
    """Whether each hit is the answer that was looked for.

    Args:
        hits: prompt of the query, what was wanted, excerpt of the document, doc_id, and start and
            end of the hit in the document.
    """
    return judge.ask(
        [
            Question("answer", answer_question(prompt, wanted, excerpt), doc_id, start, end)
            for prompt, wanted, excerpt, doc_id, start, end in hits
        ]
    )
