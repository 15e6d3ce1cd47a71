"""bergson on the bench's setting. Imported only where bergson is installed."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bergson.collection import collect_gradients
from bergson.config.config import (
    DistributedConfig,
    HessianConfig,
    IndexConfig,
    InversionConfig,
    PreprocessConfig,
    ScoreConfig,
)
from bergson.data import allocate_batches, load_scores
from bergson.hessians.apply_hessian import EkfacApplicator, EkfacConfig
from bergson.hessians.eigenvectors import eigendecompose_owned, save_uncorrected_eigenvalues
from bergson.hessians.hessian_approximations import collect_hessians
from bergson.score.score import create_scorer
from bergson.utils.worker_utils import create_processor
from datasets import Dataset
from numpy.typing import NDArray

from attribution_engine.bench.measurement import measure
from attribution_engine.bench.peers import (
    CORRECTION,
    COVARIANCES,
    DAMPING,
    EIGENBASES,
    EXACT,
    QUERIES,
    TOKENS_EXACT,
    PeerOptions,
    PeerReport,
)
from attribution_engine.bench.setting import Setting


class _Bergson:
    """bergson's own stages, called on a model in memory instead of one on disk."""

    def __init__(self, setting: Setting, options: PeerOptions, folder: Path) -> None:
        self.folder = folder
        self.batch_tokens = options.batch_tokens
        self.device = setting.device
        self.model = copy.deepcopy(setting.model)
        # As its own loader has it: the graph begins at the embeddings.
        self.model.get_input_embeddings().requires_grad_(True)  # type: ignore[operator]
        prefix = f"{self.model.base_model_prefix}."
        self.modules = {name.removeprefix(prefix) for name in setting.modules}
        self.documents = _dataset([(ids, 0) for ids in setting.documents])
        self.queries = _dataset(setting.queries)
        self.hessian = HessianConfig(method="kfac", ev_correction=True)
        self.positions = 0
        self.collector: Any = None
        self.vectors: Any = None

    def index(self, name: str, by_token: bool = False) -> IndexConfig:
        """A fresh folder and what bergson wants to know about it."""
        shutil.rmtree(self.folder / f"{name}.part", ignore_errors=True)
        (self.folder / f"{name}.part").mkdir(parents=True)
        return IndexConfig(
            run_path=str(self.folder / name),
            token_batch_size=self.batch_tokens,
            loss_reduction="sum",
            attribute_tokens=by_token,
            distributed=DistributedConfig(nproc_per_node=1),
        )

    def collect(self, corrected: bool) -> Any:
        index = self.index("correction" if corrected else "covariances")
        return collect_hessians(
            self.model,  # type: ignore[arg-type]
            self.documents,
            index,
            batches=allocate_batches(self.documents["length"][:], self.batch_tokens),
            target_modules=self.modules,
            hessian_cfg=self.hessian,
            ev_correction=corrected,
            path=str(self.folder / "factors"),
            num_documents=len(self.documents),
            eigenvectors=self.vectors if corrected else None,
        )

    def fit_covariances(self) -> None:
        self.collector = self.collect(corrected=False)
        self.positions = int(torch.load(self.folder / "covariances.part" / "total_processed.pt"))

    def eigendecompose(self) -> None:
        values = []
        vectors = []
        for side, sums, shapes in (
            ("activation", self.collector.A_cov_dict, self.collector.A_shapes),
            ("gradient", self.collector.S_cov_dict, self.collector.S_shapes),
        ):
            found = eigendecompose_owned(
                dict(sums),  # it empties what it is given, and a repeat needs it again
                shapes,
                self.collector.owners,
                self.positions,
                str(self.folder / "factors" / f"eigen_{side}_sharded"),
                self.collector.dtype,
                num_positions=self.collector.num_positions,
            )
            vectors.append(found[0])
            values.append(found[1])
        save_uncorrected_eigenvalues(
            partial_run_path=str(self.folder / "factors"),
            eigenvalues_a=values[0],
            eigenvalues_g=values[1],
            total_processed=self.positions,
            rank=0,
            world_size=1,
            num_documents=len(self.documents),
            num_positions=self.collector.num_positions,
        )
        self.vectors = tuple(vectors)

    def correct(self) -> None:
        self.collect(corrected=True)

    def query_gradients(self) -> None:
        """Gradients of all queries to disk, then (G + λI)⁻¹ applied to them."""
        index = self.index("queries")
        self.gather(index, self.queries)
        shutil.rmtree(self.folder / "directions", ignore_errors=True)
        configuration = EkfacConfig(
            hessian_method_path=str(self.folder / "factors"),
            gradient_path=str(index.partial_run_path),
            run_path=str(self.folder / "directions"),
            ev_correction=True,
            apply_batch_size=len(self.queries),
        )
        inversion = InversionConfig(damping_factor=DAMPING)
        EkfacApplicator(configuration, inversion).compute_ivhp_sharded()

    def scores(self, by_token: bool) -> NDArray:
        """[queries, documents], or [queries, documents, positions]."""
        index = self.index("scores", by_token)
        scorer = create_scorer(
            index.partial_run_path,
            self.documents,
            ScoreConfig(query_path=str(self.folder / "directions")),
            PreprocessConfig(),
            device=self.device,
            dtype=torch.float32,
            attribute_tokens=by_token,
        )
        self.gather(index, self.documents, scorer)
        scorer.writer.flush()
        found = np.asarray(load_scores(index.partial_run_path)[:], dtype=np.float64).T
        return self.by_position(found) if by_token else found

    def gather(self, index: IndexConfig, data: Dataset, scorer: Any = None) -> None:
        collect_gradients(
            self.model,  # type: ignore[arg-type]
            data,
            create_processor(self.model, index, self.modules),  # type: ignore[arg-type]
            index,
            batches=allocate_batches(data["length"][:], self.batch_tokens),
            target_modules=self.modules,
            scorer=scorer,
        )

    def by_position(self, flat: NDArray) -> NDArray:
        """Scores [queries, positions of all documents] in rows of documents, zeros at their ends.

        A document has one position fewer than tokens.
        """
        lengths = [length - 1 for length in self.documents["length"][:]]
        grid = np.zeros((len(flat), len(lengths), max(lengths)))
        start = 0
        for document, length in enumerate(lengths):
            grid[:, document, :length] = flat[:, start : start + length]
            start += length
        return grid


