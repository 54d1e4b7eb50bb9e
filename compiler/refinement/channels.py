"""
By how much channels are enlarged, so that one scale suits all of a tensor.

Enlarging a channel by f divides the noise that rounding it makes by f, and multiplies
that of the weights that read it, for they get smaller beside the others of their row.
Where the readers are depthwise, each channel has weights with a scale of its own, and
only the range of the tensor is the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from qcc.compiler.calibration.samples import Sample
from qcc.compiler.refinement.contractions import Array, Doubles
from qcc.compiler.refinement.observation import float_values
from qcc.dialects import nn
from qcc.dialects.naming import model_function, tensor_name
from qcc.passes.channel_scaling import ChannelGroup, Consumer, scaled_name
from qcc.passes.equalize_channels import convolution_groups
from qcc.passes.quantizable import constant_array
from qcc.passes.ranges import Range as Bounds
from qcc.passes.ranges import width
from qcc.passes.refinements import ChannelScaling, float32_values
from qcc.passes.smooth_activations import normalization_groups
from qcc.passes.statistics import Range, Statistics

HEADROOM = 2.0
"""How far beyond what was seen a channel may go before it saturates."""

MOST = 8.0
"""The largest factor."""

LEVELS = 255
WEIGHT_LEVELS = 127


@dataclass
class _Channels:
    """What was seen of the channels of one tensor."""

    low: Doubles
    high: Doubles
    square: Doubles
    """The sum of each sample's mean square."""


def scale_channels(
    module: ModuleOp, samples: Sequence[Sample], statistics: Statistics
) -> None:
    """Adds a `ChannelScaling` for each tensor where it helps, and its new names."""
    groups = [
        group
        for group in convolution_groups(module) + normalization_groups(module)
        if statistics.range(tensor_name(group.rounded) or "") is not None
    ]
    seen = _observe(module, groups, samples)
    for group, channels in zip(groups, seen, strict=True):
        name = tensor_name(group.rounded)
        assert name is not None
        bounds = statistics.range(name)
        assert bounds is not None
        factors = _factors(group, channels, bounds, len(samples))
        if factors.max() == 1:
            continue
        values = float32_values(factors)
        statistics.replace(name, ChannelScaling(group.digest, values))
        for value in group.values:
            tensor = tensor_name(value) or ""
            known = statistics.get(Range, tensor)
            if known is not None:
                statistics.replace(scaled_name(tensor), known)


def _observe(
    module: ModuleOp, groups: Sequence[ChannelGroup], samples: Sequence[Sample]
) -> list[_Channels]:
    seen: list[_Channels] = []
    values = [group.rounded for group in groups]
    for arrays in float_values(model_function(module), values, samples):
        found = [
            _channels(array, group.axis)
            for array, group in zip(arrays, groups, strict=True)
        ]
        if not seen:
            seen = found
            continue
        for known, new in zip(seen, found, strict=True):
            known.low = np.minimum(known.low, new.low)
            known.high = np.maximum(known.high, new.high)
            known.square = known.square + new.square
    return seen


def _channels(array: Array, axis: int) -> _Channels:
    others = tuple(index for index in range(array.ndim) if index != axis)
    x = array.astype(np.float64)
    return _Channels(
        np.minimum(x.min(axis=others), 0),
        np.maximum(x.max(axis=others), 0),
        np.square(x).mean(axis=others),
    )


def _factors(
    group: ChannelGroup, channels: _Channels, bounds: Bounds, count: int
) -> Doubles:
    """The factor of each channel, between 1 and what the range leaves room for."""
    room = np.full(channels.high.shape, MOST)
    for seen, bound in ((channels.low, bounds[0]), (channels.high, bounds[1])):
        reached = HEADROOM * np.abs(seen)
        side = np.full_like(room, MOST)
        np.divide(abs(bound), reached, out=side, where=reached > 0)
        room = np.minimum(room, side)
    room = np.maximum(room, 1.0)
    gain, cost = np.zeros_like(room), np.zeros_like(room)
    step = width(bounds) / LEVELS
    for consumer in group.consumers:
        weights = _by_channel(consumer)
        if weights.shape[1] == 1:
            continue
        largest = np.abs(weights).max(axis=(1, 3), keepdims=True) / WEIGHT_LEVELS
        noise = np.broadcast_to(largest**2, weights.shape).sum(axis=(2, 3))
        gain += step**2 * np.square(weights).sum(axis=(2, 3)).reshape(-1)
        cost += noise.reshape(-1) * channels.square / count
    best = np.full_like(room, MOST)
    np.power(gain / np.where(cost > 0, cost, 1.0), 0.25, out=best, where=cost > 0)
    return np.clip(best, 1.0, room)


def _by_channel(consumer: Consumer) -> Doubles:
    """The weights as [groups, input channels of a group, outputs of a group, taps]."""
    weights = constant_array(consumer.operands[1])
    assert weights is not None
    weights = weights.astype(np.float64)
    if isinstance(consumer, nn.MatMulOp):
        return weights[None, :, :, None]
    groups = consumer.group_count
    grouped = weights.reshape(groups, len(weights) // groups, weights.shape[1], -1)
    return grouped.transpose(0, 2, 1, 3)
