"""The stage that finds every query's direction, and reading directions back layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch

from attribution_engine.curvature_stages import Fitting, curvatures
from attribution_engine.influence.capture import NotFinite
from attribution_engine.influence.directions import LayerDirections
from attribution_engine.influence.finiteness import all_finite, refuse_not_finite
from attribution_engine.influence.query_gradients import WeightedTexts, query_directions
from attribution_engine.progress import progress

KIND = "directions"


def find_directions(fitting: Fitting, queries: Sequence[WeightedTexts]) -> None:
    """v of every query, group of layers by group, each layer a file."""
    for group in fitting.groups("query gradients"):
        if fitting.missing(KIND, group):
            with fitting.work.timed("query gradients"):
                find = partial(_find_in_layers, fitting, queries, group)
                fitting.budget.run(find, "query gradients")


def _find_in_layers(
    fitting: Fitting, queries: Sequence[WeightedTexts], group: list[int], tokens: int
) -> None:
    """One group's; its curvature is gone from the device before the next group's comes."""
    options = fitting.options
    with progress("query gradients", len(queries), "query") as step:
        found, squared = query_directions(
            fitting.tracked.only(group),
            curvatures(fitting, group),
            queries,
            damping=options.damping,
            rank=options.rank,
            seed=options.seed,
            batch_tokens=tokens,
            progress=step,
        )
    if not all_finite(squared.values()):
        _refuse_not_finite(fitting, queries)
    for index, each in found.items():
        parts = {"exact": each.exact, "left": each.left, "right": each.right}
        kept = {name: t.cpu() for name, t in parts.items() if t is not None}
        fitting.work.save(fitting.name(KIND, index), kept | {"squared": squared[index]})


def _refuse_not_finite(fitting: Fitting, queries: Sequence[WeightedTexts]) -> None:
    for number, query in enumerate(queries):
        try:
            refuse_not_finite(fitting.tracked, query.parts, range(len(query.parts)))
        except NotFinite as error:
            error.row = number
            raise


class Directions:
    """The directions of one set of weights, on disk, a group of layers at a time on the device."""

    def __init__(self, fitting: Fitting) -> None:
        self._fitting = fitting
        self._loaded: tuple[tuple[int, ...], dict[int, LayerDirections]] | None = None
        self._norms: torch.Tensor | None = None

    def of_layers(self, group: Sequence[int]) -> dict[int, LayerDirections]:
        """All queries' directions in some layers; the last group asked for stays loaded."""
        if self._loaded is None or self._loaded[0] != tuple(group):
            self._loaded = None
            device = self._fitting.tracked.device
            self._loaded = tuple(group), {index: self._read(index).to(device) for index in group}
        return self._loaded[1]

    def of_query(self, query: int, group: Sequence[int]) -> dict[int, LayerDirections]:
        """One query's direction in some layers; its number is then 0."""
        if self._loaded is not None and set(group) <= set(self._loaded[0]):
            return {index: self._loaded[1][index].select([query]) for index in group}
        device = self._fitting.tracked.device
        return {index: self._read(index).select([query]).to(device) for index in group}

    def forget(self) -> None:
        """Takes the loaded directions off the device."""
        self._loaded = None

    def norms(self) -> torch.Tensor:
        """‖∇f‖ over the tracked layers in their bases, [queries], float64."""
        if self._norms is None:
            n_layers = len(self._fitting.tracked.layers)
            name = self._fitting.name
            squared = [self._fitting.work.load(name(KIND, i))["squared"] for i in range(n_layers)]
            self._norms = torch.stack(squared).sum(0).sqrt()
        return self._norms

    def _read(self, index: int) -> LayerDirections:
        kept = self._fitting.work.load(self._fitting.name(KIND, index))
        return LayerDirections(kept.get("exact"), kept.get("left"), kept.get("right"))