def run(setting: Setting, options: PeerOptions, folder: Path) -> PeerReport:
    """Factors, query gradients, and scores of all queries; it has no low-rank scores."""
    report = PeerReport("bergson", version("bergson"))
    report.notes.append("groups documents by length; writes query gradients and scores to disk")
    bergson = _Bergson(setting, options, folder)

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        torch.manual_seed(setting.seed)
        report.stages[stage] = measure(stage, work, options.repeats, setting.device)
        return report.stages[stage].result

    timed(COVARIANCES, bergson.fit_covariances)
    timed(EIGENBASES, bergson.eigendecompose)
    timed(CORRECTION, bergson.correct)
    timed(QUERIES, bergson.query_gradients)
    report.scores[EXACT] = timed(EXACT, lambda: bergson.scores(by_token=False))
    if options.tokens:
        by_token = timed(TOKENS_EXACT, lambda: bergson.scores(by_token=True))
        report.token_scores[TOKENS_EXACT] = by_token
    return report


def _dataset(texts: list[tuple[list[int], int]]) -> Dataset:
    """Token ids, labels (-100 on prompts) and lengths, as bergson's own pipeline makes them."""
    return Dataset.from_dict(
        {
            "input_ids": [ids for ids, _ in texts],
            "labels": [[-100] * prompt + ids[prompt:] for ids, prompt in texts],
            "length": [len(ids) for ids, _ in texts],
        }
    )
