"""A model folder, a corpus and a suite so small that a whole run takes a second."""

from __future__ import annotations

import json
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WORDS = "the slope of a line is rise over run, so take two points and divide 1 2 3 é 🙂".split()


def write_model(folder: Path, *, context: int = 64, tokenizer: bool = True) -> Path:
    """A random Llama of a few thousand parameters with a byte-level tokenizer."""
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=300,
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=context,
        )
    ).save_pretrained(folder)
    if tokenizer:
        byte_level = Tokenizer(models.BPE())
        byte_level.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        byte_level.decoder = decoders.ByteLevel()
        byte_level.train_from_iterator(
            [" ".join(WORDS)],
            trainers.BpeTrainer(
                vocab_size=300,
                special_tokens=["<s>", "</s>"],
                initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                show_progress=False,
            ),
        )
        byte_level.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 0)]
        )
        PreTrainedTokenizerFast(
            tokenizer_object=byte_level, bos_token="<s>", eos_token="</s>"
        ).save_pretrained(folder)
    return folder


def write_corpus(path: Path, n: int = 30) -> Path:
    """Documents of one to three lines, each line a span."""
    draw = random.Random(0)
    rows = [
        {
            "text": "\n".join(
                " ".join(draw.choices(WORDS, k=draw.randint(3, 6))) for _ in range(1 + at % 3)
            ),
            "source": draw.choice(["wiki", "code"]),
            "level": draw.choice([1, 2]),
        }
        for at in range(n)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_config(folder: Path, *, influence: str = "", corpus: str = "max_tokens = 60") -> Path:
    """A configuration with its model, corpus and suite, all in `folder`."""
    if not (folder / "model").exists():
        write_model(folder / "model")
    if not (folder / "corpus.jsonl").exists():
        write_corpus(folder / "corpus.jsonl")
    rows = [
        {"prompt": "the slope of", "completion": " a line is 2", "reference": "2"},
        {"prompt": "take two", "completion": " points and 1", "kind": "factual", "reference": "3"},
        {"prompt": "a line is", "completion": " 🙂", "kind": "control"},
    ]
    (folder / "given.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "asked.jsonl").write_text(json.dumps({"prompt": "so", "reference": "1"}) + "\n")
    config = folder / "tiny.toml"
    config.write_text(
        f"""
name = "tiny"
[model]
path = "{folder}/model"
[corpus]
path = "{folder}/corpus.jsonl"
text = "text"
source = "source"
difficulty = "level"
{corpus}
[[queries]]
file = "{folder}/given.jsonl"
completions = "given"
[[queries]]
file = "{folder}/asked.jsonl"
completions = "generate"
max_new_tokens = 6
[influence]
tail = 4
batch_tokens = 250
{influence}
[output]
store = "{folder}/tiny.duckdb"
work = "{folder}/work"
"""
    )
    return config
