"""What the components of a page were given to draw, in AppTest."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def components(app: AppTest, having: str = "") -> list[Any]:
    """The data of the components, in the order of the page; of those that have a field."""
    found = []
    for one in app.get("bidi_component"):
        proto = one.proto
        data = json.loads(proto.json) if proto.WhichOneof("data") == "json" else None
        if data is not None and (not having or (isinstance(data, dict) and having in data)):
            found.append(data)
    return found


def table_of(app: AppTest, name: str) -> dict[str, Any]:
    """The data of the table with this name."""
    found: list[dict[str, Any]] = [
        data for data in components(app, "columns") if data["name"] == name
    ]
    assert len(found) == 1, [data["name"] for data in components(app, "columns")]
    return found[0]
