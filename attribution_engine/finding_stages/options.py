"""With what the findings are computed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from attribution_engine.judging.kept import KeptJudge


@dataclass(frozen=True, slots=True)
class FindingOptions:
    """Settings of the findings; kept in the store as `finding_setting`.

    Attributes:
        top: documents of an end that a query's answers and slopes are looked for in.
        resamples: draws of every bootstrap; seed: of all of them.
        blocks: random parts of the corpus that stand for its documents where these are resampled.
        scratch: folder for what does not fit into memory meanwhile; None = the system's.
        words: file of word lists that takes the place of the shipped one.
        judge: model folder, hub id or address of a judge that reads behaviours and answers;
            judge_model: the model's name at an address.
        judge_tokens: of a reply; models that think first need hundreds.
        judging: that judge, opened once for all findings.
        judged_spans, judged_answers: the most that it is asked about.
        judged_file: where its replies are kept until the store is complete; None = nowhere.
    """

    top: int = 500
    resamples: int = 1_000
    seed: int = 0
    blocks: int = 200
    scratch: Path | None = None
    words: Path | None = None
    judge: str = ""
    judge_model: str = ""
    judge_tokens: int = 16
    judged_file: Path | None = None
    judging: KeptJudge | None = None
    judged_spans: int = 2_000
    judged_answers: int = 500
