"""Tables as files: what is written can be read back, and nothing in it runs."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pages.parts.captions import caption, file_name
from pages.parts.export import FORMULA, csv_bytes, flat, latex_bytes, parquet_bytes, safe_cell
from pages.parts.export_latex import escaped
from tests.hostile_corpus import HOSTILE

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
LONE = st.text(max_size=40)  # halves of characters too
RISKY = st.sampled_from(["=", "+", "-", "@", "\t", "\r", " =", "\u200b=", "'=", "＝", "\0=", "'"])
CONTROLS = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Inner:
    query_id: int
    prompt: str


@dataclass(frozen=True)
class Record:
    doc_id: int
    score: float | None
    text: str
    right: bool | None
    kinds: tuple[str, ...]
    inner: Inner
    bar: float = 0.0


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def shown(text: str) -> str:
    """A text as a CSV file can hold it, without the apostrophe of a cell that would run."""
    return CONTROLS.sub(
        lambda match: (
            chr(0x2400 + ord(match.group())) if match.group() < " "
            else "␡" if match.group() == "\x7f" else f"[U+{ord(match.group()):04X}]"
        ),
        text,
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(TEXTS, st.builds(str.__add__, RISKY, TEXTS)), min_size=1, max_size=5))
def test_csv_is_read_back_and_starts_no_formula(texts: list[str]) -> None:
    data = csv_bytes([{"n": number, "text": text} for number, text in enumerate(texts)])
    header, *rows = read(data)
    assert header == ["n", "text"] and len(rows) == len(texts)
    for text, (_, cell) in zip(texts, rows, strict=True):
        added = cell.startswith("'") and cell[1:] == shown(text)
        assert added or cell == shown(text)
        if cell and not added:
            assert not FORMULA.match(cell) and cell[0] not in "=+-@\t\r\n\0"


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_the_apostrophe_of_a_cell_can_be_told_from_one_of_the_text(one: str, other: str) -> None:
    if shown(one) != shown(other):
        assert safe_cell(one) != safe_cell(other)
    assert safe_cell(f"={one}") != safe_cell(f"'={one}")


def test_what_spreadsheets_run_is_inert_and_numbers_stay_numbers() -> None:
    for text in ("=1", " \t=1", "\ufeff=1", "\u00a0+1", "@SUM(1)", "＝1", "-2+3", "\rx", "\n=1"):
        assert str(safe_cell(text)).startswith("'"), text
    for text in ("a=1", "", "3 - 2", "'tis"):
        assert safe_cell(text) == text
    assert safe_cell(-0.5) == -0.5 and safe_cell(True) == "true" and safe_cell(None) is None
    assert safe_cell("\x1b[31mred") == "␛[31mred"  # no terminal turns red


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.none() | st.floats(allow_nan=False), st.none() | st.booleans()),
                min_size=1, max_size=5))  # fmt: skip
def test_parquet_holds_every_text_unaltered(
    rows: list[tuple[str, float | None, bool | None]],
) -> None:
    records = [
        Record(number, score, text, right, (text, "b"), Inner(number, text))
        for number, (text, score, right) in enumerate(rows)
    ]
    table = pq.read_table(io.BytesIO(parquet_bytes(records, "name", "cap", run="r=1", k=5)))
    assert table.column_names == [
        "run", "k", "doc_id", "score", "text", "right", "kinds", "inner.query_id", "inner.prompt",
    ]  # fmt: skip
    assert table.column("text").to_pylist() == [text for text, _, _ in rows]
    assert table.column("score").to_pylist() == [score for _, score, _ in rows]
    assert table.column("right").to_pylist() == [right for _, _, right in rows]
    assert table.column("kinds").to_pylist() == [[text, "b"] for text, _, _ in rows]
    assert pa.types.is_integer(table.schema.field("doc_id").type)
    assert pa.types.is_string(table.schema.field("inner.prompt").type)
    about = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert about | {"name": "name", "caption": "cap", "run": "r=1", "k": "5"} == about


@settings(max_examples=50, deadline=None)
@given(LONE)
def test_half_characters_stop_no_file(text: str) -> None:
    for make in (csv_bytes, parquet_bytes, latex_bytes):
        assert make([{"text": text, "mixed": [1, text], "many": {"a": text}}])


def unescaped(source: str) -> list[str]:
    """What of a LaTeX source is neither text nor a command that only prints."""
    allowed = (
        r"\\(?:textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar"
        r"|textquotedbl|textquotesingle|textasciigrave|newline|allowbreak)\{\}"
        r"|\\hspace\*\{(?:0\.5|2)em\}|\\[{}$&%#_]|\{[-\[\]*,?!]\}"
    )
    rest = re.sub(allowed, "", source)
    return re.findall(r"[\\{}$&%#_~^<>\"'`|\x00-\x09\x0b-\x1f\x7f]|--|\[|\]", rest)


@settings(max_examples=300, deadline=None)
@given(st.text("\\{}$&%#_~^<>|\"'`-[]*,?!\n\t ab\0\u202e🙂é", max_size=60))
def test_no_character_is_a_command_of_latex(text: str) -> None:
    assert not unescaped(escaped(text))


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "one long line"])
def test_hostile_texts_in_every_form(name: str) -> None:
    text = HOSTILE[name][:20_000]
    assert not unescaped(escaped(text))
    records = [{"text": text, text[:40] or "b": 1}]
    cell = read(csv_bytes(records))[1][0]
    assert cell in (shown(text), f"'{shown(text)}")
    read_back = pq.read_table(io.BytesIO(parquet_bytes(records)))
    assert read_back.column("text").to_pylist() == [text]


def test_the_checker_of_latex_finds_what_is_left() -> None:
    assert unescaped(r"\input{x}") and unescaped("5 % off") and unescaped("a_b")


def test_a_latex_table_has_all_columns_and_breaks_long_texts_into_rows() -> None:
    long = "word " * 900
    source = latex_bytes(
        [Record(1, -0.5, long, None, ("a",), Inner(2, "p"))], "n", "50 % of $"
    ).decode()
    body = source[source.index(r"\endfoot") :]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 4 and all(row.count(" & ") == 6 for row in rows)
    assert body.count("word") == 900 and "−0.5" in body
    assert r"\caption[{n}]{n. 50 \% of \$}" in source
    assert source.count(r"\begin{longtable}") == source.count(r"\end{longtable}") == 1


def test_records_without_rows_and_records_of_different_kinds() -> None:
    assert csv_bytes([]) == b"" and read(csv_bytes([], run="a")) == [["run"]]
    assert flat([{"a": 1}, {"b": 2}]).rows == ((1, None), (None, 2))
    assert latex_bytes([], "empty") and parquet_bytes([], "empty")


def test_captions_name_run_query_k_and_scale() -> None:
    words = caption("demo", 12, 1000, "nats, log axis", method="EK-FAC", citation="")
    assert words == "Run demo · query 12 · k = 1\u202f000 · scale: nats, log axis · method EK-FAC"
    assert caption("a\nb" * 200).startswith("Run a ba b") and len(caption("x" * 500)) < 100
    assert file_name("../../etc/passwd\0 <x>") == "etc-passwd-x" and file_name("…") == "export"
