"""Planted facts: names of their own, one document each, and how high scores rank it."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from attribution_engine.influence.tokens import batches
from attribution_engine.lab.lab_scores import as_texts, score_lab
from attribution_engine.lab.planting import (
    FEWEST_WORDS,
    KINDS,
    completion_nats_of,
    mean_reciprocal_rank,
    plant,
    recall_at,
    target_ranks,
)
from attribution_engine.lab.retraining import Example
from attribution_engine.text.bm25 import words

CORPUS = ["Two and two make four, as anybody can count. " * 5, "A line has a slope. " * 12]


def test_every_plant_states_its_fact_once_and_in_its_own_document_only():
    plants = plant(2 * len(KINDS) + 3, 0, CORPUS)
    assert len({each.prompt for each in plants}) == len(plants)
    for number, each in enumerate(plants):
        assert each.completion == f" {each.answer}" and each.subject in each.prompt
        assert each.document.startswith(each.prompt + each.completion + ".")
        assert each.document.count(each.answer) == 1
        for other in plants[:number] + plants[number + 1 :]:
            for name in words(f"{each.subject} {each.answer}"):
                assert name not in words(other.document)


def test_names_are_drawn_anew_where_the_corpus_has_them():
    first = plant(12, 3, CORPUS)
    assert plant(12, 3, CORPUS) == first
    assert plant(12, 4, CORPUS) != first
    corpus = [*CORPUS, *(each.document.upper() for each in first)]
    second = plant(12, 3, corpus, taken=[first[0].answer])
    known = {word for text in corpus for word in words(text)}
    for each in second:
        assert known.isdisjoint(words(f"{each.subject} {each.answer}"))
    taken = plant(1, 3, CORPUS, taken=[first[0].subject])
    assert taken[0].subject != first[0].subject


def test_names_never_run_out():
    plants = plant(600, 0, [])  # of short first names there are 189
    names = [word for each in plants for word in words(f"{each.subject} {each.answer}")]
    assert len(set(names)) == len(names) > 1_400


@pytest.mark.parametrize("middle", [3, 60, 150])
def test_documents_are_as_long_as_the_middle_document(middle):
    corpus = ["word " * middle] * 3 + ["word " * 2000, "word"]
    for each in plant(8, 0, corpus):
        length = len(words(each.document))
        assert 0 <= length - max(middle, FEWEST_WORDS) < 20


def test_mean_reciprocal_rank_and_recall_of_a_known_matrix():
    scores = np.array(
        [
            [9.0, 1, 2, 3],  # its document is first
            [1.0, 2, 4, 3],  # third
            [0.0, 0, 0, 0],  # all alike: the mean rank, 2.5
            [5.0, 6, 7, -1],  # last
        ]
    )
    targets = [0, 1, 2, 3]
    np.testing.assert_array_equal(target_ranks(scores, targets), [1, 3, 2.5, 4])
    assert mean_reciprocal_rank(scores, targets) == pytest.approx((1 + 1 / 3 + 1 / 2.5 + 1 / 4) / 4)
    assert recall_at(scores, targets, 1) == 0.25
    assert recall_at(scores, targets, 3) == 0.75
    assert recall_at(scores, targets) == 1.0
    with pytest.raises(ValueError, match="NaN"):
        target_ranks(np.array([[np.nan, 1.0]]), [0])
    with pytest.raises(ValueError, match="1 targets for 4 queries"):
        recall_at(scores, [0])


class Words:
    """A vocabulary of words, full stops and spaces left out."""

    def __init__(self, texts: list[str]) -> None:
        known = dict.fromkeys(word for text in texts for word in words(text))
        self.ids = {word: number for number, word in enumerate(known, 1)}

    def example(self, text: str, prompt: str = "") -> Example:
        ids = (0, *(self.ids[word] for word in words(text)))
        return Example(ids, 1 + len(words(prompt)))


def tiny_llama(vocabulary: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=64,
        )
    )


def train(model: LlamaForCausalLM, documents: list[Example], steps: int) -> None:
    whole = next(iter(batches(as_texts(documents), 1 << 20)))
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        logits = model(input_ids=whole.inputs).logits[whole.has_loss]
        torch.nn.functional.cross_entropy(logits, whole.targets[whole.has_loss]).backward()
        optimiser.step()


@pytest.fixture(scope="module")
def planted():
    """Sixteen planted documents among eighty of shuffled words, and a model half trained on all."""
    plants = plant(16, 0, [])
    rng = Random(0)
    names = {word for each in plants for word in words(f"{each.subject} {each.answer}")}
    common = sorted({word for each in plants for word in words(each.document)} - names)
    texts = [each.document for each in plants]
    texts += [" ".join(rng.choices(common, k=30)) for _ in range(80)]
    vocabulary = Words(texts)
    documents = [vocabulary.example(text) for text in texts]
    queries = [vocabulary.example(each.prompt + each.completion, each.prompt) for each in plants]
    model = tiny_llama(len(vocabulary.ids) + 1)
    before = completion_nats_of(model, queries)
    train(model, documents, 70)
    return model, documents, queries, before


def test_a_planted_document_ranks_first_in_a_half_trained_model(planted):
    model, documents, queries, _ = planted
    found = score_lab(
        model, documents, queries, methods=("ek-fac", "gradient-dot", "gradient-cosine", "random")
    )
    ranks = {name: mean_reciprocal_rank(each, range(16)) for name, each in found.items()}
    # Plants of a kind share sentences, which plain gradients take for likeness.
    assert ranks["ek-fac"] > 0.9
    assert ranks["gradient-cosine"] > 0.4 and ranks["gradient-dot"] > 0.4
    assert ranks["random"] < 0.2
    assert recall_at(found["ek-fac"], range(16)) == 1.0


def test_nats_of_completions_are_minus_their_log_probability_and_fall_with_learning(planted):
    model, _, queries, before = planted
    after = completion_nats_of(model, queries)
    asked = queries[0]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([asked.tokens])).logits[0].double()
    log_p = torch.log_softmax(logits, -1)
    expected = -sum(
        float(log_p[at - 1, asked.tokens[at]]) for at in range(asked.start, len(asked.tokens))
    )
    assert after[0] == pytest.approx(expected, rel=1e-5)
    lengths = np.array([len(each.tokens) - each.start for each in queries])
    guessing = lengths * math.log(model.config.vocab_size)
    np.testing.assert_allclose(before, guessing, rtol=0.1)
    assert 0.2 < np.median(after / before) < 0.8  # half learnt
