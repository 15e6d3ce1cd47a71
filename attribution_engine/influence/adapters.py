"""LoRA adapters of peft: found, put into their base model unmerged, and recognised by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from torch import nn

from attribution_engine.records import InputError

CONFIG_FILE: Final = "adapter_config.json"
# Modules that training with peft changed; everything else kept the base model's weights.
TRAINED: Final = frozenset({"lora_A", "lora_B", "modules_to_save"})


def is_adapter(name: str) -> bool:
    """Whether a module of this name holds what an adapter's training changed."""
    return not TRAINED.isdisjoint(name.split("."))


def is_adapter_folder(path: str) -> bool:
    """Whether this is a folder that peft wrote."""
    return (Path(path) / CONFIG_FILE).is_file()


def base_and_adapter(path: str, adapter: str | None) -> tuple[str, str | None]:
    """What `model.path` and `model.adapter` mean: a path may be an adapter's own folder.

    Raises:
        InputError: both are adapters, or the adapter's folder does not tell its base.
    """
    if not is_adapter_folder(path):
        return path, adapter
    if adapter is not None:
        raise InputError(
            f"{path}: is an adapter, and model.adapter = {adapter!r} names another; give the base "
            "model as model.path"
        )
    return _base_model_of(path), path


def _base_model_of(folder: str) -> str:
    where = Path(folder) / CONFIG_FILE
    try:
        base = json.loads(where.read_text(encoding="utf-8")).get("base_model_name_or_path")
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{where}: cannot be read ({error}); save the adapter again") from None
    if not isinstance(base, str) or not base:
        raise InputError(
            f"{where}: names no base model; give the base as model.path and this folder as "
            "model.adapter"
        )
    if not Path(base).exists() and base.startswith((".", "/", "~")):
        raise InputError(
            f"{where}: its base model {base!r} is not there; give the base as model.path and this "
            "folder as model.adapter"
        )
    return base


def with_adapter(model: nn.Module, folder: str) -> nn.Module:
    """The base model with a LoRA adapter in its layers, not merged.

    Only plain LoRA (any scaling, rank pattern, bias or modules saved whole) is known: in its
    variants the adapter matrices see more than the layer's own input.

    Args:
        model: the base model; its layers are replaced in place.
        folder: what peft's `save_pretrained` wrote, or a hub id.

    Raises:
        InputError: peft is not installed, the adapter does not load or fit, or is no plain LoRA.
    """
    try:
        from peft import PeftConfig, PeftModel
    except ImportError:
        raise InputError(f"{folder}: an adapter needs peft; run: pip install peft") from None
    if Path(folder).is_dir() and not is_adapter_folder(folder):
        raise InputError(f"{folder}: holds no {CONFIG_FILE}; correct model.adapter")
    try:
        config = PeftConfig.from_pretrained(folder)
        kind = getattr(config.peft_type, "value", config.peft_type)
        if kind != "LORA":
            raise InputError(f"{folder}: the adapter is of type {kind}; only LORA can be tracked")
        adapted: Any = PeftModel.from_pretrained(model, folder, config=config)
    except InputError:
        raise
    except Exception as error:  # peft raises many kinds; all mean the same to the reader
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"{folder}: the adapter does not load into the model ({reason})"
        ) from error
    inner: nn.Module = adapted.base_model.model  # for LoRA the wrappers around it do nothing
    refuse_variants(inner, folder)
    return inner


def refuse_variants(model: nn.Module, where: str) -> None:
    """Looks for DoRA and its like, which peft notes at each layer.

    Raises:
        InputError: a layer's adapter is no plain LoRA.
    """
    for name, module in model.named_modules():
        if hasattr(module, "lora_A") and hasattr(module, "parameter_name"):
            raise InputError(
                f"{where}: {name} is a LoRA on fused weights (target_parameters), which cannot be "
                "tracked; merge it into the model and track the experts themselves"
            )
        for variant in (getattr(module, "lora_variant", None) or {}).values():
            raise InputError(
                f"{where}: {name} uses {type(variant).__name__}, and only plain LoRA can be "
                "tracked; merge the adapter into the model, or train it as plain LoRA"
            )
