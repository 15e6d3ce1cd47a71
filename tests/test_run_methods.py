"""Whole runs of every method and level: what the store holds is what brute force says."""

from __future__ import annotations

import json
import weakref

import duckdb
import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from attribution_engine.__main__ import main
from attribution_engine.corpora.configuration import load_config
from attribution_engine.curvature_stages import factor_rows
from attribution_engine.influence.cuts import without_span
from attribution_engine.influence.scores import self_scores
from attribution_engine.preparation import prepare, with_weights
from attribution_engine.records import METHODS
from attribution_engine.run import completed_queries
from attribution_engine.store.verify import verify
from attribution_engine.text.bm25 import bm25_scores
from attribution_engine.text.token_classes import classify
from attribution_engine.workspace import Workspace
from tests.influence.tiny_models import (
    autograd_gradients,
    directions_of,
    fit,
    scores_of,
    tracked_model,
)
from tests.tiny_run import write_config

CHECKPOINTS = """
[[influence.checkpoints]]
path = "{folder}/first"
learning_rate = 0.5
[[influence.checkpoints]]
path = "{folder}/second"
learning_rate = 0.125
"""


def rows_of(folder, query):
    with duckdb.connect(str(folder / "tiny.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def run_in(folder, influence, *, dtype="float64"):
    """A whole run in its own folder that keeps its promises; its configuration."""
    folder.mkdir(exist_ok=True)
    config = write_config(folder, influence=influence)
    text = config.read_text().replace("[model]", f'[model]\ndtype = "{dtype}"', 1)
    config.write_text(text.replace("tail = 4\n", "" if "tail =" in influence else "tail = 4\n"))
    assert main(["run", str(config), "--device", "cpu"]) == 0
    assert verify(folder / "tiny.duckdb") == []
    return load_config(config)


def influence_of(folder):
    """[queries, documents]"""
    rows = rows_of(folder, "SELECT query_id, doc_id, influence FROM influence")
    found = np.full((1 + max(q for q, _, _ in rows), 1 + max(d for _, d, _ in rows)), np.nan)
    for query, document, influence in rows:
        found[query, document] = influence
    return found


def inputs_of(config):
    """The model, the documents and the queries' only parts, as the run saw them."""
    ready = prepare(config, "cpu")
    completed, _ = completed_queries(ready, Workspace(config, resume=True))
    return ready, list(ready.corpus), [each.tokens for each in completed]


def gradients_of(tracked, texts):
    """∇L of every text over the tracked layers, [texts, parameters]."""
    found = [autograd_gradients(tracked.model, tracked.layers, text) for text in texts]
    return torch.stack([torch.cat([g.flatten() for g in each]) for each in found]).numpy()


def expected_scores(method, config, folder):
    """Influence [queries, documents] by autograd, or by the tested parts of the engine."""
    ready, documents, queries = inputs_of(config)
    options, tracked = config.influence, ready.tracked
    if method == "bm25":
        texts = [ready.corpus.document(row).text for row in range(len(documents))]
        asked = rows_of(folder, "SELECT prompt || ' ' || completion FROM queries ORDER BY query_id")
        return bm25_scores(lambda: iter(texts), [words for (words,) in asked])
    if method in ("gradient-dot", "gradient-cosine"):
        of_queries, of_documents = (gradients_of(tracked, each) for each in (queries, documents))
        if method == "gradient-cosine":
            of_queries /= np.linalg.norm(of_queries, axis=1, keepdims=True)
            of_documents /= np.linalg.norm(of_documents, axis=1, keepdims=True)
        return of_queries @ of_documents.T
    if method == "tracin":
        total = 0.0
        for each in options.checkpoints:
            model = LlamaForCausalLM.from_pretrained(each.path, dtype=torch.float64)
            model.requires_grad_(False).eval()
            tracked = tracked_model(model)
            of_queries, of_documents = (gradients_of(tracked, x) for x in (queries, documents))
            total = total + each.learning_rate * of_queries @ of_documents.T
        return total
    curvatures = fit(
        tracked,
        documents,
        method="ek-fac" if method == "self-influence" else method,
        seed=options.seed,
        rows=factor_rows(options, len(documents)),
    )
    if method == "self-influence":
        return self_scores(
            tracked,
            [(tracked.wanted, lambda: curvatures)],
            documents,
            range(len(documents)),
            damping=options.damping,
            batch_tokens=60,
        ).influence
    return scores_of(tracked, directions_of(tracked, curvatures, queries), documents).influence


def write_checkpoints(folder):
    for number, name in enumerate(("first", "second")):
        torch.manual_seed(number + 1)
        config = LlamaConfig(
            vocab_size=300,
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=64,
        )
        LlamaForCausalLM(config).save_pretrained(folder / name)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_runs_through_and_scores_as_brute_force_does(tmp_path, method):
    options = f'method = "{method}"\nseed = 7'
    if method == "tracin":
        write_checkpoints(tmp_path)
        options += CHECKPOINTS.format(folder=tmp_path)
    if method in ("gradient-dot", "gradient-cosine", "tracin"):
        options = "cut_documents = 1\n" + options
    config = run_in(tmp_path, options)
    found, expected = influence_of(tmp_path), expected_scores(method, config, tmp_path)
    assert found.shape == (1 if method == "self-influence" else 4, 30)
    # Llama's norms compute in float32 even in a float64 model.
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())
    ((kept, seed, damping, alignment, tail, factors),) = rows_of(
        tmp_path, "SELECT method, seed, damping, token_alignment, tail, factor_documents FROM run"
    )
    without_tokens = method in ("bm25", "self-influence")
    fitted = method in ("ek-fac", "k-fac", "diagonal", "self-influence")
    assert (kept, seed) == (method, 7)
    assert (damping, factors) == ((0.1, 30) if fitted else (None, None))
    assert (alignment, tail) == (("", 0) if without_tokens else ("predicted,update", 4))
    norms = {norm for (norm,) in rows_of(tmp_path, "SELECT gradient_norm FROM documents")}
    assert (norms == {None}) == (method == "bm25")
    ((n_token_rows,),) = rows_of(tmp_path, "SELECT count(*) FROM token_influence")
    assert n_token_rows == (0 if without_tokens else 4 * 8 * 2)


def test_of_checkpoints_one_at_a_time_is_in_memory_and_norms_are_of_all(tmp_path, monkeypatch):
    write_checkpoints(tmp_path)
    loaded = []

    def watched(ready, path):
        alive = sum(each() is not None for each in loaded)
        assert not alive, f"{alive} checkpoints are in memory"
        found = with_weights(ready, path)
        loaded.append(weakref.ref(found.model))
        return found

    monkeypatch.setattr("attribution_engine.run.with_weights", watched)
    config = run_in(tmp_path, 'method = "tracin"\n' + CHECKPOINTS.format(folder=tmp_path))
    assert len(loaded) == 4
    _, documents, _ = inputs_of(config)
    squares = 0.0
    for each in config.influence.checkpoints:
        model = LlamaForCausalLM.from_pretrained(each.path, dtype=torch.float64)
        model.requires_grad_(False).eval()
        gradients = gradients_of(tracked_model(model), documents)
        squares = squares + each.learning_rate * np.square(gradients).sum(1)
    norms = [n for (n,) in rows_of(tmp_path, "SELECT gradient_norm FROM documents ORDER BY doc_id")]
    np.testing.assert_allclose(norms, np.sqrt(squares), rtol=1e-3)


def test_self_influence_completes_no_query_and_takes_a_set_without_a_correct_item(
    tmp_path, monkeypatch
):
    options = 'method = "self-influence"'
    run_in(tmp_path / "plain", options)
    folder = tmp_path / "set"
    folder.mkdir()
    config = write_config(folder, influence=options)
    wrong = {"prompt": "so", "completion": " 1", "reference": "2"}
    (folder / "given.jsonl").write_text(json.dumps(wrong) + "\n")
    text = config.read_text().replace("[model]", '[model]\ndtype = "float64"', 1)
    config.write_text(text.replace('"given"\n', '"given"\nset = true\n', 1))
    monkeypatch.setattr("attribution_engine.run.complete_queries", lambda *_: pytest.fail("asked"))
    assert main(["run", str(config), "--device", "cpu"]) == 0
    assert np.array_equal(influence_of(folder), influence_of(tmp_path / "plain"))


@pytest.mark.parametrize("method", ["gradient-dot", "gradient-cosine"])
def test_cut_influence_is_what_the_document_loses_with_the_span(tmp_path, method):
    config = run_in(tmp_path, f'method = "{method}"\ncut_documents = 2')
    ready, _, queries = inputs_of(config)
    cuts = rows_of(
        tmp_path,
        """SELECT query_id, doc_id, "start", "end", cut_influence, influence.influence
        FROM span_influence JOIN spans USING (doc_id, span_id)
        JOIN influence USING (query_id, doc_id) WHERE cut_influence IS NOT NULL""",
    )
    ends = rows_of(tmp_path, "SELECT query_id, doc_id FROM influence WHERE rank <= 2 OR rank > 28")
    assert {(q, d) for q, d, *_ in cuts} <= set(ends) and len(cuts) > 4
    of_queries = gradients_of(ready.tracked, queries)
    for query, row, start, end, lost, whole in cuts:
        edited = without_span(
            ready.corpus.document(row),
            start,
            end,
            ready.tokenizer,
            max_tokens=config.corpus.max_tokens,
            context=ready.context,
            vocabulary=ready.vocabulary,
        )
        (of_document,) = gradients_of(ready.tracked, [edited])
        left = of_queries[query] @ of_document
        if method == "gradient-cosine":
            left /= np.linalg.norm(of_queries[query]) * np.linalg.norm(of_document)
        assert lost == pytest.approx(whole - left, rel=1e-3, abs=1e-4 * (abs(whole) + abs(left)))


def test_span_and_class_sums_are_sums_of_update_scores(tmp_path):
    # With the tails as long as the corpus every document has token scores.
    config = run_in(tmp_path, 'tail = 30\nalignments = ["update"]\nshard_tokens = 300')
    tokens = {
        (query, row): np.array(scores)
        for query, row, scores in rows_of(
            tmp_path, "SELECT query_id, doc_id, scores FROM token_influence"
        )
    }
    assert len(tokens) == 4 * 30
    documents = {
        row: (text, ends)
        for row, text, ends in rows_of(tmp_path, "SELECT doc_id, text, token_ends FROM documents")
    }
    sums: dict = {}
    for (query, row), scores in tokens.items():
        for name, score in zip(classify(*documents[row]), scores, strict=True):
            at = (query, name)
            sums[at] = sums.get(at, np.zeros(2)) + (1, score)
    kept = rows_of(
        tmp_path, "SELECT query_id, token_class, n, n * mean, share FROM token_class_influence"
    )
    assert {(query, name) for query, name, *_ in kept} == set(sums)
    sizes = dict.fromkeys(range(4), 0.0)
    for (query, _), (_, total) in sums.items():
        sizes[query] += abs(total)
    for query, name, n, total, share in kept:
        count, expected = sums[query, name]
        assert n == count
        assert total == pytest.approx(expected, rel=1e-3, abs=1e-4 * sizes[query])
        assert share == pytest.approx(expected / sizes[query], rel=1e-3, abs=1e-4)
    spans = rows_of(
        tmp_path,
        """SELECT query_id, doc_id, "start", "end", influence FROM span_influence
        JOIN spans USING (doc_id, span_id)""",
    )
    assert {(query, row) for query, row, *_ in spans} == set(tokens)
    for query, row, start, end, influence in spans:
        scores, ends = tokens[query, row], np.array(documents[row][1])
        inside = scores[(ends > start) & (ends <= end)]
        assert influence == pytest.approx(inside.sum(), rel=1e-4, abs=1e-5 * np.abs(scores).sum())
    assert config.influence.alignments == ("update",)


def test_layers_in_groups_give_the_same_store(tmp_path, capsys):
    run_in(tmp_path / "whole", "rank = 2\ncut_documents = 1")
    assert "layers 1 to" not in capsys.readouterr().err
    run_in(tmp_path / "groups", "rank = 2\ncut_documents = 1\nmemory_gb = 3e-5")
    said = capsys.readouterr().err
    assert "covariances, layers 1 to" in said and "eigenvalues, layers 1 to" in said
    one, other = (influence_of(tmp_path / name) for name in ("whole", "groups"))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * np.abs(one).max())
    for table, column in (
        ("token_influence", "list_sum([abs(x) FOR x IN scores])"),
        ("span_influence", "abs(cut_influence)"),
        ("token_class_influence", "abs(mean)"),
    ):
        query = f"SELECT count(*), sum({column}) FROM {table}"
        ((n, total),) = rows_of(tmp_path / "whole", query)
        assert n > 0
        assert rows_of(tmp_path / "groups", query) == [(n, pytest.approx(total, rel=1e-3))]


