"""A store of the schema before this one gains what it lacks, or stays as it was."""

from __future__ import annotations

import shlex
from pathlib import Path

import duckdb
import pytest

from attribution_engine import upgrade
from attribution_engine.__main__ import main
from attribution_engine.findings_again import findings_again
from attribution_engine.records import InputError
from attribution_engine.store import derived_tables
from attribution_engine.store.finding_schema import FINDING_TABLES
from attribution_engine.store.opening import open_store, version_of
from attribution_engine.store.schema import SCHEMA_VERSION, UPGRADABLE
from attribution_engine.store.verify import verify
from tests.store.small_store import build, fill

TABLES = (
    *(name for name in FINDING_TABLES if name != "finding_setting"),  # it holds seconds
    *("words", "document_influence", "query_correlation", "influence", "documents", "spans"),
)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    build(tmp_path / "new.duckdb")
    return tmp_path / "new.duckdb"


def make_old(path: Path, statement: str = "", version: int = min(UPGRADABLE)) -> Path:
    """A store as version 3 or 4 had it, then changed by a statement."""
    with duckdb.connect() as connection:
        fill(connection)
        for table in FINDING_TABLES:
            if table not in ("answers", "group_influence"):
                connection.execute(f"DROP TABLE {table}")
        connection.execute("ALTER TABLE answers DROP COLUMN part")
        connection.execute("ALTER TABLE group_influence DROP COLUMN n_top")
        if version == 3:
            connection.execute("DROP TABLE words; DROP TABLE document_influence")
            connection.execute("ALTER TABLE documents DROP COLUMN near_group")
            connection.execute("DELETE FROM query_correlation")
        connection.execute("UPDATE run SET schema_version = ?", [version])
        connection.execute(statement)
        connection.execute(f"ATTACH '{path}' AS file; COPY FROM DATABASE memory TO file")
        connection.execute("DETACH file")
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return make_old(tmp_path / "an old run.duckdb")


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {name: connection.execute(f"FROM {name}").fetchall() for name in TABLES}


@pytest.mark.parametrize("version", UPGRADABLE)
def test_it_becomes_what_a_new_run_would_be(new: Path, version: int) -> None:
    old = make_old(new.with_name("an old run.duckdb"), version=version)
    findings_again(new)
    assert upgrade.upgrade(old) is True
    assert verify(old) == []
    assert tables(old) == tables(new)
    with duckdb.connect(str(old), read_only=True) as connection:
        comments = connection.execute(
            "SELECT comment FROM duckdb_columns() WHERE column_name IN ('near_group', 'docs')"
        ).fetchall()
    assert len(comments) == 2 and all(comment for (comment,) in comments)
    assert sorted(path.name for path in old.parent.iterdir()) == [old.name, new.name]


def test_a_large_run_gains_the_rows_of_documents(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived_tables, "DOCUMENT_MAJOR_FROM", 36)
    upgrade.upgrade(old)
    assert verify(old) == []
    assert len(tables(old)["document_influence"]) == 12


def test_a_store_that_is_up_to_date_is_left_alone(
    new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (new.read_bytes(), new.stat().st_mtime_ns)
    assert main(["upgrade", str(new)]) == 0
    assert "there is nothing to do" in capsys.readouterr().out
    assert (new.read_bytes(), new.stat().st_mtime_ns) == before


def test_the_message_for_an_older_store_is_the_command(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="has schema version 3") as refused:
        open_store(old)
    command = str(refused.value).split("`")[1]
    assert main(shlex.split(command.removeprefix("python -m attribution_engine "))) == 0
    assert "is up to date now" in capsys.readouterr().out
    open_store(old).close()
    assert version_of(old) == SCHEMA_VERSION


def test_a_failure_leaves_the_store_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise duckdb.OperationalError("no space left")

    before = old.read_bytes()
    monkeypatch.setattr(upgrade, "insert_derived", full)
    with pytest.raises(OSError, match="is the disk full"):
        upgrade.upgrade(old)
    assert old.read_bytes() == before
    assert [path.name for path in old.parent.iterdir()] == [old.name]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE run SET schema_version = 2", "only 3 and 4 can be brought up to 5; rebuild it"),
        ("UPDATE run SET schema_version = 99", "only 3 and 4 can be brought up"),
        ("DELETE FROM run", "is not complete"),
        ("DROP TABLE run", "is no store"),
    ],
)
def test_what_cannot_be_brought_up(
    tmp_path: Path, statement: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old = make_old(tmp_path / "old.duckdb", statement)
    assert main(["upgrade", str(old)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_no_store_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.duckdb").write_text("no database")
    for name in ("missing.duckdb", "text.duckdb"):
        assert main(["upgrade", str(tmp_path / name)]) == 2
        assert name in capsys.readouterr().err
