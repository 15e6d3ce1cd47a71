"""Computes the findings of a store again, into a new store file."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from attribution_engine.finding_stages.all_findings import insert_findings
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import Claim
from attribution_engine.records import InputError
from attribution_engine.store.opening import open_store
from attribution_engine.store.stored_influence import stored_influence
from attribution_engine.store.writer import amending

DATABASE_GIGABYTES = 1.5  # that the database itself may take; the rest of its work is on disk


def findings_again(
    path: Path, output: Path | None = None, options: FindingOptions | None = None
) -> list[Claim]:
    """Writes a store that is `path` with findings computed anew.

    Args:
        output: where it goes; None = in the place of `path`, once it is complete.

    Raises:
        InputError: `path` is no store that can be read, or `output` is no name of a store.
    """
    open_store(path).close()
    target = output or path
    if target.suffix != ".duckdb":
        raise InputError(f"{target}: a store is called NAME.duckdb; choose such an --output")
    judged = target.with_name(f".{target.name}.judged.jsonl")
    chosen = replace(options or FindingOptions(), scratch=target.parent, judged_file=judged)
    with (
        amending(path, target) as store,
        tempfile.TemporaryFile(dir=target.parent) as file,
    ):
        store.limit_memory(DATABASE_GIGABYTES)
        claims = insert_findings(store, stored_influence(store.connection, file), chosen)
    judged.unlink(missing_ok=True)  # its replies are in the store now
    return claims
