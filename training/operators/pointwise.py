"""Activation functions and arithmetic."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from qcc.training.onnx_writer import Ref, Writer
from qcc.training.operators.registry import constant, operation
from qcc.training.tracing import TensorInfo


def _activation(kind: str, *targets: Any) -> None:
    def write(writer: Writer, info: TensorInfo, x: Ref, inplace: bool = False) -> Ref:
        return writer.add(kind, [x], info.shape)

    operation(*targets)(write)


_activation("Relu", functional.relu, functional.relu_, torch.relu, torch.relu_)
_activation("Relu", "relu", "relu_")
_activation("HardSwish", functional.hardswish)
_activation("Sigmoid", functional.sigmoid, torch.sigmoid, "sigmoid")
_activation("Tanh", functional.tanh, torch.tanh, "tanh")
_activation("Abs", torch.abs, "abs")
_activation("Neg", torch.neg, operator.neg, "neg")
_activation("Exp", torch.exp, "exp")
_activation("Sqrt", torch.sqrt, "sqrt")


@operation(functional.relu6)
def relu6(writer: Writer, info: TensorInfo, x: Ref, inplace: bool = False) -> Ref:
    """Clip to [0, 6]"""
    return clamp(writer, info, x, 0.0, 6.0)


@operation(functional.hardtanh)
def hardtanh(
    writer: Writer,
    info: TensorInfo,
    x: Ref,
    min_val: float = -1.0,
    max_val: float = 1.0,
    inplace: bool = False,
) -> Ref:
    """Clip"""
    return clamp(writer, info, x, min_val, max_val)


@operation(torch.clamp, torch.clip, "clamp", "clip")
def clamp(
    writer: Writer,
    info: TensorInfo,
    x: Ref,
    min: float | None = None,
    max: float | None = None,
) -> Ref:
    """Clip; a bound that is None is left out"""
    inputs: list[Ref | str] = [x]
    for bound in (min, max):
        inputs.append("" if bound is None else writer.constant(bound, np.float32))
    return writer.add("Clip", inputs, info.shape)


@operation(functional.hardsigmoid)
def hardsigmoid(writer: Writer, info: TensorInfo, x: Ref, inplace: bool = False) -> Ref:
    """HardSigmoid with the slope of torch"""
    return writer.add("HardSigmoid", [x], info.shape, alpha=1 / 6, beta=0.5)


@operation(functional.silu)
def silu(writer: Writer, info: TensorInfo, x: Ref, inplace: bool = False) -> Ref:
    """x * Sigmoid(x)"""
    gate = writer.add("Sigmoid", [x], info.shape, last=False)
    return writer.add("Mul", [x, gate], info.shape)


@operation(functional.gelu)
def gelu(writer: Writer, info: TensorInfo, x: Ref, approximate: str = "none") -> Ref:
    """Gelu"""
    return writer.add("Gelu", [x], info.shape, approximate=approximate)


@operation(functional.leaky_relu)
def leaky_relu(
    writer: Writer,
    info: TensorInfo,
    x: Ref,
    negative_slope: float = 0.01,
    inplace: bool = False,
) -> Ref:
    """LeakyRelu"""
    return writer.add("LeakyRelu", [x], info.shape, alpha=float(negative_slope))


@operation(functional.elu)
def elu(
    writer: Writer,
    info: TensorInfo,
    x: Ref,
    alpha: float = 1.0,
    inplace: bool = False,
) -> Ref:
    """Elu"""
    return writer.add("Elu", [x], info.shape, alpha=float(alpha))


@operation(functional.softmax, torch.softmax, "softmax")
def softmax(writer: Writer, info: TensorInfo, x: Ref, dim: int, **unused: Any) -> Ref:
    """Softmax"""
    return writer.add("Softmax", [x], info.shape, axis=dim)


@operation(functional.dropout, functional.dropout2d, "contiguous", "detach")
def identity(writer: Writer, info: TensorInfo, x: Ref, *_: Any, **unused: Any) -> Ref:
    """Nothing: dropout acts in training only"""
    return x


def _binary(kind: str, *targets: Any) -> None:
    def write(
        writer: Writer, info: TensorInfo, a: Any, b: Any, *, alpha: float = 1
    ) -> Ref:
        if alpha != 1:
            raise writer.error(f"alpha is {alpha}", "multiply in an operation before")
        operands = [constant(writer, a), constant(writer, b)]
        return writer.add(kind, operands, info.shape)

    operation(*targets)(write)


_binary("Add", operator.add, operator.iadd, torch.add, "add", "add_")
_binary("Sub", operator.sub, operator.isub, torch.sub, "sub", "sub_")
_binary("Mul", operator.mul, operator.imul, torch.mul, "mul", "mul_")
_binary("Div", operator.truediv, torch.div, "div")
_binary("MatMul", torch.matmul, operator.matmul, torch.bmm, "matmul")
