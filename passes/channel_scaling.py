"""
Groups of values whose channels are scaled together: what two passes have in common.

One scale serves all channels of an activation, so those with small values are rounded
coarsely. A channel multiplied by f where it is computed and divided by f where it is
read says the same, but more finely. How much is for calibration to say
(`ChannelScaling`): f is at least 1, and no channel leaves the range of its tensor. So a
relu6 between keeps its bounds: what it cuts off beyond f times the former bound, the
int8 type saturates anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from qcc.dialects import nn
from qcc.dialects.naming import TENSOR, carry_over, set_tensor_name, tensor_name
from qcc.passes import statistics
from qcc.passes.notes import add_note
from qcc.passes.quantizable import constant_array
from qcc.passes.refinements import ChannelScaling, weights_digest

Doubles = NDArray[np.float64]

Producer: TypeAlias = nn.Conv2dOp | nn.LayerNormOp
Consumer: TypeAlias = nn.Conv2dOp | nn.MatMulOp


@dataclass(frozen=True)
class ChannelGroup:
    """Values whose channels can be scaled together: from one op to its readers."""

    producer: Producer
    """Its operands behind the first are constants: weights or scale, and bias."""
    values: tuple[SSAValue, ...]
    """The result of the producer, and what activation and pooling make of it."""
    consumers: tuple[Consumer, ...]
    axis: int
    """The axis of channels in all values."""

    @property
    def rounded(self) -> SSAValue:
        """The value that becomes int8: behind the activation that is fused."""
        later = [v for v in self.values if isinstance(v.owner, nn.ReluOp | nn.ClipOp)]
        return later[-1] if later else self.values[0]

    @property
    def digest(self) -> str:
        """The digest of what computes the channels."""
        weights = constant_array(self.producer.operands[1])
        assert weights is not None
        return weights_digest(weights)


def follow(
    producer: Producer,
    axis: int,
    passes: Callable[[Operation], bool],
    reads: Callable[[Operation], bool],
) -> ChannelGroup | None:
    """
    The group of a producer; None where something else uses its channels.

    `passes` says whether f(s x) = s f(x) per channel for an op's first operand, `reads`
    whether an op multiplies each channel of it with constant weights of its own.
    """
    values: list[SSAValue] = [producer.result]
    consumers: list[Consumer] = []
    for value in values:
        if not value.uses:
            return None
        for use in value.uses:
            user = use.operation
            if use.index == 0 and passes(user):
                values.append(user.results[0])
            elif use.index == 0 and reads(user):
                assert isinstance(user, Consumer)
                consumers.append(user)
            else:
                return None
    return ChannelGroup(producer, tuple(values), tuple(consumers), axis)


def apply_scalings(groups: Iterable[ChannelGroup], why_not: str) -> None:
    """
    Scales channels as the statistics say.

    Groups with other weights than those of the statistics get the note `why_not`.
    """
    known = statistics.current()
    for group in groups:
        name = tensor_name(group.rounded)
        scaling = name and known.get(ChannelScaling, name)
        if not scaling:
            continue
        if group.digest == scaling.digest:
            scale_channels(group, np.array(scaling.factors))
        else:
            add_note(group.producer, f"the statistics are of other weights: {why_not}")


def scaled_name(tensor: str) -> str:
    """What a tensor is called when its channels are scaled: no longer the model's."""
    return f"{tensor}:scaled"


def scale_channels(group: ChannelGroup, factors: Doubles) -> None:
    """Multiplies the channels of a group by `factors`, and undoes it in its readers."""
    for value in group.values:
        name = tensor_name(value)
        if name is not None:
            assert isinstance(value.owner, Operation)
            set_tensor_name(value.owner, scaled_name(name))
    producer = group.producer
    for index in range(1, len(producer.operands)):
        array = constant_array(producer.operands[index])
        assert array is not None
        # Output channels, or the one axis of scale and bias, come first.
        shape = (-1, *[1] * (array.ndim - 1))
        _set_constant(producer, index, array * factors.reshape(shape))
    for consumer in group.consumers:
        weights = constant_array(consumer.operands[1])
        assert weights is not None
        divisors = _by_weight(consumer, weights.shape, factors)
        _set_constant(consumer, 1, weights / divisors)


def _by_weight(consumer: Consumer, shape: Sequence[int], factors: Doubles) -> Doubles:
    """The factor of the input channel that each weight is multiplied with."""
    if isinstance(consumer, nn.MatMulOp):
        return factors[:, None]
    groups = consumer.group_count
    by_group = factors.reshape(groups, 1, shape[1])
    rows = np.repeat(by_group, shape[0] // groups, axis=1)
    return rows.reshape(shape[0], shape[1], 1, 1)


def _set_constant(op: Operation, index: int, array: Doubles) -> None:
    old, constant = op.operands[index].owner, nn.ConstantOp(array.astype(np.float32))
    carry_over(op, [constant])
    if isinstance(old, Operation) and TENSOR in old.attributes:
        constant.attributes[TENSOR] = old.attributes[TENSOR]
    Rewriter.insert_op(constant, InsertPoint.before(op))
    op.operands[index] = constant.result