def test_levels_without_spans_and_without_tokens(tmp_path):
    """Without spans `update` shares come from a second pass over the tails; they are the same."""
    run_in(tmp_path / "all", "rank = 3")
    run_in(tmp_path / "tokens", 'rank = 3\nlevels = ["document", "token"]')
    run_in(tmp_path / "documents", 'levels = ["document"]\nrank = 3')
    whole = influence_of(tmp_path / "all")
    for name in ("tokens", "documents"):
        found = influence_of(tmp_path / name)
        np.testing.assert_allclose(found, whole, rtol=1e-4, atol=1e-5 * np.abs(whole).max())
        for table in ("spans", "span_influence", "token_class_influence"):
            assert rows_of(tmp_path / name, f"SELECT count(*) FROM {table}") == [(0,)]
    query = "SELECT query_id, doc_id, alignment, scores FROM token_influence ORDER BY ALL"
    one, other = rows_of(tmp_path / "all", query), rows_of(tmp_path / "tokens", query)
    assert [row[:3] for row in one] == [row[:3] for row in other]
    for row, twin in zip(one, other, strict=True):
        np.testing.assert_allclose(row[3], twin[3], rtol=1e-3, atol=1e-4 * np.abs(row[3]).max())
    query = "SELECT token_alignment, tail, (SELECT count(*) FROM token_influence) FROM run"
    assert rows_of(tmp_path / "documents", query) == [("", 0, 0)]


