"""
The graph of a PyTorch model: torch.fx, and what every node gives for example inputs.

Shapes are those of the examples; sizes that a model computes with (`x.size(0)`) are
numbers then.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx

from qcc.dialects.errors import QccError


@dataclass(frozen=True)
class TensorInfo:
    """Shape and element type of what a node gives."""

    shape: tuple[int, ...]
    dtype: torch.dtype


def trace(model: torch.nn.Module) -> fx.GraphModule:
    """A copy of `model` as a graph of its operations; QccError if it has none."""
    model = copy.deepcopy(model)
    mode = model.training
    try:
        traced = fx.symbolic_trace(model)
    # Whatever a forward method does with a proxy may raise anything.
    except Exception as error:
        raise QccError(
            "the model has no static graph",
            why=f"torch.fx: {type(error).__name__}: {error}",
            remedy="replace control flow that depends on data, or prepare the part "
            "of the model without it",
        ) from error
    traced.graph.eliminate_dead_code()
    traced.recompile()
    return traced.train(mode)


class _Recorder(fx.Interpreter):
    """Runs a graph and keeps what each node gives; of tensors only shape and type."""

    def __init__(self, module: fx.GraphModule):
        super().__init__(module)
        self.known: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        self.known[n] = _without_data(result)
        return result


def _without_data(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return TensorInfo(tuple(value.shape), value.dtype)
    if isinstance(value, tuple | list) and any(
        isinstance(part, torch.Tensor) for part in value
    ):
        return tuple(_without_data(part) for part in value)
    return value


def record(
    module: fx.GraphModule, inputs: Sequence[torch.Tensor]
) -> dict[fx.Node, Any]:
    """A `TensorInfo` per node that gives a tensor; other results as they are."""
    mode = module.training
    recorder = _Recorder(module.eval())
    try:
        with torch.no_grad():
            recorder.run(*inputs)
    except Exception as error:
        raise QccError(
            "the model cannot be run on the example inputs",
            why=f"{type(error).__name__}: {error}",
            remedy="give one tensor per argument of forward, as a tuple",
        ) from error
    finally:
        module.train(mode)
    return recorder.known
