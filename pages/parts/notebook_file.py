"""Where the notebook's file lies."""

from __future__ import annotations

import os
from pathlib import Path

from attribution_engine.notes import Notebook

FILE = Path(__file__).resolve().parents[2] / "data" / "notes.sqlite"


def notebook() -> Notebook:
    """The notebook of whoever runs this explorer; its file comes with the first note."""
    return Notebook(os.environ.get("INFLUENCE_NOTES") or FILE)