def test_the_seed_of_the_drawn_labels_is_kept_and_decides_the_scores(tmp_path):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        run_in(tmp_path / name, f"seed = {seed}\nfactor_passes = 2", dtype="float32")
        assert rows_of(tmp_path / name, "SELECT seed FROM run") == [(seed,)]
    one, again, other = (influence_of(tmp_path / name) for name in ("one", "again", "other"))
    assert np.array_equal(one, again)
    assert np.abs(one - other).max() > 1e-3 * np.abs(one).max()


def test_a_set_query_keeps_its_items(tmp_path):
    config = write_config(tmp_path)
    text = config.read_text().replace("[[queries]]", "[[queries]]\nset = true", 1)
    config.write_text(text)
    rows = (tmp_path / "given.jsonl").read_text().splitlines()[:2]  # a right one, a wrong one
    more = rows[0].replace("a line", "the line")
    (tmp_path / "given.jsonl").write_text("\n".join([*rows, more]) + "\n")
    assert main(["run", str(config)]) == 0
    assert verify(tmp_path / "tiny.duckdb") == []
    items = rows_of(tmp_path, "SELECT item, correct, in_set, nats FROM query_items ORDER BY item")
    assert [row[:3] for row in items] == [
        (1, True, True),
        (2, False, False),
        (3, True, True),
    ]
    ((nats,),) = rows_of(tmp_path, "SELECT nats FROM queries WHERE query_id = 0")
    assert nats == pytest.approx((items[0][3] + items[2][3]) / 2)
    # The set's influence is the mean of its items' own.
    config.write_text(config.read_text().replace("set = true", "set = false"))
    (tmp_path / "given.jsonl").write_text("\n".join([rows[0], more]) + "\n")
    found = influence_of(tmp_path)
    assert main(["run", str(config)]) == 0
    alone = influence_of(tmp_path)
    np.testing.assert_allclose(
        found[0], (alone[0] + alone[1]) / 2, rtol=1e-3, atol=1e-4 * np.abs(found[0]).max()
    )
