"""The stages that fit a model's curvature, group of layers by group, each layer a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from attribution_engine.influence.curvature import (
    FITTED,
    Eigenbasis,
    LayerCurvature,
    kronecker_eigenvalues,
)
from attribution_engine.influence.factors import eigenpairs, fit_covariances, fit_eigenvalues
from attribution_engine.influence.finiteness import all_finite, refuse_not_finite
from attribution_engine.influence.memory import Shape, Stage, TokenBudget, groups
from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.influence.tracked import Tracked
from attribution_engine.progress import progress
from attribution_engine.records import InfluenceConfig, InputError
from attribution_engine.workspace import Workspace


@dataclass(slots=True)
class Fitting:
    """All that the curvature of one set of weights is fitted with, and where it is kept.

    Attributes:
        folder: prefix of the results' names, "" or "checkpoint-1/".
        allowed: bytes of the device that factors may take.
    """

    tracked: Tracked
    texts: Sequence[TokenisedText]
    options: InfluenceConfig
    work: Workspace
    budget: TokenBudget
    shape: Shape
    allowed: int
    folder: str = ""

    def groups(self, stage: Stage) -> list[list[int]]:
        return groups(self.tracked.layers, stage, self.shape, self.allowed)

    def name(self, kind: str, index: int) -> str:
        return f"{self.folder}{kind}/{index:05d}"

    def missing(self, kind: str, group: list[int]) -> bool:
        return not all(self.work.has(self.name(kind, index)) for index in group)

    def owner(self, index: int) -> int:
        return self.tracked.layers[index].input_of


def factor_rows(options: InfluenceConfig, n_documents: int) -> tuple[list[int], list[int]]:
    """Documents for the covariances and documents for the eigenvalues.

    A sample drawn with the seed: two halves of it, or twice all of it.
    """
    generator = np.random.default_rng(options.seed)
    wanted = min(options.factor_documents or n_documents, n_documents)
    drawn = generator.permutation(n_documents)[:wanted]
    if options.factor_passes == 2 or options.method != "ek-fac" or wanted < 2:
        every = sorted(map(int, drawn))
        return every, every
    return sorted(map(int, drawn[::2])), sorted(map(int, drawn[1::2]))


def fit_curvature(fitting: Fitting) -> None:
    """Every stage that the method needs; what is there already is not computed again."""
    method = fitting.options.method
    if method not in FITTED and method != "self-influence":
        return
    first, second = factor_rows(fitting.options, len(fitting.texts))
    if method != "diagonal":
        _covariances(fitting, first)
        _eigendecompositions(fitting)
    if method == "k-fac":
        _kronecker_values(fitting)
    else:
        _eigenvalues(fitting, second)


def curvatures(fitting: Fitting, group: list[int]) -> dict[int, LayerCurvature]:
    """The fitted curvature of some layers, on the device."""
    if fitting.options.method not in (*FITTED, "self-influence"):
        return {index: LayerCurvature(Eigenbasis(None, None), None) for index in group}
    bases = _bases(fitting, group)
    device = fitting.tracked.device
    return {
        index: LayerCurvature(
            bases[index], fitting.work.load(fitting.name("eigenvalues", index), device)
        )
        for index in group
    }


def _covariances(fitting: Fitting, rows: list[int]) -> None:
    for group in fitting.groups("covariances"):
        todo = [i for i in group if fitting.missing("bases", [i])]
        if not fitting.missing("covariances", todo):
            continue
        with fitting.work.timed("covariances"):

            def fit(tokens: int, group: list[int] = group) -> None:
                with progress(_words("covariances", group, fitting), len(rows)) as step:
                    found = fit_covariances(
                        fitting.tracked.only(group),
                        fitting.texts,
                        batch_tokens=tokens,
                        seed=fitting.options.seed,
                        rows=rows,
                        progress=step,
                    )
                sums = (t for each in found.values() for t in (each.activations, each.gradients))
                if not all_finite(sums):
                    refuse_not_finite(fitting.tracked, fitting.texts, rows)
                for index, each in found.items():
                    kept = {"s": each.gradients, "tokens": each.tokens, "documents": each.documents}
                    if fitting.owner(index) == index:
                        kept["a"] = each.activations
                    fitting.work.save(fitting.name("covariances", index), kept)

            fitting.budget.run(fit, "covariances")


def _eigendecompositions(fitting: Fitting) -> None:
    todo = [i for i in range(len(fitting.tracked.layers)) if fitting.missing("bases", [i])]
    if not todo:
        return
    kind = _kept_type(fitting.tracked)
    with (
        fitting.work.timed("eigendecompositions"),
        progress("eigendecompositions", len(todo), "layer") as step,
    ):
        for index in todo:
            layer = fitting.tracked.layers[index]
            sums = fitting.work.load(fitting.name("covariances", index), fitting.tracked.device)
            kept: dict[str, object] = {each: sums[each] for each in ("tokens", "documents")}
            try:
                values, vectors = eigenpairs(sums.pop("s"), layer, "gradients")
                kept |= {"values_s": values.to(kind).cpu(), "s": vectors.to(kind).cpu()}
                if "a" in sums:
                    values, vectors = eigenpairs(sums.pop("a"), layer, "inputs")
                    kept |= {"values_a": values.to(kind).cpu(), "a": vectors.to(kind).cpu()}
            except ArithmeticError as error:
                raise InputError(f'{error}; check the weights, or use dtype = "float32"') from error
            fitting.work.save(fitting.name("bases", index), kept)
            fitting.work.drop(fitting.name("covariances", index))
            step(1)


def _eigenvalues(fitting: Fitting, rows: list[int]) -> None:
    for group in fitting.groups("eigenvalues"):
        if fitting.missing("eigenvalues", group):
            with fitting.work.timed("eigenvalues"):
                fitting.budget.run(partial(_eigenvalues_of, fitting, rows, group), "eigenvalues")


def _eigenvalues_of(fitting: Fitting, rows: list[int], group: list[int], tokens: int) -> None:
    """One group's; its eigenvectors are gone from the device before the next group's come."""
    bases = _bases(fitting, group)
    with progress(_words("eigenvalues", group, fitting), len(rows)) as step:
        found = fit_eigenvalues(
            fitting.tracked.only(group),
            bases,
            fitting.texts,
            batch_tokens=tokens,
            seed=fitting.options.seed,
            rows=rows,
            progress=step,
        )
    if not all_finite(found.values()):
        refuse_not_finite(fitting.tracked, fitting.texts, rows)
    for index, values in found.items():
        fitting.work.save(fitting.name("eigenvalues", index), values.cpu())


def _kronecker_values(fitting: Fitting) -> None:
    with fitting.work.timed("eigenvalues"):
        for index in range(len(fitting.tracked.layers)):
            if fitting.missing("eigenvalues", [index]):
                own = fitting.work.load(fitting.name("bases", index))
                of_input = fitting.work.load(fitting.name("bases", fitting.owner(index)))
                values = kronecker_eigenvalues(
                    of_input["values_a"], own["values_s"], own["tokens"], own["documents"]
                )
                fitting.work.save(fitting.name("eigenvalues", index), values)


def _bases(fitting: Fitting, group: list[int]) -> dict[int, Eigenbasis]:
    """Eigenvectors of some layers on the device, once for layers that share their input."""
    if fitting.options.method == "diagonal":
        return {index: Eigenbasis(None, None) for index in group}
    device = fitting.tracked.device
    of_input: dict[int, torch.Tensor] = {}
    found = {}
    for index in group:
        own, owner = fitting.work.load(fitting.name("bases", index), device), fitting.owner(index)
        if owner not in of_input:
            holder = (
                own if owner == index else fitting.work.load(fitting.name("bases", owner), device)
            )
            of_input[owner] = holder["a"]
        found[index] = Eigenbasis(of_input[owner], own["s"])
    return found


def _kept_type(tracked: Tracked) -> torch.dtype:
    kind = next(tracked.model.parameters()).dtype
    return torch.float64 if kind == torch.float64 else torch.float32


def _words(stage: Stage, group: list[int], fitting: Fitting) -> str:
    """The stage's name, and which layers where not all of them are done at once."""
    if len(group) == len(fitting.tracked.layers):
        return stage
    return f"{stage}, layers {group[0] + 1} to {group[-1] + 1} of {len(fitting.tracked.layers)}"
