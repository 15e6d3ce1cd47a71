"""Addresses: every field comes back, old links keep their meaning, and nothing is asked in vain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
import streamlit as st

from pages.parts import links, view_fields
from pages.parts.view_bar import problems as problems_in_words
from pages.parts.view_fields import ABSENT, ALLOWED, DEFAULTS, FIELDS, LISTS, ONLY_IF_SET

# What has stood in somebody's notes or mail, as the explorer wrote it then, and what it must show
# for ever. Fields came in after the first ones: `tails` and `fold` with the ranking of both sides.
OF_THE_TIME: dict[str, Any] = {
    "side": "helpful", "score": "influence", "tails": "one", "fold": "", "source": [], "domain": [],
    "category": [], "difficulty": [], "behaviour": [], "correct": "", "answer": "", "low": "",
    "high": "", "group": "", "text": "", "place": "1", "alignment": "predicted", "level": "token",
    "scale": "document", "span": "", "blanks": "", "raw": "", "marks": ["connective", "code"],
    "unit": "per_nat", "kind": [], "mine": "", "mode": "runs", "other": "", "plot": "rank_log",
    "top": "10", "spread": "mean", "share": "", "suite": "", "task": "", "find": "", "outcome": "",
    "present": "", "size": "",
}  # fmt: skip
FIRST_RANKINGS = (
    "run=demo&query=3&side=harmful&score=normed&source=web&source=books&domain=&category=&"
    "difficulty=easy&text=slope&place=2"
)
OLD_LINKS: list[tuple[str, str, dict[str, Any]]] = [
    ("overview", "run=demo&query=0&side=helpful&suite=&task=&find=", {"run": "demo"}),
    ("rankings", "run=synthetic&query=3&side=harmful", {"query": "3", "side": "harmful"}),
    ("rankings", FIRST_RANKINGS, {
        "run": "demo", "query": "3", "side": "harmful", "score": "normed",
        "source": ["web", "books"], "difficulty": ["easy"], "text": "slope", "place": "2",
    }),
    ("rankings", "run=demo&query=6&side=helpful&suite=facts&task=&find=slope&score=influence&"
                 "source=&domain=&category=&difficulty=&text=&place=1&doc=17",
     {"query": "6", "suite": "facts", "find": "slope", "doc": "17"}),
    ("document", "run=demo&query=0&doc=5&side=helpful", {"doc": "5"}),
    ("document", "run=demo&query=0&side=helpful&suite=&task=&find=&score=influence&source=&domain=&"
                 "category=&difficulty=&text=&place=1&doc=3&alignment=update&marks=connective&"
                 "marks=number",
     {"doc": "3", "alignment": "update", "marks": ["connective", "number"]}),
    ("document", "run=demo&query=0&doc=3&marks=", {"doc": "3", "marks": []}),
    ("compare", "run=demo&query=4&side=helpful&suite=&task=&find=&other=dot&plot=score&top=50&"
                "doc=8",
     {"query": "4", "other": "dot", "plot": "score", "top": "50", "doc": "8"}),
    ("rank_curves", "run=demo&query=0&side=helpful&suite=&task=&find=&unit=influence&kind=factual&"
                    "mine=1",
     {"unit": "influence", "kind": ["factual"], "mine": "1"}),
    ("trust", "run=demo&query=0&side=helpful&suite=&task=&find=&spread=seeds&share=0.1",
     {"spread": "seeds", "share": "0.1"}),
    ("method", "run=demo&query=2&side=harmful", {"query": "2", "side": "harmful"}),
]  # fmt: skip


@pytest.fixture(autouse=True)
def view(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The view of a session of its own."""
    fields = dict(DEFAULTS)
    state: dict[str, Any] = {links.VIEW: fields}
    monkeypatch.setattr(st, "session_state", state)
    yield fields


@pytest.mark.parametrize(("page", "query_string", "shows"), OLD_LINKS)
def test_old_links_show_what_they_showed(
    page: str, query_string: str, shows: dict[str, Any], view: dict[str, Any]
) -> None:
    view.update(tails="both", fold="1", size="large", raw="1", level="word", group="4")
    links.take(page, parse_qs(query_string, keep_blank_values=True))
    fields = set(FIELDS[page]) | {"size", "present"}
    meant = {name: value for name, value in OF_THE_TIME.items() if name in fields}
    got = {name: view[name] for name in meant}
    assert got == meant | {name: value for name, value in shows.items() if name in meant}
    assert {name: view[name] for name in shows} == shows
    assert not links.problems()


@pytest.mark.parametrize(("page", "query_string", "shows"), OLD_LINKS)
def test_old_links_do_not_follow_the_defaults(
    page: str, query_string: str, shows: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
    view: dict[str, Any],
) -> None:  # fmt: skip
    other = {name: ["changed"] if name in LISTS else "changed" for name in DEFAULTS}
    monkeypatch.setattr(view_fields, "DEFAULTS", other)
    monkeypatch.setattr(links, "DEFAULTS", other)
    links.take(page, parse_qs(query_string, keep_blank_values=True))
    assert "changed" not in str([view[name] for name in FIELDS[page]])


def test_every_field_says_what_its_absence_means() -> None:
    assert set(ABSENT) == set(DEFAULTS)
    assert {name for page in FIELDS.values() for name in page} <= set(DEFAULTS)
    for name, values in ALLOWED.items():
        assert ABSENT[name] in values and DEFAULTS[name] in values


