"""Whole runs: stages, resuming, what the store holds, and bad input as one clear line."""

from __future__ import annotations

import json
from contextlib import contextmanager

import duckdb
import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM, MixtralConfig, MixtralForCausalLM

from attribution_engine import (
    curvature_stages,
    cut_stages,
    query_stages,
    score_stages,
    store_rows,
    token_stages,
)
from attribution_engine import run as run_module
from attribution_engine.__main__ import main
from attribution_engine.store.verify import verify
from attribution_engine.workspace import Workspace
from tests.tiny_run import write_config, write_model


def rows_of(store, query):
    connection = duckdb.connect(str(store), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def error_line(capsys, *arguments):
    """Runs a command that must fail on bad input; gives its one line."""
    assert main([str(argument) for argument in arguments]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("influence", ["", "rank = 3\nfactor_documents = 10"])
def test_a_run_fills_a_store_that_keeps_its_promises(tmp_path, influence):
    config = write_config(tmp_path, influence=influence)
    assert main(["run", str(config), "--device", "cpu"]) == 0
    store = tmp_path / "tiny.duckdb"
    assert verify(store) == []
    assert main(["verify", str(store)]) == 0
    assert rows_of(store, "SELECT count(*) FROM influence") == [(4 * 30,)]
    ((n_documents, n_queries, rank, stages),) = rows_of(
        store, "SELECT n_documents, n_queries, rank, stage_seconds FROM run"
    )
    assert (n_documents, n_queries) == (30, 4)
    assert rank == (3 if influence else None)
    assert {"completions", "eigenvalues", "scores", "tokens (predicted)"} <= set(json.loads(stages))
    correct = rows_of(store, "SELECT correct FROM queries ORDER BY query_id")
    assert [value for (value,) in correct[:3]] == [True, False, None]
    # Two tails of four documents, two alignments, for each of four queries.
    assert rows_of(store, "SELECT count(*) FROM token_influence") == [(4 * 8 * 2,)]
    assert not [path for path in tmp_path.iterdir() if path.name.endswith((".part", ".wal"))]


def test_prompt_and_response_documents_have_no_influence_on_prompt_tokens(tmp_path):
    rows = [{"q": f"take {n} points", "a": " so 1 2 3"} for n in range(12)]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = write_config(tmp_path)
    text = config.read_text().replace('text = "text"\nsource = "source"\ndifficulty = "level"', "")
    config.write_text(text.replace("max_tokens = 60", 'prompt = "q"\nresponse = "a"'))
    assert main(["run", str(config)]) == 0
    assert verify(tmp_path / "tiny.duckdb") == []
    for prompt_chars, ends, scores in rows_of(
        tmp_path / "tiny.duckdb",
        """SELECT prompt_chars, token_ends, scores FROM token_influence JOIN documents
           USING (doc_id) WHERE alignment = 'predicted'""",
    ):
        in_prompt = [score for end, score in zip(ends, scores) if end <= prompt_chars]
        assert in_prompt
        assert not any(in_prompt)


# What a run keeps, in this order; the last two are shards. Two groups of documents each.
STAGES = ("completions", "covariances", "bases", "eigenvalues", "directions", "scores", "predicted")
ALL_STAGES = "shard_tokens = 200\ncut_documents = 1"
EVERYTHING = "SELECT * EXCLUDE (query_id) FROM {} ORDER BY ALL"
TABLES = ("influence", "token_influence", "span_influence", "token_class_influence", "rank_fit")


def test_a_run_interrupted_after_any_stage_ends_in_the_same_scores(tmp_path, monkeypatch):
    whole = tmp_path / "whole"
    whole.mkdir()
    assert main(["run", str(write_config(whole, influence=ALL_STAGES))]) == 0
    for stage in (*STAGES, "cuts"):
        folder = tmp_path / stage
        folder.mkdir()
        config = write_config(folder, influence=ALL_STAGES)
        with monkeypatch.context() as patch:
            stop_after(patch, stage)
            assert main(["run", str(config)]) == 130
        assert not (folder / "tiny.duckdb").exists()
        assert main(["run", str(config), "--resume"]) == 0
        for table in TABLES:
            query = EVERYTHING.format(table)
            found = rows_of(folder / "tiny.duckdb", query)
            assert found and found == rows_of(whole / "tiny.duckdb", query)


def stop_after(patch, stage):
    """Makes a run stop, as by Ctrl-C, when it has kept the first result of a stage."""
    save, writing_shard = Workspace.save, Workspace.writing_shard

    def stopped_save(self, name, result):
        save(self, name, result)
        if name.split("/")[0] == stage:
            raise KeyboardInterrupt

    @contextmanager
    def stopped_shard(self, name):
        with writing_shard(self, name) as folder:
            yield folder
        if name.split("/")[0] == stage:
            raise KeyboardInterrupt

    patch.setattr(Workspace, "save", stopped_save)
    patch.setattr(Workspace, "writing_shard", stopped_shard)


def test_a_resumed_run_does_not_compute_finished_stages_again(tmp_path, monkeypatch):
    config = write_config(tmp_path, influence=ALL_STAGES)
    assert main(["run", str(config)]) == 0

    def never(*_arguments, **_named):
        raise AssertionError("computed again")

    for module, name in (
        (run_module, "complete_queries"),
        (curvature_stages, "fit_covariances"),
        (curvature_stages, "eigenpairs"),
        (curvature_stages, "fit_eigenvalues"),
        (query_stages, "query_directions"),
        (score_stages, "score_documents"),
        (token_stages, "predicted_scores"),
        (cut_stages, "score_documents"),
    ):
        monkeypatch.setattr(module, name, never)
    assert main(["run", str(config), "--resume"]) == 0


@pytest.mark.parametrize("changed", ["corpus", "configuration", "model", "queries"])
def test_resuming_with_changed_input_is_refused(tmp_path, capsys, changed):
    config = write_config(tmp_path)
    assert main(["run", str(config)]) == 0
    if changed == "configuration":
        config.write_text(config.read_text().replace("tail = 4", "tail = 3"))
    else:
        file = {
            "corpus": tmp_path / "corpus.jsonl",
            "queries": tmp_path / "given.jsonl",
            "model": tmp_path / "model" / "config.json",
        }[changed]
        file.write_text(file.read_text() + "\n")
    line = error_line(capsys, "run", config, "--resume")
    assert changed in line
    assert "without --resume" in line
    if changed == "configuration":
        assert "influence.tail was 4, is 3" in line


def test_a_document_longer_than_the_context_is_named_with_its_row(tmp_path, capsys):
    config = write_config(tmp_path, corpus="")
    corpus = tmp_path / "corpus.jsonl"
    lines = corpus.read_text().splitlines()
    row = json.loads(lines[6])
    row["text"] = "the slope of a line " * 60
    lines[6] = json.dumps(row)
    corpus.write_text("\n".join(lines) + "\n")
    line = error_line(capsys, "run", config)
    assert "corpus.jsonl: line 7" in line
    assert "corpus.max_tokens" in line
    config.write_text(config.read_text().replace("[[queries]]", "max_tokens = 64\n[[queries]]", 1))
    assert main(["run", str(config)]) == 0
    cut = rows_of(tmp_path / "tiny.duckdb", "SELECT truncated_documents FROM run")
    assert cut == [(1,)]


def test_max_tokens_beyond_the_context_is_refused(tmp_path, capsys):
    line = error_line(capsys, "run", write_config(tmp_path, corpus="max_tokens = 65"))
    assert "context holds 64" in line


def test_a_model_folder_without_a_tokenizer_is_named(tmp_path, capsys):
    write_model(tmp_path / "model", tokenizer=False)
    line = error_line(capsys, "run", write_config(tmp_path))
    assert "no tokenizer in this folder" in line


def test_a_missing_model_folder_is_named(tmp_path, capsys):
    config = write_config(tmp_path)
    config.write_text(config.read_text().replace("/model", "/nowhere"))
    assert "nowhere" in error_line(capsys, "run", config)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('{"text": "a", "source": "wiki"}', "level"),
        ("{not json", "JSON"),
        ('{"text": "  ", "source": "wiki", "level": 1}', "empty"),
    ],
)
def test_a_bad_row_is_one_line_and_leaves_nothing(tmp_path, capsys, broken, said):
    config = write_config(tmp_path)
    corpus = tmp_path / "corpus.jsonl"
    lines = corpus.read_text().splitlines()
    corpus.write_text("\n".join([*lines[:4], broken, *lines[5:]]) + "\n")
    line = error_line(capsys, "run", config)
    assert said in line
    assert "5" in line
    assert not (tmp_path / "tiny.duckdb").exists()


