"""docs/configuration.md: the parser's keys and their defaults, and examples that load."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attribution_engine.__main__ import _parser
from attribution_engine.corpora import configuration
from attribution_engine.corpora.configuration import load_config
from attribution_engine.records import RunConfig

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
SECTIONS = {
    "At the top": "",
    "`[model]`": "model",
    "`[corpus]`": "corpus",
    "`[[queries]]`": "queries",
    "`[text]`": "text",
    "`[influence]`": "influence",
    "`[[influence.checkpoints]]`": "influence.checkpoints",
    "`[output]`": "output",
}
FILES = ("corpus.jsonl", "queries.jsonl", "chats.jsonl", "programs.jsonl", "traces.jsonl")
SHORTEST: dict[str, Any] = {
    "name": "mine",
    "model": {"path": "models/mine"},
    "corpus": {"path": "corpus.jsonl", "text": "text"},
    "queries": [{"file": "queries.jsonl"}],
}
CHECKPOINTS = [{"path": "checkpoints/one", "learning_rate": 0.1}]


def documented() -> dict[str, dict[str, str]]:
    """Section -> key -> the cell of its default, from the tables of the page."""
    found: dict[str, dict[str, str]] = {}
    section = None
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            section = SECTIONS.get(line.lstrip("# "))
        row = re.match(r"\| `(\w+)` \| (.*?) \|", line)
        if row and section is not None:
            found.setdefault(section, {})[row[1]] = row[2]
    return found


def examples() -> list[str]:
    return re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The configuration of parsed TOML, its files at hand."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "connectives.toml").write_text('[connectives]\ncontrast = ["but"]\n')
    for name in FILES:
        (tmp_path / name).write_text('{"text": "a"}\n')

    def loaded(values: dict[str, Any]) -> RunConfig:
        monkeypatch.setattr(configuration, "_parsed", lambda path: values)
        return load_config(tmp_path / "mine.toml")

    return loaded


def test_the_page_names_the_keys_that_the_parser_knows_and_no_others(load, monkeypatch) -> None:
    known: dict[str, set[str]] = {}

    class Recorded(configuration.Section):
        def __init__(self, file, name, values, keys) -> None:
            known[re.sub(r"\[\d+\]", "", name)] = set(keys)
            super().__init__(file, name, values, keys)

    monkeypatch.setattr(configuration, "Section", Recorded)
    load(SHORTEST | {"influence": {"method": "tracin", "checkpoints": CHECKPOINTS}})
    assert {section: set(keys) for section, keys in documented().items()} == known


def test_a_default_that_is_written_out_changes_nothing(load) -> None:
    written: dict[str, dict[str, Any]] = {}
    for section, keys in documented().items():
        for key, cell in keys.items():
            value = re.fullmatch(r"`(.*)`", cell)
            if value and section != "output":
                written.setdefault(section, {})[key] = tomllib.loads(f"value = {value[1]}")["value"]
    assert len(written["influence"]) >= 12
    # Where it changes nothing the parser refuses it, so it is not written.
    assert written["corpus"].pop("split") == "train"
    values = SHORTEST | written[""]
    values["queries"] = [SHORTEST["queries"][0] | written["queries"]]
    for section in ("model", "corpus", "influence"):
        values[section] = SHORTEST.get(section, {}) | written[section]
    plain, spelt = load(SHORTEST), load(values)
    assert replace(spelt, raw={}) == replace(plain, raw={})
    assert {key: cell.strip("`") for key, cell in documented()["output"].items()} == {
        "store": str(plain.store).replace("mine", "NAME"),
        "work": str(plain.work).replace("mine", "NAME"),
    }


@pytest.mark.parametrize("example", examples(), ids=range(len(examples())))
def test_every_example_loads(load, example: str) -> None:
    values = tomllib.loads(example)
    config = load(SHORTEST | values)
    assert config.name == "mine"
    for key, value in values.get("influence", {}).items():
        if key != "checkpoints":
            assert getattr(config.influence, key) == value
    for suite, asked in zip(config.suites, values.get("queries", []), strict=False):
        assert suite.path.name == asked["file"] and suite.as_set == asked.get("set", False)


def test_every_command_and_option_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    commands = next(iter(_parser()._subparsers._group_actions)).choices
    for name, parser in commands.items():
        assert re.search(rf"attribution_engine {name}\b", page), name
        for action in parser._actions:
            for option in action.option_strings:
                assert option in ("-h", "--help") or option in page, option
