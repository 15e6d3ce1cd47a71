"""Who reads the behaviours of spans: the rules always, and a judge where one is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.judging.kept import KeptJudge
from attribution_engine.judging.readers import read_behaviours
from attribution_engine.records import Span
from attribution_engine.text import behaviours

# What a reader says of each span of a text, None = it does not read this text; arguments: text,
# spans, characters of the prompt.
Read = Callable[[str, Sequence[Span], int], Sequence[str | None] | None]
Reader = tuple[str, Read]


def readers_of(options: FindingOptions) -> list[Reader]:
    """Who reads the behaviours, besides the corpus's own marks."""
    readers: list[Reader] = [(behaviours.DETECTOR, behaviours.detect)]
    if options.judging is not None:
        readers.append((options.judging.name, judged(options.judging, options.judged_spans)))
    return readers


def judged(judge: KeptJudge, at_most: int) -> Read:
    """A judge as a reader of whole documents, until it has read so many spans.

    A document whose spans do not all fit any more is left unread, so that no span counts as one
    without a behaviour only because nobody was asked.
    """
    left = at_most

    def read(text: str, spans: Sequence[Span], prompt_chars: int) -> list[str | None] | None:
        nonlocal left
        asked = sum(span.end > prompt_chars for span in spans)
        if asked > left:
            return None
        left -= asked
        return read_behaviours(judge, text, spans, prompt_chars)

    return read
