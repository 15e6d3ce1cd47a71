"""The form of a published figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tag = Literal["reported", "second-hand", "read off a plot", "derived"]


@dataclass(frozen=True, slots=True)
class Published:
    """One figure of a paper.

    Attributes:
        paper: "Procedural" or "Infra"; quantity: what it is of, in words.
        figure: as printed, with its unit.
        tag: reported = by the paper or its authors; second-hand = by reviews or articles; read
            off a plot; derived = arithmetic on such.
        model: that it was measured on.
    """

    paper: str
    quantity: str
    figure: str
    tag: Tag
    model: str = ""