def test_an_unknown_suite_is_named_with_those_there_are(tmp_path, capsys):
    config = write_config(tmp_path)
    text = config.read_text().replace(f'file = "{tmp_path}/given.jsonl"', 'suite = "slops"')
    config.write_text(text)
    line = error_line(capsys, "run", config)
    assert "slops" in line
    assert "slopes" in line


def test_a_tokenizer_of_another_model_is_refused(tmp_path, capsys):
    config = write_config(tmp_path)
    settings = tmp_path / "model" / "config.json"
    small = LlamaConfig.from_pretrained(tmp_path / "model", vocab_size=200)
    LlamaForCausalLM(small).save_pretrained(tmp_path / "model")
    assert json.loads(settings.read_text())["vocab_size"] == 200
    assert "model's own tokenizer" in error_line(capsys, "run", config)


def test_a_checkpoint_that_lacks_weights_is_refused(tmp_path, capsys):
    config = write_config(tmp_path)
    weights = load_file(tmp_path / "model" / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if "layers.1.mlp" not in name}
    save_file(kept, tmp_path / "model" / "model.safetensors", metadata={"format": "pt"})
    assert "weights are not in the checkpoint" in error_line(capsys, "run", config)


def test_a_weight_that_is_not_a_number_is_named(tmp_path, capsys):
    config = write_config(tmp_path)
    weights = load_file(tmp_path / "model" / "model.safetensors")
    weights["model.layers.0.mlp.up_proj.weight"][0, 0] = float("nan")
    save_file(weights, tmp_path / "model" / "model.safetensors", metadata={"format": "pt"})
    line = error_line(capsys, "run", config)
    assert "NaN" in line
    assert "layers.0.mlp" in line


