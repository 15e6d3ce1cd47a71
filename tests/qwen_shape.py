"""The configuration of a model of 7 billion parameters, without its weights."""

from __future__ import annotations

from pathlib import Path

from transformers import Qwen2Config


def write_shape(folder: Path) -> Path:
    """Qwen2-7B's shape."""
    Qwen2Config(
        vocab_size=152_064,
        hidden_size=3_584,
        intermediate_size=18_944,
        num_hidden_layers=28,
        num_attention_heads=28,
        num_key_value_heads=4,
        max_position_embeddings=32_768,
        architectures=["Qwen2ForCausalLM"],
    ).save_pretrained(folder)
    return folder
