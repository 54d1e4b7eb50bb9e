"""
Rounding to int8 and back, with gradients as if nothing had been rounded.

Straight-through estimator: Bengio et al., "Estimating or Propagating Gradients Through
Stochastic Neurons", 2013. The forward formula is "quantize" of docs/numerics.md.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from qcc.dialects.quant import UniformType
from qcc.passes.ranges import activation_type, union, widened


class _FakeQuantize(torch.autograd.Function):
    """(sat(rne(x / scale) + zero_point) - zero_point) * scale, in float32."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, scale: Tensor, zero_point: Tensor, bounds: tuple[int, int]
    ) -> Tensor:
        ratio = torch.nan_to_num(x / scale, nan=0.0)
        low, high = bounds[0] - zero_point, bounds[1] - zero_point
        ctx.save_for_backward((ratio >= low - 0.5) & (ratio <= high + 0.5))
        return torch.round(torch.clamp(ratio, low, high)) * scale

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        (inside,) = ctx.saved_tensors
        return grads[0] * inside, None, None, None


def fake_quantize(x: Tensor, kind: UniformType) -> Tensor:
    """
    `x` rounded to the grid of `kind`, per tensor or per axis.

    The gradient passes where `x` is within the grid's range, and is 0 outside.
    """
    shape = [1] * max(x.dim(), 1)
    if kind.axis is not None:
        shape[kind.axis] = -1
    # Tensors, not numbers: a division by a number may be done with its reciprocal.
    scale = torch.tensor(kind.scales, dtype=torch.float32, device=x.device)
    zero = torch.tensor(kind.zero_points, dtype=torch.float32, device=x.device)
    bounds = (kind.minimum, kind.maximum)
    result = _FakeQuantize.apply(x, scale.reshape(shape), zero.reshape(shape), bounds)
    assert isinstance(result, Tensor)
    return result.reshape(x.shape)


def fake_quantize_bias(bias: Tensor, scales: Tensor) -> Tensor:
    """`bias` [C] rounded to int32 at float64 `scales` [C], straight through."""
    with torch.no_grad():
        ratio = torch.nan_to_num(bias.double() / scales)
        stored = torch.round(torch.clamp(ratio, -(2.0**30), 2.0**30))
        rounded = (stored * scales).float()
    return bias + (rounded - bias).detach()


class RangeObserver(torch.nn.Module):
    """
    The type that a group of tensors shares: data movement connects them.

    The range of each member is a moving average of the minima and maxima of batches
    (Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference", 2018, section 3.1); that of the group is their
    union. Buffers `low` and `high` have one element per member, NaN before the first
    batch.
    """

    low: Tensor
    high: Tensor

    def __init__(
        self,
        tensors: tuple[str, ...],
        averaging: float,
        fixed: UniformType | None = None,
        declared: tuple[float, float] | None = None,
    ):
        """
        `averaging` is the share of a new batch in the average.

        `fixed` is the type where what computes the tensors determines it, `declared` a
        range that the user knows: neither is observed then.
        """
        super().__init__()
        self.tensors = tensors
        self.all_tensors = tensors
        self.averaging = averaging
        self.fixed = fixed
        self.declared = declared
        self.observing = True
        self.quantizing = False
        self._kind: tuple[tuple[float, float], UniformType] | None = None
        nothing = torch.full((len(tensors),), torch.nan)
        self.register_buffer("low", nothing.clone())
        self.register_buffer("high", nothing.clone())

    def forward(self, x: Tensor, member: int) -> Tensor:
        """`x`, the tensor number `member`, observed and rounded as is due."""
        if self.observing and self.fixed is None and self.declared is None:
            self._observe(x.detach(), member)
        return fake_quantize(x, self.kind()) if self.quantizing else x

    @torch.no_grad()
    def _observe(self, x: Tensor, member: int) -> None:
        finite = x[torch.isfinite(x)]
        if not finite.numel():
            return
        for bound, new in ((self.low, finite.min()), (self.high, finite.max())):
            old = bound[member]
            moved = old + self.averaging * (new - old)
            bound[member] = torch.where(torch.isnan(old), new, moved)

    def is_known(self) -> bool:
        """Whether there is a type yet."""
        has_type = self.fixed is not None or self.declared is not None
        return has_type or not bool(torch.isnan(self.low).all())

    def kind(self) -> UniformType:
        """The int8 type, as the compiler makes it from the range."""
        if self.fixed is not None:
            return self.fixed
        bounds = self.declared
        if bounds is None:
            lows, highs = self.low.tolist(), self.high.tolist()
            seen = [widened(*b) for b in zip(lows, highs, strict=True) if b[0] == b[0]]
            assert seen, f"nothing is known of {self.tensors}"
            bounds = union(seen)
        if self._kind is None or self._kind[0] != bounds:
            self._kind = bounds, activation_type(widened(*bounds))
        return self._kind[1]
