"""
`smooth-activations`: channels of a layer normalization that are small are enlarged.

After layer normalizations a few channels are often much larger than all others. Scale
and bias are multiplied by what calibration chose (`ChannelScaling`), rows of the
weights of the products that follow are divided by it: Xiao et al., "SmoothQuant:
accurate and efficient post-training quantization for large language models", 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from qcc.dialects import nn
from qcc.dialects.naming import model_function
from qcc.dialects.types import rank_of
from qcc.passes.channel_scaling import ChannelGroup, apply_scalings, follow
from qcc.passes.quantizable import constant_array


@dataclass(frozen=True)
class SmoothActivationsPass(ModulePass):
    """
    Scales channels between layer normalizations and products as the statistics say.

    Scales that are not those of the statistics are left as they are, with a note.
    """

    name = "smooth-activations"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        apply_scalings(normalization_groups(op), "activations are not smoothed")
        DeadCodeElimination().apply(ctx, op)


def normalization_groups(module: ModuleOp) -> list[ChannelGroup]:
    """What layer normalizations compute for matrix products alone, in order."""
    ops = model_function(module).body.walk()
    found = [_group(op) for op in ops if isinstance(op, nn.LayerNormOp)]
    return [group for group in found if group is not None]


def _group(producer: nn.LayerNormOp) -> ChannelGroup | None:
    constants = [constant_array(value) for value in producer.operands[1:]]
    if producer.scale is None or any(array is None for array in constants):
        return None
    if rank_of(producer.scale) != 1:
        return None
    axis = rank_of(producer.result) - 1
    return follow(producer, axis, lambda _: False, _reads_channels)


def _reads_channels(op: Operation) -> bool:
    if not isinstance(op, nn.MatMulOp):
        return False
    weights = constant_array(op.rhs)
    return weights is not None and weights.ndim == 2
