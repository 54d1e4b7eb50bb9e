"""What it costs to keep layers in float."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import ModuleOp

from qcc.codegen.targets import Target
from qcc.dialects.naming import model_function
from qcc.dialects.types import size_of
from qcc.passes.layers import Layer, layers


def layer_costs(
    module: ModuleOp, targets: Sequence[Target]
) -> Callable[[Layer], float]:
    total = sum(size_of(each.result) for each in layers(model_function(module)))
    return lambda layer: size_of(layer.result) / total
