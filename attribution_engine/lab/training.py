"""Train a small Llama, from nothing or from a trained one, resumably and within a time budget."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import os
import platform
import shlex
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from attribution_engine.lab.batches import (
    IGNORED,
    Example,
    Fields,
    count_tokens,
    encode,
    make_batches,
    pad,
    read_rows,
    split_off,
)
from attribution_engine.lab.lab_model import Vocabulary, llama_config
from attribution_engine.lab.tokenizer import load_tokenizer, save_tokenizer, train_tokenizer
from attribution_engine.lab.trainer import Trainer, TrainingSettings, token_loss
from attribution_engine.records import InputError

SAVED = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def build_model(settings: TrainingSettings, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A Llama with random weights; embeddings tied."""
    special = [tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id]
    vocabulary = Vocabulary(len(tokenizer), *map(int, special))
    return LlamaForCausalLM(llama_config(settings, vocabulary))


def load_base(folder: Path) -> LlamaForCausalLM:
    """A trained Llama, in float32 whatever it was saved in."""
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)


def bf16_is_faster(model: LlamaForCausalLM, settings: TrainingSettings) -> bool:
    """Measure on the CPU whether bfloat16 saves time, on a copy of the model."""
    trial = copy.deepcopy(model)
    tokens = torch.randint(3, settings.vocabulary, (max(1, settings.batch_tokens // 128), 128))
    tokens %= model.config.vocab_size
    seconds = {}
    for bf16 in (False, True, False, True):
        start = time.perf_counter()
        for _ in range(3):
            token_loss(trial, tokens, tokens, bf16).backward()
        seconds[bf16] = time.perf_counter() - start
    return seconds[True] < 0.9 * seconds[False]


def fingerprint(corpus: Path, settings: TrainingSettings, seed: int, base: Path | None) -> str:
    """What a checkpoint must agree on before training goes on from it."""
    digest = hashlib.sha256(corpus.read_bytes())
    if base is not None:
        digest.update((base / "model.safetensors").read_bytes())
    digest.update(json.dumps([asdict(settings), seed]).encode())
    return digest.hexdigest()


@torch.no_grad()
def measure_loss(
    model: LlamaForCausalLM, documents: list[Example], settings: TrainingSettings, padding: int
) -> float:
    """Mean loss per token in nats, in float32; NaN without documents."""
    total, count = 0.0, 0
    for batch in make_batches(documents, settings.batch_tokens, None) if documents else []:
        inputs, targets = pad([documents[index] for index in batch], padding)
        inputs, targets = inputs.to(model.device), targets.to(model.device)
        total += token_loss(model, inputs, targets, False).item()
        count += int((targets[:, 1:] != IGNORED).sum())
    return total / count if count else math.nan


def machine() -> dict[str, Any]:
    """What the training ran on: cores, CPU model, torch version."""
    name = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text().splitlines()
        name = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), name)
    return {"cores": os.cpu_count(), "cpu": name, "torch": torch.__version__}


def train(
    corpus: Path,
    out: Path,
    *,
    settings: TrainingSettings | None = None,
    device: str = "cpu",
    seed: int = 0,
    tokenizer: PreTrainedTokenizerFast | None = None,
    work: Path | None = None,
    base: Path | None = None,
    held_out: Path | None = None,
) -> dict[str, Any]:
    """Train a Llama and save it with its tokenizer and `training.json`.

    Training goes on from the checkpoint in `work` if that is of the same corpus, settings and
    seed. The folder `out` appears only when everything in it is complete.

    Args:
        corpus: JSONL file.
        out: folder of the finished model; an older one is replaced.
        settings: shape and schedule; None = the demo's.
        device: "cpu", "cuda" or "auto".
        seed: decides weights, order of documents and the held-out part.
        tokenizer: None = train one on the corpus.
        work: folder of the checkpoint; None = beside `out`.
        base: folder of a trained model to go on from, with its tokenizer; the shape in
            `settings` is not used then. None = from nothing.
        held_out: JSONL file of documents to measure the loss on, those of the corpus left out;
            None = a part of the corpus, which is then not trained on.

    Returns:
        What was written to `training.json`.

    Raises:
        InputError: the corpus is missing, empty, or lacks the text field; there is no `base`.
    """
    settings = settings or TrainingSettings()
    if base is not None and not (base / "model.safetensors").is_file():
        raise InputError(f"{base}: no model to fine-tune; train that one first")
    device = choose_device(device)
    work = work or out.with_name(out.name + ".training")
    work.mkdir(parents=True, exist_ok=True)
    fields = Fields(settings.text, settings.prompt, settings.response)
    rows = read_rows(corpus, fields)
    if base is not None:
        tokenizer = load_tokenizer(base)
    tokenizer = tokenizer or train_tokenizer(
        (row.text for row in rows), vocabulary=settings.vocabulary, context=settings.context
    )
    documents, measured = split_off(
        encode(tokenizer, rows, settings.context), settings.held_out, seed
    )
    if held_out is not None:
        known = set(rows)
        others = [row for row in read_rows(held_out, fields) if row not in known]
        measured += encode(tokenizer, others, settings.context)
    torch.manual_seed(seed)
    model = load_base(base) if base else build_model(settings, tokenizer)
    torch.nn.Module.to(model, torch.device(device))
    mark = fingerprint(corpus, settings, seed, base)
    trainer = Trainer(model, settings, work / "checkpoint.pt", mark, seed)
    resumed = trainer.load()
    bf16 = settings.bf16
    if bf16 is None:
        bf16 = device == "cuda" or bf16_is_faster(model, settings)
    per_epoch = len(make_batches(documents, settings.batch_tokens, None))
    padding = int(tokenizer.pad_token_id)
    trainer.run(documents, padding, max(1, round(settings.epochs * per_epoch)), bf16)
    trainer.save()
    model.eval()
    torch.nn.Module.to(model, SAVED[settings.saved]).float()  # measured as it is saved
    progress = trainer.progress
    report = {
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "seed": seed,
        "base": str(base) if base else None,
        "optimiser": "AdamW, β = (0.9, 0.95)",
        "settings": asdict(settings),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "corpus": {
            "documents": len(rows),
            "trained_on": len(documents),
            "held_out": len(measured),
            "tokens": count_tokens(documents),
            "sha256": hashlib.sha256(corpus.read_bytes()).hexdigest(),
        },
        "steps": progress.step,
        "tokens": progress.tokens,
        "epochs": round(progress.tokens / count_tokens(documents), 2),
        "seconds": round(progress.seconds, 1),
        "resumed": resumed,
        "bf16": bf16,
        "loss_first_step": round(progress.first_loss, 4),
        "loss_last_steps": round(progress.last_loss, 4),
        "loss_held_out": round(measure_loss(model, measured, settings, padding), 4),
        "history": progress.history,
        "device": device,
        "machine": machine(),
    }
    save_model(model, tokenizer, report, out)
    return report


def choose_device(device: str) -> str:
    """Resolve "auto" to CUDA where there is one."""
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def save_model(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, report: dict[str, Any], out: Path
) -> None:
    """Write model, tokenizer and report beside `out`, then move them into place."""
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    torch.nn.Module.to(model, SAVED[report["settings"]["saved"]])
    model.save_pretrained(partial)
    save_tokenizer(tokenizer, partial)
    (partial / "training.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    partial.replace(out)