def test_a_mixture_of_experts_gives_a_store_that_keeps_its_promises(tmp_path):
    config = write_config(tmp_path)
    sizes = {"vocab_size": 300, "hidden_size": 16, "intermediate_size": 24}
    heads = {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    settings = MixtralConfig(**sizes, **heads, num_local_experts=4, max_position_embeddings=64)
    MixtralForCausalLM(settings).save_pretrained(tmp_path / "model")
    assert main(["run", str(config)]) == 0
    assert verify(tmp_path / "tiny.duckdb") == []
    ((layers,),) = rows_of(tmp_path / "tiny.duckdb", "SELECT tracked_layers FROM run")
    assert len(layers) == 8 and "experts" in layers[0]


@pytest.mark.parametrize("place", ["store", "work"])
def test_an_output_that_cannot_be_written_is_named_before_anything_is_computed(
    tmp_path, capsys, monkeypatch, place
):
    config = write_config(tmp_path)
    (tmp_path / "file").write_text("in the way")
    old = {"store": "tiny.duckdb", "work": "work"}[place]
    text = config.read_text().replace(
        f'{place} = "{tmp_path}/{old}', f'{place} = "{tmp_path}/file/x'
    )
    config.write_text(text)
    monkeypatch.setattr(run_module, "prepare", lambda *_: pytest.fail("computed"))
    assert f"output.{place}" in error_line(capsys, "run", config)


def test_a_bad_query_row_does_not_cost_finished_stages(tmp_path, capsys):
    config = write_config(tmp_path)
    assert main(["run", str(config)]) == 0
    stages = sorted(path.name for path in (tmp_path / "work" / "stages").rglob("*"))
    assert "documents.parquet" in stages and "completions.pt" in stages
    (tmp_path / "asked.jsonl").write_text('{"prompt": 3}\n')
    assert "asked.jsonl" in error_line(capsys, "run", config)
    assert sorted(path.name for path in (tmp_path / "work" / "stages").rglob("*")) == stages


def test_files_of_others_in_the_work_folder_are_left_alone(tmp_path):
    config = write_config(tmp_path)
    mine = tmp_path / "work" / "stages" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert main(["run", str(config)]) == 0
    assert mine.read_text() == "mine"


def test_a_damaged_stage_is_computed_again(tmp_path):
    config = write_config(tmp_path, influence=ALL_STAGES)
    assert main(["run", str(config)]) == 0
    folder, store = tmp_path / "work" / "stages", tmp_path / "tiny.duckdb"
    before = {table: rows_of(store, EVERYTHING.format(table)) for table in TABLES}
    kept = sorted((*folder.rglob("*.pt"), *folder.rglob("*.parquet")))
    kinds = {path.relative_to(folder).parts[0].removesuffix(".pt") for path in kept}
    assert kinds >= {*STAGES, "cuts"} - {"covariances"}  # which go when they are decomposed
    for path, content in zip(kept, [b"", b"PK\x03\x04 cut", b"PAR1"] * len(kept)):
        path.write_bytes(content)
    assert main(["run", str(config), "--resume"]) == 0
    assert {table: rows_of(store, EVERYTHING.format(table)) for table in TABLES} == before
    # One at a time as well: a stage may be read back while the one before it is damaged.
    of_each_kind = {(path.relative_to(folder).parts[0], path.name[0]): path for path in kept}
    for path in of_each_kind.values():
        path.write_bytes(b"")
        assert main(["run", str(config), "--resume"]) == 0
        assert rows_of(store, EVERYTHING.format("influence")) == before["influence"]


def test_a_bfloat16_model_gives_a_store_that_keeps_its_promises(tmp_path):
    config = write_config(tmp_path)
    config.write_text(config.read_text().replace("[model]", '[model]\ndtype = "bfloat16"'))
    assert main(["run", str(config)]) == 0
    assert verify(tmp_path / "tiny.duckdb") == []


def test_a_layer_that_no_document_moves_has_no_influence_and_no_nan(tmp_path):
    config = write_config(tmp_path)
    weights = load_file(tmp_path / "model" / "model.safetensors")
    weights["model.layers.1.mlp.down_proj.weight"][:] = 0.0  # nothing reaches gate and up
    save_file(weights, tmp_path / "model" / "model.safetensors", metadata={"format": "pt"})
    assert main(["run", str(config)]) == 0
    assert verify(tmp_path / "tiny.duckdb") == []


def test_a_failed_run_leaves_the_old_store_as_it_was(tmp_path, monkeypatch):
    config = write_config(tmp_path)
    assert main(["run", str(config)]) == 0
    before = (tmp_path / "tiny.duckdb").read_bytes()

    def full_disk(*_arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr(store_rows, "insert_curves", full_disk)
    with pytest.raises(OSError, match="No space"):
        run_module.run(run_module_config(config))
    assert (tmp_path / "tiny.duckdb").read_bytes() == before
    assert not list(tmp_path.glob(".*.part*"))


def run_module_config(path):
    from attribution_engine.corpora.configuration import load_config

    return load_config(path)


def test_ranks_follow_influence_and_ties_go_to_the_lower_document():
    from attribution_engine.store.writer import norm_corrected, ranked

    scores = np.array([0.5, 2.0, 0.5, -1.0])
    order, ranks = ranked(scores)
    assert order.tolist() == [1, 0, 2, 3]
    assert ranks.tolist() == [2, 1, 3, 4]
    assert norm_corrected(scores, np.array([2.0, 0.0, 1.0, 4.0])).tolist() == [0.25, 0, 0.5, -0.25]
