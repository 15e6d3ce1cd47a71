"""Type that grows with the room: the page's by its styles, a chart's by its own sizes."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest
import streamlit as st

from pages.parts import links
from pages.parts.appearance import SCREEN, type_scale
from pages.parts.enlarged import enlarged, grown


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    kept: dict[str, Any] = {links.VIEW: dict(links.DEFAULTS)}
    monkeypatch.setattr(st, "session_state", kept)
    return kept


def figure() -> go.Figure:
    drawn = go.Figure(go.Scatter(x=[1, 2], y=[3, 4], marker={"size": [5, 6], "color": "#0072B2"}))
    drawn.update_layout(height=300, margin={"l": 10, "t": 20}, legend={"font": {"size": 10}})
    drawn.update_xaxes(tickfont={"size": 11})
    return drawn


def test_a_chart_grows_and_keeps_its_numbers() -> None:
    large = grown(figure(), 2)
    assert (
        large.layout.height == 600 and large.layout.margin.l == 20 and large.layout.margin.t == 40
    )
    assert large.layout.font.size == 24 and large.layout.legend.font.size == 20
    assert large.layout.xaxis.tickfont.size == 22
    assert large.data == figure().data
    assert grown(go.Figure(), 2).layout.height == 900


def test_how_much_it_grows(state: dict[str, Any]) -> None:
    assert type_scale() == 1 and enlarged(drawn := figure()) is drawn
    links.view()["size"] = "large"
    assert type_scale() == pytest.approx(1.27)
    links.view().update(size="", present="3")
    assert type_scale() == pytest.approx(1.27)
    state[SCREEN] = 3840
    assert type_scale() == pytest.approx(2.71, abs=0.01)
    assert enlarged(figure()).layout.height == pytest.approx(300 * 2.71, rel=0.01)
