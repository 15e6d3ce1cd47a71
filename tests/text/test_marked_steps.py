"""Steps around marked passages: they tile the text, and every mark is one of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from attribution_engine.records import Document, Mark
from attribution_engine.text.marked_steps import document_steps
from attribution_engine.text.spans import steps

TEXT = " First, 2 + 3 = 5. Let me check: 5 - 3 = 2.\nSo it is. The answer is 5."


def document(text: str, *marks: tuple[int, int]) -> Document:
    return Document(0, text, marks=tuple(Mark(*mark, "verifies") for mark in marks))


def test_without_marks_the_steps_are_those_of_the_form() -> None:
    assert document_steps(document(TEXT)) == steps(TEXT)
    assert document_steps(document("")) == []


def test_a_sentence_that_is_marked() -> None:
    start, end = TEXT.index("Let"), TEXT.index("\nSo")
    found = document_steps(document(TEXT, (start, end)))
    assert [(each.kind, each.behaviour, each.detector) for each in found] == [
        ("sentence", None, "rules"),
        ("passage", "verifies", "corpus"),
        ("sentence", None, "rules"),
        ("sentence", None, "rules"),
    ]
    assert TEXT[found[1].start : found[1].end] == "Let me check: 5 - 3 = 2.\n"


def test_a_mark_inside_of_a_sentence_cuts_it_in_two() -> None:
    start = TEXT.index("2 + 3")
    found = document_steps(document(TEXT, (start, start + 5)))
    texts = [TEXT[each.start : each.end] for each in found]
    assert texts[:3] == [" First, ", "2 + 3 ", "= 5. "]


def test_a_mark_over_several_steps_and_one_next_to_it() -> None:
    end, stop = TEXT.index(" So it") if " So it" in TEXT else TEXT.index("So it"), TEXT.index("The")
    found = document_steps(document(TEXT, (0, end), (end, stop)))
    assert [(each.start, each.end, each.kind) for each in found] == [
        (0, end, "passage"),
        (end, stop, "passage"),
        (stop, len(TEXT), "sentence"),
    ]


def test_white_space_goes_to_the_passage_before_unless_the_next_mark_holds_it() -> None:
    found = document_steps(document("1  1 2", (0, 1), (2, 4)))
    assert [(each.start, each.end) for each in found] == [(0, 2), (2, 5), (5, 6)]


@given(st.text(alphabet="ab. \n`#1=", max_size=60), st.data())
def test_steps_tile_whatever_is_marked(text: str, data: st.DataObject) -> None:
    points = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    marks = [(points[at], points[at + 1]) for at in range(0, len(points) - 1, 2)]
    marks = [(start, end) for start, end in marks if text[start:end].strip()]
    found = document_steps(document(text, *marks))
    assert "".join(text[each.start : each.end] for each in found) == text
    assert all(one.end == other.start for one, other in zip(found, found[1:]))
    passages = [each for each in found if each.detector == "corpus"]
    assert len(passages) == len(marks)
    for passage, (start, end) in zip(passages, marks):
        assert passage.start in (0, start)
        assert not text[passage.start : start].strip()
        assert passage.end >= end
        assert not text[end : passage.end].strip()
    if text.strip():
        assert all(text[each.start : each.end].strip() for each in found)
