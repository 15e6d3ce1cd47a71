"""Loading a causal language model and its tokenizer, with errors that name the mend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.influence.adapters import (
    base_and_adapter,
    refuse_variants,
    with_adapter,
)
from attribution_engine.records import InputError, ModelConfig

DTYPES = {
    "float32": torch.float32,
    "tf32": torch.float32,
    "float64": torch.float64,
    "bfloat16": torch.bfloat16,
}


def resolve_device(device: str) -> torch.device:
    """ "auto" is the GPU where there is one.

    Raises:
        InputError: "cuda" was asked for and there is none.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError("--device cuda: no GPU is visible to torch; use --device cpu")
    return torch.device(device)


def load_tokenizer(config: ModelConfig) -> PreTrainedTokenizerBase:
    """The model's fast tokenizer (character offsets are needed for the heatmaps).

    Raises:
        InputError: no tokenizer in the folder, or one without offsets.
    """
    where = config.tokenizer or config.path
    base, _ = base_and_adapter(config.path, config.adapter)
    if where != base and not config.tokenizer and not _holds_tokenizer(where):
        where = base  # an adapter's folder need not repeat its base model's tokenizer
    # transformers invents an empty tokenizer for some folders that hold none: look first.
    if Path(where).is_dir() and not _holds_tokenizer(where):
        raise InputError(
            f"{where}: no tokenizer in this folder; save one beside the model "
            "(tokenizer.save_pretrained) or name one as model.tokenizer"
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(where)
    except Exception as error:  # transformers raises many kinds; all mean the same to the reader
        raise InputError(f"{where}: the tokenizer does not load ({_first_line(error)})") from error
    if not tokenizer.is_fast:
        raise InputError(
            f"{where}: this tokenizer gives no character offsets; convert it to a "
            "tokenizer.json (a fast tokenizer)"
        )
    return tokenizer


def load_model(config: ModelConfig, device: torch.device) -> nn.Module:
    """The model in eval mode, no parameter asking for gradients.

    A LoRA adapter is put in, not merged. "tf32" is float32 with a GPU's matrix products in TF32.

    Raises:
        InputError: unknown dtype, or the model or its adapter does not load.
    """
    _check(config)
    torch.backends.cuda.matmul.allow_tf32 = config.dtype == "tf32"
    base, adapter = base_and_adapter(config.path, config.adapter)
    model: Any
    loaded: dict[str, Any]
    try:
        model, loaded = AutoModelForCausalLM.from_pretrained(  # type: ignore[misc]
            base,
            dtype=DTYPES[config.dtype],
            output_loading_info=True,
        )
    except Exception as error:
        raise InputError(f"{base}: the model does not load ({_first_line(error)})") from error
    if loaded["missing_keys"]:
        missing = sorted(loaded["missing_keys"])
        raise InputError(
            f"{base}: {len(missing)} weights are not in the checkpoint ({missing[0]}, ...); "
            "they would be random: save the whole model"
        )
    # Of the model's own generation settings only the end tokens are kept: they may sample, search
    # or penalise, and would fill whatever a caller leaves open.
    ends = model.generation_config.eos_token_id
    model.generation_config = GenerationConfig(eos_token_id=ends)
    if adapter is not None:
        model = with_adapter(model, adapter)
    refuse_variants(model, base)  # transformers itself puts in the adapter that a hub id names
    return model.requires_grad_(False).eval().to(device)


def _check(config: ModelConfig) -> None:
    if config.dtype not in DTYPES:
        raise InputError(f"model.dtype = {config.dtype!r}: choose one of {', '.join(DTYPES)}")
    if not Path(config.path).exists() and config.path.startswith((".", "/", "~")):
        raise InputError(f"{config.path}: no such model folder; correct model.path")


def _holds_tokenizer(folder: str) -> bool:
    names = ("tokenizer.json", "tokenizer.model", "vocab.json", "tokenizer_config.json")
    return any((Path(folder) / name).exists() for name in names)


def load_skeleton(config: ModelConfig) -> nn.Module:
    """The model's modules with the shapes of their weights and no weights, for plans.

    Raises:
        InputError: unknown dtype, or the configuration of the model does not load.
    """
    _check(config)
    base, adapter = base_and_adapter(config.path, config.adapter)
    if adapter is not None:  # an adapter is put into a model that is there
        return load_model(config, torch.device("cpu"))
    try:
        shapes = AutoConfig.from_pretrained(base)
        with torch.device("meta"):
            # Other attention looks at what a mask holds, and on this device it holds nothing.
            model = AutoModelForCausalLM.from_config(
                shapes, dtype=DTYPES[config.dtype], attn_implementation="eager"
            )
    except Exception as error:
        raise InputError(f"{base}: the model does not load ({_first_line(error)})") from error
    return model.requires_grad_(False).eval()


def vocabulary_size(model: nn.Module) -> int:
    """Tokens that the model has an embedding for."""
    return int(model.get_input_embeddings().num_embeddings)  # type: ignore[operator]


def context_length(model: nn.Module) -> int:
    """Positions the model was built for."""
    config = model.config
    for name in ("max_position_embeddings", "n_positions"):
        if getattr(config, name, None):
            return int(getattr(config, name))
    return 1 << 30


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
