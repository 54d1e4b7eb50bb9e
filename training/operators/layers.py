"""Convolution, linear layer, and the normalizations that have parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from qcc.training.layers import CONVOLUTIONS, TRANSPOSED, QuantizedLayer
from qcc.training.onnx_writer import Ref, Writer
from qcc.training.operators.movement import reshape
from qcc.training.operators.registry import operation, per_axis
from qcc.training.tracing import TensorInfo


def layer(writer: Writer, info: TensorInfo, module: QuantizedLayer, x: Ref) -> Ref:
    """Conv, ConvTranspose, Gemm; a lone BatchNorm is a depthwise convolution."""
    inner = module.layer
    weight, bias = writer.parameters(module)
    if isinstance(inner, nn.Linear):
        return _linear(writer, info, x, weight, bias)
    inputs = [x, weight] if bias is None else [x, weight, bias]
    if inner is None:
        return writer.add_layer(
            "Conv", inputs, info.shape, reads=x, group=module.groups
        )
    if inner.padding_mode != "zeros":
        raise writer.error(
            f"it pads with mode {inner.padding_mode!r}", "pad in a layer of its own"
        )
    attributes: dict[str, Any] = {
        "kernel_shape": per_axis(inner.kernel_size),
        "strides": per_axis(inner.stride),
        "dilations": per_axis(inner.dilation),
        "group": inner.groups,
    }
    if isinstance(inner, TRANSPOSED):
        attributes["pads"] = per_axis(inner.padding) * 2
        attributes["output_padding"] = per_axis(inner.output_padding)
        return writer.add_layer(
            "ConvTranspose", inputs, info.shape, reads=x, **attributes
        )
    assert isinstance(inner, CONVOLUTIONS)
    attributes["pads"] = _convolution_pads(inner)
    return writer.add_layer("Conv", inputs, info.shape, reads=x, **attributes)


def _convolution_pads(inner: Any) -> list[int]:
    if inner.padding == "valid":
        return [0] * (2 * len(inner.kernel_size))
    if inner.padding == "same":
        total = [
            d * (k - 1) for d, k in zip(inner.dilation, inner.kernel_size, strict=True)
        ]
        # As torch does: the odd one goes to the end.
        return [t // 2 for t in total] + [t - t // 2 for t in total]
    return per_axis(inner.padding) * 2


def _linear(
    writer: Writer, info: TensorInfo, x: Ref, weight: str, bias: str | None
) -> Ref:
    """A Gemm of matrices; other ranks are reshaped before and after."""
    inputs = [weight] if bias is None else [weight, bias]
    if len(x.shape) == 2:
        return writer.add_layer("Gemm", [x, *inputs], info.shape, reads=x)
    rows, columns = math.prod(x.shape[:-1]), x.shape[-1]
    shape = writer.constant([rows, columns], np.int64)
    flat = writer.add("Reshape", [x, shape], (rows, columns), last=False)
    result = (rows, info.shape[-1])
    product = writer.add_layer("Gemm", [flat, *inputs], result, reads=x, last=False)
    return reshape(writer, info, product)


@operation(functional.layer_norm)
def layer_norm(
    writer: Writer,
    info: TensorInfo,
    x: Ref,
    normalized_shape: Sequence[int],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Ref:
    """LayerNormalization over the last axes; its scale and bias stay float"""
    scale = torch.ones(tuple(normalized_shape)) if weight is None else weight
    inputs: list[Ref | str] = [x]
    for value in (scale, bias):
        if isinstance(value, torch.Tensor):
            inputs.append(writer.constant(value.detach().cpu().numpy()))
        elif value is not None:
            inputs.append(value)
    axis = len(x.shape) - len(normalized_shape)
    return writer.add(
        "LayerNormalization", inputs, info.shape, axis=axis, epsilon=float(eps)
    )
