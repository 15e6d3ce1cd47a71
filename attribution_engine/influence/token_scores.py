"""Influence at the level of tokens, in two alignments; both sum to the document's influence.

`predicted`: each target token's own loss term, d/dε log p(z_t | z_<t; θ + εv), by forward-mode
differentiation: one pass gives it for all tokens of a document.
`update`: the position at which the weight update happens (Grosse et al., Eq. 30–31), which is the
token before the predicted one. The start token's own share is counted on the first text token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from attribution_engine.influence.capture import Captured
from attribution_engine.influence.contractions import slot_products
from attribution_engine.influence.directions import LayerDirections
from attribution_engine.influence.layers import tangents
from attribution_engine.influence.output_head import chunks_of_rows, probabilities
from attribution_engine.influence.passes import backward_pass
from attribution_engine.influence.plain_attention import forward_mode_attention
from attribution_engine.influence.scores import on_text_tokens
from attribution_engine.influence.tokens import Batch, TokenisedText, batches
from attribution_engine.influence.tracked import Tracked
from attribution_engine.records import InputError

Progress = Callable[[int], None]


def predicted_scores(
    tracked: Tracked,
    directions: dict[int, LayerDirections],
    query: int,
    texts: Sequence[TokenisedText],
    rows: Sequence[int],
    *,
    batch_tokens: int,
    progress: Progress = lambda done: None,
) -> dict[int, np.ndarray]:
    """Change of each token's log-probability along the query's direction, for some documents.

    Returns:
        document row -> [n_tokens], nats; their sum over layers that stand in `directions`.
    """
    kind = next(tracked.model.parameters()).dtype
    chosen = sorted(directions)
    moving = tangents(
        [tracked.layers[index] for index in chosen],
        [directions[index].of(query).to(kind) for index in chosen],
    )
    result: dict[int, np.ndarray] = {}
    for batch in batches(texts, batch_tokens, rows):
        changes = directional_change(tracked, moving, batch).double().cpu().numpy()
        for at, row in enumerate(batch.rows):
            text = texts[row]
            of_targets = changes[at, : text.n_positions]
            # Without a start token nothing predicts the first token.
            result[row] = of_targets if text.starts else np.concatenate([[0.0], of_targets])
        progress(len(batch.rows))
    return result


def directional_change(
    tracked: Tracked, moving: dict[str, torch.Tensor], batch: Batch
) -> torch.Tensor:
    """d/dε log p(target; θ + ε·moving) at ε = 0, [texts, positions]; 0 without a loss."""
    has_loss = batch.has_loss.to(tracked.device)
    targets = batch.targets.to(tracked.device)[has_loss]
    whole, changing = tracked.model, moving
    if tracked.trunk is not None:
        whole = tracked.trunk
        changing = {_name_within(whole, tracked.model, n): each for n, each in moving.items()}
    primals = {name: whole.get_parameter(name).detach() for name in changing}
    ids = batch.inputs.to(tracked.device)

    def states(parameters: dict[str, torch.Tensor]) -> torch.Tensor:
        output = torch.func.functional_call(
            whole, parameters, kwargs={"input_ids": ids, "use_cache": False}, tie_weights=False
        )
        return output.logits if tracked.trunk is None else output.last_hidden_state

    with torch.no_grad(), forward_mode_attention():
        try:
            both = torch.func.jvp(states, (primals,), (changing,))
        except (RuntimeError, NotImplementedError) as error:
            if isinstance(error, torch.OutOfMemoryError) or "forward" not in str(error).lower():
                raise
            raise InputError(
                f"{type(tracked.model).__name__}: an operation of this model has no forward mode, "
                'so there are no predicted token scores; set influence.alignments = ["update"]'
            ) from error
        value, change = both[0], both[1]
        of_targets = (_of_hidden if tracked.trunk is not None else _of_logits)(
            tracked, value[has_loss], change[has_loss], targets
        )
    result = torch.zeros(has_loss.shape, dtype=of_targets.dtype, device=tracked.device)
    result[has_loss] = of_targets
    return result


def _name_within(trunk: nn.Module, model: nn.Module, name: str) -> str:
    """A parameter's name in the trunk, by its module: two modules may share one parameter."""
    path, _, leaf = name.rpartition(".")
    owner = model.get_submodule(path)
    within = next(place for place, module in trunk.named_modules() if module is owner)
    return f"{within}.{leaf}" if within else leaf


def _of_hidden(
    tracked: Tracked, hidden: torch.Tensor, change: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """(w_z − Σ_j p_j w_j)·ḣ of rows [rows, hidden_size]: the head's part by formula."""
    assert tracked.head is not None
    weight = tracked.head.weight
    parts = []
    for rows in chunks_of_rows(hidden, weight.shape[0]):
        expected = probabilities(tracked.head(hidden[rows])).to(weight.dtype) @ weight
        moved = (weight[targets[rows]] - expected) * change[rows]
        parts.append(moved.sum(-1, dtype=_sum_type(moved)))
    return torch.cat(parts)


def _of_logits(
    _tracked: Tracked, logits: torch.Tensor, change: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    logits, change = logits.to(_sum_type(logits)), change.to(_sum_type(change))
    own = change.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return own - (torch.softmax(logits, -1) * change).sum(-1)


def update_scores(
    tracked: Tracked,
    directions: dict[int, LayerDirections],
    wanted: dict[int, list[int]],
    texts: Sequence[TokenisedText],
    *,
    batch_tokens: int,
    progress: Progress = lambda done: None,
) -> dict[tuple[int, int], np.ndarray]:
    """Shares of the positions where the update happens, of some documents on some queries.

    Args:
        wanted: document row -> the queries that want its tokens.

    Returns:
        (query, document row) -> [n_tokens], nats.
    """
    result: dict[tuple[int, int], np.ndarray] = {}
    for batch in batches(texts, batch_tokens, sorted(wanted)):
        width = batch.inputs.shape[1]
        totals = [np.zeros((len(wanted[row]), width)) for row in batch.rows]

        def consume(
            index: int, captured: Captured, batch: Batch = batch, totals: list = totals
        ) -> None:
            for at, row in enumerate(batch.rows):
                one = captured.select(slice(at, at + 1))
                shares = slot_products(one, directions[index].select(wanted[row]))
                positions = one.of_positions(shares, batch.inputs.shape[1])
                totals[at] -= positions[:, 0].double().cpu().numpy()

        backward_pass(tracked, batch, consume)
        for row, total in zip(batch.rows, totals, strict=True):
            split = on_text_tokens(total, texts[row])
            for query, shares in zip(wanted[row], split, strict=True):
                result[query, row] = shares
        progress(len(batch.rows))
    return result


def _sum_type(tensor: torch.Tensor) -> torch.dtype:
    return torch.float64 if tensor.dtype == torch.float64 else torch.float32
