"""Word lists: the shipped ones, a file that takes their place, and every mistake in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from attribution_engine.records import InputError
from attribution_engine.text.word_lists import SHIPPED, from_rows, load, shipped


def test_the_shipped_lists_hold_what_is_reported() -> None:
    words = shipped().words("connectives")
    reported = ("wait", "however", "verify", "hence", "first", "therefore", "alternatively")
    assert set(reported) <= set(words) and len(set(words)) == len(words)
    assert load(SHIPPED) == shipped()


def test_a_file_replaces_the_sections_that_it_has(tmp_path: Path) -> None:
    file = tmp_path / "words.toml"
    file.write_text('[connectives]\n"of mine" = ["Also  Note", "still"]\n', encoding="utf-8")
    found = load(file)
    assert found.words("connectives") == ("also note", "still")
    assert found.words("operators") == shipped().words("operators")
    file.write_text('[operators]\nsigns = ["=>"]\n', encoding="utf-8")
    found = load(file)
    assert found.words("operators", "signs") == ("=>",)
    assert found.words("operators", "joining") == shipped().words("operators", "joining")
    assert found.words("connectives") == shipped().words("connectives")


def test_a_store_keeps_and_gives_back_the_lists() -> None:
    rows = [(row["kind"], row["name"], list(row["words"])) for row in shipped().rows()]
    assert from_rows(rows) == shipped() and from_rows([]) == shipped()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[connectives", "is not TOML"),
        ('[words]\na = ["b"]', "[words] is no section"),
        ("[connectives]", "[connectives] holds no list"),
        ("connectives = 3", "[connectives] holds no list"),
        ("[connectives]\na = []", "connectives.a is empty"),
        ('[connectives]\na = "but"', "connectives.a must be a list of texts"),
        ("[connectives]\na = [1]", "connectives.a must be a list of texts"),
        ('[connectives]\na = [" "]', "connectives.a has an empty word"),
        ('[connectives]\na = ["but"]\nb = ["But"]', "stands in a already"),
        ('[connectives]\na = ["b\\u0000"]', "cannot be printed"),
        (f'[connectives]\na = ["{"x" * 81}"]', "a word of 81 characters"),
        ('[operators]\nsings = ["+"]', "operators.sings is not a known list"),
        ('[operators]\nsigns = ["+ +"]', "with a blank inside"),
        ('[operators]\njoining = ["--"]', "a single character"),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "words.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as error:
        load(file)
    assert said in str(error.value) and str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.toml")
    (tmp_path / "words.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8"):
        load(tmp_path / "words.toml")
