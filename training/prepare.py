"""`prepare`: a PyTorch model with fake quantization where the compiler will round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import fx, nn

from qcc.dialects.errors import QccError
from qcc.training.fake_quantize import RangeObserver
from qcc.training.layers import CONTRACTIONS, NORMS, QuantizedLayer
from qcc.training.onnx_writer import OBSERVERS, Written, write
from qcc.training.plan import Group, Plan, plan
from qcc.training.prepared_model import PreparedModel
from qcc.training.tracing import trace


def prepare(
    model: nn.Module,
    example_inputs: torch.Tensor | Sequence[torch.Tensor],
    *,
    quant_delay: int = 0,
    freeze_delay: int | None = None,
    averaging: float = 0.01,
    input_ranges: Mapping[str, tuple[float, float]] | None = None,
    int8_only: bool = True,
) -> PreparedModel:
    """
    A copy of `model` to train, which rounds what the compiled model will round.

    `example_inputs` have the shapes that the exported model will have. Rounding begins
    after `quant_delay` training steps (calls of the model in training mode); after
    `freeze_delay` steps the statistics of BatchNorm and the ranges stay as they are.
    `averaging` is the share of a batch in the moving average of a range.
    `input_ranges` gives minimum and maximum of inputs by name, where they are known.

    Raises QccError when the model has no static graph, when an operation has no ONNX
    form or, with `int8_only`, no int8 form.
    """
    if isinstance(example_inputs, torch.Tensor):
        example_inputs = (example_inputs,)
    module = trace(model)
    insert_layers(module)
    written = write(module, example_inputs, None)
    planned = plan(written, int8_only=int8_only)
    _insert_observers(module, written, planned, averaging, input_ranges or {})
    return PreparedModel(
        module,
        example_inputs,
        quant_delay=quant_delay,
        freeze_delay=freeze_delay,
        int8_only=int8_only,
    )


def _module_of(module: fx.GraphModule, node: Any, kinds: Any) -> nn.Module | None:
    """The module of one of these classes that a node calls."""
    if not isinstance(node, fx.Node) or node.op != "call_module":
        return None
    found = module.get_submodule(str(node.target))
    return found if isinstance(found, kinds) else None


def insert_layers(module: fx.GraphModule) -> None:
    """conv, batch_norm(conv), batch_norm -> QuantizedLayer"""
    folded: set[fx.Node] = set()
    for node in list(module.graph.nodes):
        layer = _module_of(module, node, CONTRACTIONS)
        norm = _module_of(module, node, NORMS)
        if node in folded or (layer is None and norm is None):
            continue
        users = list(node.users)
        if layer is not None and len(users) == 1:
            norm = _module_of(module, users[0], NORMS)
        if norm is not None:
            _check_norm(users[0] if layer is not None else node, norm, layer)
        name = f"layer_{node.name}"
        module.add_submodule(name, QuantizedLayer(layer, norm))
        node.target = name
        if layer is not None and norm is not None:
            users[0].replace_all_uses_with(node)
            module.graph.erase_node(users[0])
            folded.add(users[0])
    module.delete_all_unused_submodules()
    module.recompile()


def _check_norm(node: fx.Node, norm: Any, layer: nn.Module | None) -> None:
    why = None
    if norm.running_var is None:
        why = "it has no running statistics"
    elif layer is None and not isinstance(norm, nn.BatchNorm2d):
        why = "it does not follow a convolution or linear layer"
    if why is not None:
        raise QccError(
            "a BatchNorm cannot be folded",
            node=str(node.target),
            op=type(norm).__name__,
            why=why,
            remedy="put it after a layer, with track_running_stats=True",
        )


def _insert_observers(
    module: fx.GraphModule,
    written: Written,
    planned: Plan,
    averaging: float,
    input_ranges: Mapping[str, tuple[float, float]],
) -> None:
    """x -> ranges_k(x, member), for every tensor of a group; connects the layers."""
    nodes = {
        str(node.target) if node.op == "placeholder" else node.name: node
        for node in module.graph.nodes
    }
    arguments = [n for n, node in nodes.items() if node.op == "placeholder"]
    for name in input_ranges:
        if name not in arguments:
            raise QccError(
                f"there is no input {name!r}",
                remedy=f"the inputs are: {', '.join(arguments)}",
            )
    read = {
        planned.inputs[layer.onnx_node]: layer.tensor
        for layer in written.layers
        if layer.onnx_node in planned.inputs
    }
    observers: dict[str, RangeObserver] = {}
    for index, group in enumerate(planned.groups):
        visible = _visible(group, nodes, read)
        declared = [input_ranges[name] for name in visible if name in input_ranges]
        observer = RangeObserver(
            visible, averaging, group.fixed, declared[0] if declared else None
        )
        observer.all_tensors = tuple(dict.fromkeys((*group.tensors, *visible)))
        observers.update(dict.fromkeys(group.tensors, observer))
        module.add_submodule(f"{OBSERVERS}{index}", observer)
        for member, name in enumerate(visible):
            _insert_after(module, nodes[name], f"{OBSERVERS}{index}", member)
    for written_layer in written.layers:
        name = planned.inputs.get(written_layer.onnx_node)
        if name is None:
            raise QccError(
                "the input of a layer is not rounded",
                node=written_layer.fx_node,
                tensor=written_layer.tensor,
                remedy="keep this layer out of the prepared model",
            )
        target = str(nodes[written_layer.fx_node].target)
        layer = module.get_submodule(target)
        assert isinstance(layer, QuantizedLayer)
        layer.connect(observers[name])
    module.graph.lint()
    module.recompile()


def _visible(
    group: Group, nodes: Mapping[str, fx.Node], read: Mapping[str, str]
) -> tuple[str, ...]:
    """
    The tensors of a group to observe: computed ones, where fx knows them all.

    `read` are the tensors that a layer reads in fx, by their name in the plan: moving
    elements once more changes no range.
    """
    computed = [name for name in group.tensors if name not in group.moved]
    found = [name for name in computed if name in nodes]
    if len(found) < len(computed):
        found = [name for name in group.tensors if name in nodes]
    if not found:
        found = [read[name] for name in group.tensors if name in read]
    if not found:
        raise QccError(
            "a tensor to be rounded is no tensor of the model",
            tensor=group.tensors[0],
            remedy="write the operation with simpler ones",
        )
    return tuple(found)


def _insert_after(
    module: fx.GraphModule, node: fx.Node, target: str, member: int
) -> None:
    with module.graph.inserting_after(node):
        observed = module.graph.call_module(target, (node, member))
    node.replace_all_uses_with(observed)
    observed.update_arg(0, node)
