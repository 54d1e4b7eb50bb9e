"""
Convolution and linear layers with fake-quantized weights, and their BatchNorm.

While BatchNorm follows its batch, weights are rounded before the normalization: with
scales per channel that is the same as rounding folded weights, and the statistics are
those of the rounded convolution. Once frozen, weights and bias are folded, then
rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from qcc.dialects.quant import UniformType
from qcc.dialects.reference import numbers
from qcc.passes.weights import weight_type
from qcc.training.fake_quantize import (
    RangeObserver,
    fake_quantize,
    fake_quantize_bias,
)

Array = NDArray[Any]

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d)
CONTRACTIONS = (*CONVOLUTIONS, *TRANSPOSED, nn.Linear)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def fold_factor(norm: Any) -> Tensor:
    """What a frozen BatchNorm multiplies each channel by."""
    deviation = torch.sqrt(norm.running_var.double() + norm.eps)
    scale = 1.0 if norm.weight is None else norm.weight.double()
    return scale / deviation


class QuantizedLayer(nn.Module):
    """A convolution, linear layer or lone BatchNorm, with int8 weights, int32 bias."""

    def __init__(self, layer: nn.Module | None, norm: nn.Module | None):
        """`layer` may be None: the norm is then a depthwise 1x1 convolution."""
        super().__init__()
        self.layer: Any = layer
        self.norm: Any = norm
        self.quantizing = False
        self.norm_frozen = False
        # In a tuple: the observer is a submodule of the model, not of this layer.
        self._input: tuple[RangeObserver, ...] = ()

    def connect(self, observer: RangeObserver) -> None:
        """Says whose scale the input has."""
        self._input = (observer,)

    @property
    def input_scale(self) -> float:
        """The scale of the int8 input."""
        return self._input[0].kind().scale

    @property
    def axis(self) -> int:
        """The axis of the weights that has one scale per index."""
        return 1 if isinstance(self.layer, TRANSPOSED) else 0

    @property
    def groups(self) -> int:
        """Groups of the convolution; channels for a lone BatchNorm."""
        if self.layer is None:
            return self.norm.num_features
        return getattr(self.layer, "groups", 1)

    def forward(self, x: Tensor) -> Tensor:
        if self.norm is not None and not self.norm_frozen and self.training:
            return self._with_batch_statistics(x)
        weight, bias = self.folded()
        if self.quantizing:
            kind = self._kind(weight, bias, self.input_scale)
            weight = fake_quantize(weight, kind)
            if bias is not None:
                scales = numbers.output_scales(kind, len(bias)).astype(np.float64)
                scales *= self.input_scale
                bias = fake_quantize_bias(
                    bias, torch.from_numpy(scales).to(bias.device)
                )
        return self._apply(x, weight, bias)

    def _with_batch_statistics(self, x: Tensor) -> Tensor:
        """BatchNorm of the layer with rounded weights; a lone one stays float."""
        if self.layer is None:
            return self.norm(x)
        weight, bias = self.layer.weight, self.layer.bias
        if self.quantizing:
            weight = fake_quantize(weight, self._kind(weight, None, 1.0))
        return self.norm(self._apply(x, weight, bias))

    def folded(self) -> tuple[Tensor, Tensor | None]:
        """Weight and bias with the frozen BatchNorm in them, float32."""
        if self.norm is None:
            return self.layer.weight, self.layer.bias
        factor, mean = fold_factor(self.norm), self.norm.running_mean.double()
        shift = 0.0 if self.norm.bias is None else self.norm.bias.double()
        if self.layer is None:
            kernel = [1] * (1 if isinstance(self.norm, nn.BatchNorm1d) else 2)
            weight = factor.reshape(-1, 1, *kernel)
            return weight.float(), (shift - mean * factor).float()
        weight = self.layer.weight.double()
        bias = 0.0 if self.layer.bias is None else self.layer.bias.double()
        if self.axis == 0:
            weight = weight * factor.reshape(-1, *[1] * (weight.dim() - 1))
        else:
            # Channel c of group g is column c of the rows of its input channels.
            rest = weight.shape[1:]
            grouped = weight.reshape(self.groups, -1, *rest)
            ones = [1] * (len(rest) - 1)
            factors = factor.reshape(self.groups, 1, rest[0], *ones)
            weight = (grouped * factors).reshape(weight.shape)
        return weight.float(), ((bias - mean) * factor + shift).float()

    def _kind(
        self, weight: Tensor, bias: Tensor | None, input_scale: float
    ) -> UniformType:
        array = weight.detach().cpu().numpy()
        largest = None
        if bias is not None:
            magnitudes = np.abs(bias.detach().cpu().numpy())
            # Groups of a transposed convolution share their scales.
            largest = magnitudes.reshape(-1, array.shape[self.axis]).max(axis=0)
        return weight_type(array, self.axis, largest, input_scale)

    def integers(self, input_scale: float) -> tuple[Array, UniformType, Array | None]:
        """Stored int8 weights, their type, and the int32 bias; BatchNorm folded."""
        weight, bias = self.folded()
        kind = self._kind(weight, bias, input_scale)
        stored = numbers.quantize_to(weight.detach().cpu().numpy(), kind)
        if bias is None:
            return stored, kind, None
        reals = bias.detach().cpu().numpy()
        scales = numbers.output_scales(kind, len(reals))
        return stored, kind, numbers.quantize_bias(reals, input_scale, scales)

    def _apply(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        layer = self.layer
        if layer is None:
            shape = [1, -1, *[1] * (x.dim() - 2)]
            assert bias is not None
            return x * weight.reshape(shape) + bias.reshape(shape)
        if isinstance(layer, nn.Linear):
            return functional.linear(x, weight, bias)
        if isinstance(layer, TRANSPOSED):
            function: Any = (
                functional.conv_transpose1d
                if isinstance(layer, nn.ConvTranspose1d)
                else functional.conv_transpose2d
            )
            return function(
                x,
                weight,
                bias,
                layer.stride,
                layer.padding,
                layer.output_padding,
                layer.groups,
                layer.dilation,
            )
        return layer._conv_forward(x, weight, bias)
