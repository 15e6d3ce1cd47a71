"""A document that alone contains a fact ranks first for that fact's query."""

from __future__ import annotations

import random

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from attribution_engine.influence.tokens import TokenisedText, batches
from tests.influence.tiny_models import directions_of, fit, scores_of, tracked_model

BOS, COLOUR, OF, IS, AND = range(5)
NAMES = range(5, 65)
VALUES = range(65, 105)
VOCABULARY = 105


def text(ids: list[int], prompt: int = 0) -> TokenisedText:
    has_loss = tuple(at >= prompt for at in range(len(ids)))
    return TokenisedText((BOS, *ids), 1, tuple(range(1, len(ids) + 1)), has_loss)


def corpus(seed: int) -> tuple[list[TokenisedText], dict[int, int]]:
    """A fact for each name, stated once, among documents that name and colour otherwise."""
    draw = random.Random(seed)
    facts = {name: draw.choice(VALUES) for name in NAMES}
    documents = [text([COLOUR, OF, name, IS, value]) for name, value in facts.items()]
    for _ in range(120):
        documents.append(text([draw.choice(NAMES), AND, draw.choice(NAMES), AND]))
        documents.append(text([draw.choice(VALUES), AND, draw.choice(VALUES), OF, COLOUR]))
    return documents, facts


def trained_model(documents: list[TokenisedText]) -> LlamaForCausalLM:
    """Stops while facts are half learnt: of a fact learnt to the full no gradient is left."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=16,
            attn_implementation="eager",
        )
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    whole = next(iter(batches(documents, 1 << 20)))
    for _ in range(100):
        optimiser.zero_grad()
        logits = model(input_ids=whole.inputs, attention_mask=whole.attended.long()).logits
        loss = torch.nn.functional.cross_entropy(
            logits[whole.has_loss], whole.targets[whole.has_loss]
        )
        loss.backward()
        optimiser.step()
    return model.requires_grad_(False).eval()


@pytest.mark.slow
def test_the_only_document_with_the_fact_ranks_first():
    documents, facts = corpus(seed=0)
    model = trained_model(documents)
    tracked = tracked_model(model)
    curvatures = fit(tracked, documents, batch_tokens=2000)
    queries = [text([COLOUR, OF, name, IS, value], prompt=4) for name, value in facts.items()]
    directions = directions_of(tracked, curvatures, queries)
    found = scores_of(tracked, directions, documents, batch_tokens=2000)
    influence = torch.tensor(found.influence)
    # Document i states the fact that query i asks for.
    ranks = (influence >= influence.diagonal().unsqueeze(1)).sum(1)
    assert (ranks == 1).float().mean() >= 0.95
    assert ranks.max() <= 3