def other_value(name: str) -> Any:
    """A value that a link without the field does not mean."""
    if name in ALLOWED:
        return next(one for one in ALLOWED[name] if one and one != ABSENT[name])
    if name == "marks":
        return ["number", "code"]
    if name in LISTS:
        return ["a & b", "=1+1", "ü/?#"]
    return {"place": "7", "part": "3", "low": "-1.5", "high": "1e3", "group": "12",
            "span": "120-180"}.get(name, f"{name} ü&=?#+ %")  # fmt: skip


@pytest.mark.parametrize("page", FIELDS)
def test_every_field_of_every_page_comes_back(page: str, view: dict[str, Any]) -> None:
    sent = {name: other_value(name) for name in FIELDS[page]}
    href = links.href(page, **sent)
    written = parse_qs(href.partition("?")[2], keep_blank_values=True)
    assert set(written) == set(FIELDS[page])  # defaults too, so that a link says all of its view
    links.take(page, written)
    assert {name: view[name] for name in FIELDS[page]} == sent
    assert not links.problems()


@pytest.mark.parametrize("page", FIELDS)
def test_a_presentation_and_its_tags_are_written_only_while_it_lasts(
    page: str, view: dict[str, Any]
) -> None:
    assert not {"present", "size"} & set(links.address_of(page))
    view.update(present="3", size="large", tag=["a", "b"])
    address = links.address_of(page)
    assert address["present"] == ["3"] and address["size"] == ["large"]
    assert address["tag"] == ["a", "b"]
    view.update(present="", tag=[], size="")
    links.take(page, address)
    assert (view["present"], view["size"], view["tag"]) == ("3", "large", ["a", "b"])
    links.take(page, links.address_of(page, present="", size=""))
    assert (view["present"], view["size"]) == ("", "")
    assert "tag" not in links.address_of("rankings")


def test_the_tags_of_the_notebook_stay_while_other_pages_are_looked_at(
    view: dict[str, Any],
) -> None:
    links.take("notebook", {"tag": ["a"], "note": [""]})
    links.take("rankings", links.address_of("rankings"))
    assert view["tag"] == ["a"]


@pytest.mark.parametrize(
    ("page", "query_string", "problem", "instead"),
    [
        ("rankings", "score=best", ("score", "best"), {"score": "influence"}),
        ("rankings", "place=0", ("place", "0"), {"place": "1"}),
        ("rankings", "place=two", ("place", "two"), {"place": "1"}),
        ("rankings", "low=nan", ("low", "nan"), {"low": ""}),
        ("rankings", "high=<b>", ("high", "<b>"), {"high": ""}),
        ("rankings", "group=x", ("group", "x"), {"group": ""}),
        ("document", "span=9-3", ("span", "9-3"), {"span": ""}),
        ("document", "level=page", ("level", "page"), {"level": "token"}),
        ("document", "marks=code&marks=blink", ("marks", "blink"), {"marks": ["code"]}),
        ("compare", "mode=three", ("mode", "three"), {"mode": "runs"}),
        ("trust", "size=huge", ("size", "huge"), {"size": ""}),
        ("rankings", "colour=red", ("colour", ""), {}),
    ],
)
def test_what_no_view_has_is_said(
    page: str, query_string: str, problem: tuple[str, str], instead: dict[str, Any],
    view: dict[str, Any],
) -> None:  # fmt: skip
    links.take(page, parse_qs(f"run=demo&{query_string}", keep_blank_values=True))
    assert links.problems() == [problem]
    assert {name: view[name] for name in instead} == instead
    (words,) = problems_in_words()
    assert f"“{problem[1] or problem[0]}”" in words


def test_many_problems_are_counted(view: dict[str, Any]) -> None:
    links.take("overview", {f"unknown{n}": ["1"] for n in range(9)})
    words = problems_in_words()
    assert len(words) == 5 and words[-1] == "5 more fields cannot be read."


def test_only_if_set_are_fields_of_every_page() -> None:
    assert not set(ONLY_IF_SET) & {name for page in FIELDS.values() for name in page}


def test_who_goes_back_gets_what_the_address_says(
    view: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    view.update(run="demo", query="4")
    links.arrive("method")
    st.session_state[links.WRITTEN] = {"run": ["demo"], "query": ["2"]}
    monkeypatch.setattr(links, "went", lambda: True)
    for query in ("2", "3", "2"):  # the first one as if it had been written a moment ago
        asked = {"run": [f"demo{query}"], "query": [query]}
        monkeypatch.setattr(st, "query_params", _Asked(asked))
        links.put(query="9")  # what a widget that is not yet drawn anew seems to say
        st.session_state[links.ACTED] = True  # by a run that was stopped
        links.arrive("method")
        assert (links.view()["run"], links.view()["query"]) == (f"demo{query}", query)
    assert links.step("method")["number"] == 3


def test_a_run_that_is_stopped_writes_to_no_view_but_its_own(view: dict[str, Any]) -> None:
    links.put(query="7")
    view["query"] = "of the run that was stopped"
    assert links.view()["query"] == "7"
    drawn = links.view()
    links.arrive("method")
    drawn["query"] = "of the run that was stopped"
    assert links.view()["query"] == "7"


def test_a_value_is_given_again_while_the_one_before_may_be_on_its_way() -> None:
    st.session_state["pick"] = 3
    links.show("pick", 3)
    assert not st.session_state.get(links.GIVEN)
    links.show("pick", 4)
    st.session_state["pick"] = 3  # of a browser that has not yet drawn the 4
    links.show("pick", 3)
    assert st.session_state[links.GIVEN] == {"pick": 3}


class _Asked(dict[str, list[str]]):
    """The fields of an address."""

    def get_all(self, name: str) -> list[str]:
        return self[name]
