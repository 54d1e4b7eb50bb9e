"""
`equalize-channels`: channels that are small beside others of their tensor are enlarged.

Rows of a convolution's weights, and its bias, are multiplied by what calibration chose
(`ChannelScaling`), columns of the next convolution's weights divided by it: Nagel et
al., "Data-free quantization through weight equalization and bias correction", 2019,
section 4.1 (there without data). Between the two may lie relu, clip and pooling.
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
from qcc.passes.channel_scaling import ChannelGroup, apply_scalings, follow
from qcc.passes.quantizable import constant_array

_POOLS = (nn.MaxPool2dOp, nn.AvgPool2dOp)

CHANNEL_AXIS = 1


@dataclass(frozen=True)
class EqualizeChannelsPass(ModulePass):
    """
    Scales channels between convolutions as the statistics say.

    The float function stays what it is within the ranges of the statistics. Weights
    that are not those of the statistics are left as they are, with a note.
    """

    name = "equalize-channels"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        apply_scalings(convolution_groups(op), "channels are not equalized")
        DeadCodeElimination().apply(ctx, op)


def convolution_groups(module: ModuleOp) -> list[ChannelGroup]:
    """What convolutions with constant weights compute for others alone, in order."""
    ops = model_function(module).body.walk()
    found = [_group(op) for op in ops if isinstance(op, nn.Conv2dOp)]
    return [group for group in found if group is not None]


def _group(producer: nn.Conv2dOp) -> ChannelGroup | None:
    constants = [constant_array(value) for value in producer.operands[1:]]
    if producer.layout_value != "NCHW" or any(array is None for array in constants):
        return None
    return follow(producer, CHANNEL_AXIS, _passes_channels, _reads_channels)


def _passes_channels(op: Operation) -> bool:
    """Whether f(s x) = s f(x) per channel, up to what int8 saturates."""
    if isinstance(op, nn.ReluOp):
        return True
    if isinstance(op, nn.ClipOp):
        return op.min_value <= 0 <= op.max_value
    if isinstance(op, nn.ReduceMeanOp):
        return CHANNEL_AXIS not in op.axis_values
    return isinstance(op, _POOLS) and op.layout_value == "NCHW"


def _reads_channels(op: Operation) -> bool:
    if not isinstance(op, nn.Conv2dOp) or op.layout_value != "NCHW":
        return False
    return constant_array(op.weight) is not None
