"""Which linear maps of a model are tracked, and how each one's weights are laid out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from attribution_engine.influence.adapters import is_adapter
from attribution_engine.influence.experts import (
    are_fused_experts,
    compute_one_by_one,
    fused_maps,
)
from attribution_engine.influence.parts import Part, parts_of
from attribution_engine.records import InputError

KEYWORDS: Final = ("mlp", "attention", "linear", "lora")
TRACKABLE: Final = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
PROBE_SHAPE: Final = (2, 5)  # texts, tokens: unequal, so that no layer can mix them up unseen


@dataclass(frozen=True, slots=True)
class Layer:
    """One tracked linear map y = W x + b.

    Two modules that share a weight (an output head tied to the embedding) are maps of their own:
    a layer's gradient is that of its own use of the weight. One module that is called twice is
    one layer with two calls.

    Attributes:
        name: the module's name in the model; of an expert with its map and number,
            "model.layers.0.mlp.experts.down_proj[3]".
        module: the module to record; of an expert the one that holds all experts.
        in_features: inputs, the bias counted as one more.
        out_features: outputs. A gradient is a matrix [out_features, in_features] whatever the
            layout of the module's own weight.
        has_bias: whether there is one.
        input_of: index of the first tracked layer that is always fed the very same input (gate
            and up; q, k and v) and has a bias or none alike; its own index if there is none.
        parameter: the module's attribute that holds the weight.
        expert: which slice of that parameter; None = all of it.
    """

    name: str
    module: nn.Module
    in_features: int
    out_features: int
    has_bias: bool
    input_of: int
    parameter: str = "weight"
    expert: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return self.out_features, self.in_features

    @property
    def weight_name(self) -> str:
        """The model's name of the parameter that holds the weight."""
        return f"{self.name}.weight" if self.expert is None else self.name.rpartition("[")[0]

    @property
    def bias_name(self) -> str:
        """The model's name of the parameter that holds the bias."""
        return f"{self.name}.bias" if self.expert is None else f"{self.weight_name}_bias"

    @property
    def is_transposed(self) -> bool:
        """Whether the module keeps its weight as [in, out]."""
        if self.expert is not None:
            return bool(self.module.is_transposed)
        return isinstance(self.module, Conv1D)

    def parameters_of(self, direction: torch.Tensor) -> dict[str, torch.Tensor]:
        """A matrix [out_features, in_features] as tangents of the module's own parameters."""
        return tangents([self], [direction])


class Coverage(NamedTuple):
    """How much of a model is tracked.

    Attributes:
        n_maps_tracked: tracked layers.
        n_linear_maps: linear maps of the blocks, each expert's counted, and tracked ones elsewhere.
        tracked_parameters: weights and biases of the tracked layers.
        all_parameters: parameters of the model, a shared one counted once.
    """

    n_maps_tracked: int
    n_linear_maps: int
    tracked_parameters: int
    all_parameters: int


def select_layers(model: nn.Module, modules: str = "mlp") -> list[Layer]:
    """The linear maps to track, in the model's order: nn.Linear, Conv1D, and fused experts.

    A model with LoRA adapters was trained in its adapters only, so there only adapter matrices
    (and modules saved whole beside them) are chosen from. Fused experts are set to be computed
    one by one (see `experts`), and a few tokens are passed through the model: maps that text does
    not reach, as in a vision tower, are left out.

    Args:
        modules: "mlp": what the blocks hold beside attention and other sequence mixers, experts
            and shared experts included, routers not. "attention": the maps inside attention.
            "linear": all linear maps of the blocks but routers; never the output head or an
            embedding. "lora": all adapter matrices. Anything else is a regular expression,
            searched for in the names of all linear maps, routers and the output head included.
            A tied head counts with its use as head only.

    Raises:
        InputError: nothing matches, the pattern is no regular expression, a chosen map is
            quantised or is not fed one row a position, experts are stored in an unknown
            way, or the model does not run.
    """
    compute_one_by_one(model)
    maps = _linear_maps(model)
    adapters = [layer for layer in maps if is_adapter(layer.name)]
    parts = parts_of(model, _module_names(adapters or maps))
    chosen = [layer for layer in adapters or maps if _is_chosen(layer, parts, modules)]
    if not adapters and modules in ("mlp", "linear"):
        _refuse_unknown_experts(model)
    if not chosen:
        raise InputError(_nothing_matches(model, adapters or maps, modules))
    for layer in chosen:
        dtype = getattr(layer.module, layer.parameter).dtype
        if dtype not in TRACKABLE:
            raise InputError(
                f"{type(model).__name__}: layer {layer.name} has quantised weights ({dtype}); "
                "load the model unquantised, or track its adapters"
            )
    reached = _with_shared_inputs(model, chosen)
    if not reached:
        raise InputError(
            f"{type(model).__name__}: text does not reach {chosen[0].name} nor any other map "
            f"that modules = {modules!r} names; name maps of the text model"
        )
    return reached


