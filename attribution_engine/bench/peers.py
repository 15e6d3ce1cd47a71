"""The same work in other implementations of EK-FAC, where they are installed.

They are never needed: the bench says "not installed" where an import fails. A peer gets the same
model, documents, queries and linear maps; labels of the factors are sampled from the model, and
λ = 0.1 × mean(Λ) of each layer. Each runs as its authors' interface has it, at its best settings
that are known: all queries in one pass over the documents.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from numpy.typing import NDArray

from attribution_engine.bench.measurement import Measured
from attribution_engine.bench.setting import Setting

DAMPING: Final = 0.1  # kronfluence's own heuristic, the only relative damping it knows
PEERS: Final = ("kronfluence", "bergson")

COVARIANCES: Final = "covariances"
EIGENBASES: Final = "eigendecompositions"
CORRECTION: Final = "eigenvalue correction"
QUERIES: Final = "query gradients"
EXACT: Final = "document scores, exact"
LOW_RANK: Final = "document scores, low rank"
TOKENS_EXACT: Final = "token scores (update), exact"
TOKENS_LOW_RANK: Final = "token scores (update), low rank"
STAGES: Final = (
    COVARIANCES,
    EIGENBASES,
    CORRECTION,
    QUERIES,
    EXACT,
    LOW_RANK,
    TOKENS_EXACT,
    TOKENS_LOW_RANK,
)


@dataclass(slots=True)
class PeerReport:
    """What a peer did.

    Attributes:
        name, version: of the package.
        stages: what was timed, in order; a stage of STAGES that is missing is one that the peer
            does not have, does not tell apart, or was not asked for.
        scores: document scores [queries, documents] of EXACT and LOW_RANK, in nats, positive =
            helpful; our own sign.
        token_scores: [queries, documents, positions] of TOKENS_EXACT and TOKENS_LOW_RANK by the
            position of the update, zero where a document has ended.
        notes: what a reader has to know beside the figures.
    """

    name: str
    version: str
    stages: dict[str, Measured] = field(default_factory=dict)
    scores: dict[str, NDArray] = field(default_factory=dict)
    token_scores: dict[str, NDArray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PeerOptions:
    """How peers are run.

    Attributes:
        batch_tokens: padded tokens of a batch.
        rank: of the query gradients in the low-rank stages.
        repeats: of every stage.
        tokens: whether token scores are computed too, exactly and at low rank; the exact ones
            take as long as several passes.
    """

    batch_tokens: int = 4096
    rank: int = 32
    repeats: int = 1
    tokens: bool = True


class _Peer(Protocol):
    def run(self, setting: Setting, options: PeerOptions, folder: Path) -> PeerReport: ...


def installed_version(name: str) -> str | None:
    """The version of a peer that can be imported here, else None."""
    try:
        with _quiet():
            importlib.import_module(name)
        return importlib.metadata.version(name)
    except Exception:  # a peer that is there but broken is as good as absent
        return None


def run_peer(name: str, setting: Setting, options: PeerOptions, folder: Path) -> PeerReport | None:
    """Runs one of PEERS in an empty folder, where it leaves its files; None if not installed."""
    if installed_version(name) is None:
        return None
    peer: _Peer = importlib.import_module(f"attribution_engine.bench.{name}_peer")  # type: ignore[assignment]
    with _quiet():
        return peer.run(setting, options, folder)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps a peer's progress bars, warnings and logs off the output; errors still rise."""
    with (
        redirect_stdout(io.StringIO()),
        redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
