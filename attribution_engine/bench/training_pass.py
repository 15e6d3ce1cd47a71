"""T, the unit of every speed: a plain training pass over the same documents."""

from __future__ import annotations

import torch
from torch import nn

from attribution_engine.bench.measurement import Measured, measure
from attribution_engine.bench.setting import Setting
from attribution_engine.influence.tokens import batches


def training_pass(setting: Setting, batch_tokens: int, repeats: int = 1) -> Measured:
    """Forward and backward of Σ NLL with every parameter asking for gradients.

    Documents are in batches of similar length, as everywhere in the engine; attention is what
    the model came with. There is no optimizer step. Result: the summed NLL of all documents.
    """
    texts = setting.document_texts
    asked = [parameter.requires_grad for parameter in setting.model.parameters()]
    setting.model.requires_grad_(True)
    try:
        return measure(
            "training pass",
            lambda: _forward_and_backward(setting.model, texts, batch_tokens, setting.device),
            repeats,
            setting.device,
        )
    finally:
        for parameter, before in zip(setting.model.parameters(), asked):
            parameter.requires_grad_(before)


def _forward_and_backward(
    model: nn.Module, texts: list, batch_tokens: int, device: torch.device
) -> float:
    total = torch.zeros((), dtype=torch.float64, device=device)
    for batch in batches(texts, batch_tokens):
        logits = model(
            input_ids=batch.inputs.to(device),
            attention_mask=batch.attended.to(device).long(),
            use_cache=False,
        ).logits
        targets = batch.targets.masked_fill(~batch.has_loss, -100).to(device)
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1).float(), targets.flatten(), reduction="sum"
        )
        loss.backward()
        model.zero_grad(set_to_none=True)
        total += loss.detach()
    return float(total)