def tracked_layers(model: nn.Module) -> list[Layer]:
    """The linear maps of every MLP block: `select_layers(model, "mlp")`."""
    return select_layers(model, "mlp")


def tangents(
    layers: Sequence[Layer], directions: Sequence[torch.Tensor]
) -> dict[str, torch.Tensor]:
    """A direction for every layer as tangents of the model's own parameters, for forward mode.

    Call the model with `torch.func.functional_call(..., tie_weights=False)`: by default the
    direction of a tied output head would move the embedding as well.

    Args:
        directions: a matrix [out_features, in_features] a layer.

    Returns:
        Parameter name -> tensor of the parameter's own shape and dtype; of a fused parameter the
        slices of experts that are not tracked are zero.
    """
    found: dict[str, torch.Tensor] = {}
    for layer, direction in zip(layers, directions, strict=True):
        weight = direction[:, :-1] if layer.has_bias else direction
        parts = {layer.weight_name: weight.T if layer.is_transposed else weight}
        if layer.has_bias:
            parts[layer.bias_name] = direction[:, -1]
        for name, part in parts.items():
            own = getattr(layer.module, name.rpartition(".")[2])
            if layer.expert is None:
                found[name] = part.to(own.dtype).contiguous()
                continue
            if name not in found:
                found[name] = torch.zeros_like(own, requires_grad=False)
            found[name][layer.expert] = part.to(own.dtype)
    return found


def primals(model: nn.Module, names: Sequence[str]) -> dict[str, torch.Tensor]:
    """The model's own values of some parameters, detached; the companion of `tangents`."""
    parameters = dict(model.named_parameters(remove_duplicate=False))
    return {name: parameters[name].detach() for name in names}


def coverage(model: nn.Module, layers: Sequence[Layer]) -> Coverage:
    """How many of the model's linear maps, and of its parameters, are tracked."""
    maps = _linear_maps(model)
    parts = parts_of(model, _module_names(maps))
    in_blocks = {layer.name for layer in maps if parts[_module_name(layer)] != "outside"}
    sizes: dict[tuple[int, int | None], int] = {}
    for layer in layers:
        held = [getattr(layer.module, layer.parameter)]
        if layer.has_bias:
            held.append(getattr(layer.module, layer.bias_name.rpartition(".")[2]))
        for parameter in held:
            n_slices = 1 if layer.expert is None else parameter.shape[0]
            sizes[id(parameter), layer.expert] = parameter.numel() // n_slices
    return Coverage(
        n_maps_tracked=len(layers),
        n_linear_maps=len(in_blocks | {layer.name for layer in layers}),
        tracked_parameters=sum(sizes.values()),
        all_parameters=sum(parameter.numel() for parameter in model.parameters()),
    )


def _linear_maps(model: nn.Module) -> list[Layer]:
    """Every linear map of the model; `input_of` is not known yet."""
    maps = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            inputs, outputs = module.in_features, module.out_features
        elif isinstance(module, Conv1D):
            inputs, outputs = module.nx, module.nf
        elif are_fused_experts(module):
            maps += [
                Layer(f"{name}.{at}[{n}]", module, i + int(bias), o, bias, -1, at, n)
                for at, n, i, o, bias in fused_maps(module)
            ]
            continue
        else:
            continue
        has_bias = module.bias is not None
        maps.append(Layer(name, module, inputs + int(has_bias), outputs, has_bias, -1))
    return maps


def _module_name(layer: Layer) -> str:
    return layer.name if layer.expert is None else layer.name.rpartition(".")[0]


def _module_names(layers: Sequence[Layer]) -> list[str]:
    return list(dict.fromkeys(_module_name(layer) for layer in layers))


