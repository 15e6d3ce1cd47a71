"""What pairs of queries have in common, by the words that the store keeps it under."""

from __future__ import annotations

from typing import Final, Literal

Measure = Literal["pearson", "spearman"]
MEASURES: Final[tuple[Measure, ...]] = ("pearson", "spearman")
WITHIN_TASK: Final = "within task"
WITHIN_TASKS: Final = "within tasks"
ACROSS_TASKS: Final = "across tasks"
WITHIN_KIND: Final = "within kind"
ACROSS_KINDS: Final = "across kinds"
KIND_CONTROL: Final = "kind and control"
TASK_CONTROL: Final = "task and control"
OWN_CONTROL: Final = "task and its control"
OWN_CONTROLS: Final = "tasks and their controls"
WITHIN_CONTROLLED: Final = "within tasks that have a control"
BETWEEN_CONTROLS: Final = "between controls"
BETWEEN_TASKS: Final = "between tasks"
UNRELATED: Final = "different tasks or kinds"
OWN: Final = "own control"
ALL: Final = "all but controls"
