"""Pooling and means."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from qcc.training.onnx_writer import Ref, Writer
from qcc.training.operators.registry import operation, per_axis
from qcc.training.tracing import TensorInfo


@operation(functional.max_pool2d, torch.max_pool2d)
def max_pool2d(
    writer: Writer,
    info: TensorInfo,
    x: Ref,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Ref:
    """MaxPool"""
    return writer.add(
        "MaxPool",
        [x],
        info.shape,
        kernel_shape=per_axis(kernel_size),
        strides=per_axis(stride or kernel_size),
        pads=per_axis(padding) * 2,
        dilations=per_axis(dilation),
        ceil_mode=int(ceil_mode),
    )


@operation(functional.avg_pool2d)
def avg_pool2d(
    writer: Writer,
    info: TensorInfo,
    x: Ref,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: None = None,
) -> Ref:
    """AveragePool"""
    if divisor_override is not None:
        raise writer.error("it has a divisor of its own", "multiply afterwards")
    return writer.add(
        "AveragePool",
        [x],
        info.shape,
        kernel_shape=per_axis(kernel_size),
        strides=per_axis(stride or kernel_size),
        pads=per_axis(padding) * 2,
        ceil_mode=int(ceil_mode),
        count_include_pad=int(count_include_pad),
    )


@operation(functional.adaptive_avg_pool2d)
def adaptive_avg_pool2d(
    writer: Writer, info: TensorInfo, x: Ref, output_size: Any
) -> Ref:
    """GlobalAveragePool, or AveragePool where the windows are equal"""
    before, after = x.shape[2:], info.shape[2:]
    if after == (1, 1):
        return writer.add("GlobalAveragePool", [x], info.shape)
    if any(b % a for b, a in zip(before, after, strict=True)):
        raise writer.error("its windows differ in size", "use avg_pool2d")
    window = [b // a for b, a in zip(before, after, strict=True)]
    return writer.add(
        "AveragePool", [x], info.shape, kernel_shape=window, strides=window
    )


@operation(torch.mean, "mean")
def mean(
    writer: Writer, info: TensorInfo, x: Ref, dim: Any = None, keepdim: bool = False
) -> Ref:
    """ReduceMean"""
    axes = (
        range(len(x.shape)) if dim is None else [dim] if isinstance(dim, int) else dim
    )
    axes = [axis % len(x.shape) for axis in axes]
    inputs = [x, writer.constant(axes, np.int64)]
    return writer.add("ReduceMean", inputs, info.shape, keepdims=int(keepdim))