def _is_chosen(layer: Layer, parts: dict[str, Part], modules: str) -> bool:
    part = parts[_module_name(layer)]
    if modules == "lora":
        return is_adapter(layer.name)
    if modules == "linear":
        return part not in ("router", "outside")
    if modules in ("mlp", "attention"):
        return part == modules
    try:
        return re.search(modules, layer.name) is not None
    except re.error as error:
        raise InputError(
            f"influence.modules = {modules!r} is neither {', '.join(KEYWORDS)} nor a regular "
            f"expression ({error}); correct it"
        ) from None


def _refuse_unknown_experts(model: nn.Module) -> None:
    """Experts must not be left out in silence: they are most of a mixture's weights."""
    for name, module in model.named_modules():
        if "expert" not in type(module).__name__.lower() or are_fused_experts(module):
            continue
        if any(parameter.ndim == 3 for parameter in module.parameters(recurse=False)):
            raise InputError(
                f"{type(model).__name__}: the experts in {name} ({type(module).__name__}) are "
                "stored in a way that is not tracked; choose modules = 'attention', or a pattern "
                "that names other maps"
            )


def _nothing_matches(model: nn.Module, maps: Sequence[Layer], modules: str) -> str:
    kind = type(model).__name__
    if not maps:
        return f"{kind}: no tracked layer: the model has no linear map; use a language model"
    if modules == "lora":
        return f"{kind}: modules = 'lora', and the model has no adapter; set model.adapter"
    some = ", ".join(layer.name for layer in maps[:3])
    return (
        f"{kind}: no tracked layer: modules = {modules!r} matches none of its {len(maps)} linear "
        f"maps ({some}, ..., {maps[-1].name}); choose {', '.join(KEYWORDS)} or a pattern of names"
    )


def _with_shared_inputs(model: nn.Module, layers: Sequence[Layer]) -> list[Layer]:
    """The layers that text reaches, each with the first layer that reads the same tensors."""
    fed = _probe(model, [layer for layer in layers if layer.expert is None])
    reached = [layer for layer in layers if layer.expert is not None or layer.module in fed]
    first: dict[tuple, int] = {}
    shared = []
    for index, layer in enumerate(reached):
        key: tuple = (index,)
        if layer.expert is None:
            # Identity, which the list in `fed` keeps from being given to a later tensor.
            key = (layer.has_bias, *(id(inputs) for inputs in fed[layer.module]))
        shared.append(replace(layer, input_of=first.setdefault(key, index)))
    return shared


def _probe(model: nn.Module, layers: Sequence[Layer]) -> dict[nn.Module, list[torch.Tensor]]:
    """What each layer's module is fed, call by call, when a few tokens pass through the model."""
    fed: dict[nn.Module, list[torch.Tensor]] = {}
    names = {layer.module: layer.name for layer in layers}

    def look(module: nn.Module, args: tuple) -> None:
        texts, positions = PROBE_SHAPE
        shape = list(args[0].shape[:-1]) if args else []
        if [size for size in shape if size > 1] not in ([texts, positions], [texts * positions]):
            raise InputError(
                f"{type(model).__name__}: layer {names[module]} is not fed one row a position, "
                f"but {shape} for {texts} texts of {positions} tokens; leave it out by a "
                "pattern of names as influence.modules"
            )
        fed.setdefault(module, []).append(args[0])

    handles = [module.register_forward_pre_hook(look) for module in names]
    ids = torch.arange(PROBE_SHAPE[0] * PROBE_SHAPE[1]).view(PROBE_SHAPE)
    embeddings = model.get_input_embeddings()  # type: ignore[operator]
    ids = (ids % embeddings.num_embeddings).to(embeddings.weight.device)
    try:
        with torch.no_grad():
            _pass_through(model, ids, fed)
    except InputError:
        raise
    except Exception as error:  # models of all makes come by here
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"{type(model).__name__}: ten tokens do not pass through the model ({reason}); "
            "use a causal language model that reads plain text"
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    return fed


def _pass_through(
    model: nn.Module, ids: torch.Tensor, fed: dict[nn.Module, list[torch.Tensor]]
) -> None:
    """Runs the model; a skeleton is told what its tokens may see, as it cannot look that up."""
    if not ids.is_meta:
        model(input_ids=ids, use_cache=False)
        return
    texts, positions = PROBE_SHAPE
    dtype = model.get_input_embeddings().weight.dtype  # type: ignore[operator]
    try:
        model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
    except (RuntimeError, NotImplementedError):  # some want the mask of all pairs
        fed.clear()
        mask = torch.zeros(texts, 1, positions, positions, device="meta", dtype=dtype)
        model(input_ids=ids, attention_mask=mask, use_cache=False)
