"""What a kernel call costs: its multiply-accumulates, for the list of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr
from xdsl.ir import Attribute

from qcc.dialects import kernel

Arguments = Mapping[str, Attribute]


def _integer(arguments: Arguments, name: str) -> int:
    value = arguments[name]
    assert isinstance(value, IntegerAttr)
    return value.value.data


def _product(arguments: Arguments, *names: str) -> int:
    return prod(_integer(arguments, name) for name in names)


def _convolution(arguments: Arguments) -> int:
    taps = _product(arguments, "kernel_height", "kernel_width")
    pixels = _product(arguments, "batch", "output_height", "output_width")
    return taps * pixels * _product(arguments, "output_channels", "channels")


def _depthwise(arguments: Arguments) -> int:
    """Depthwise kernels count all channels as one group; each tap reads one."""
    return _convolution(arguments) // _integer(arguments, "channels")


def _matmul(arguments: Arguments) -> int:
    dims = arguments["dims"]
    assert isinstance(dims, DenseArrayBase)
    batches = prod(int(size) for size in dims.get_values())
    return batches * _product(arguments, "rows", "depth", "columns")


_BY_STRUCT: dict[str, Callable[[Arguments], int]] = {
    "qcc_conv2d_args": _convolution,
    "qcc_conv2d_integer_args": _convolution,
    "qcc_matmul_args": _matmul,
    "qcc_matmul_integer_args": _matmul,
}


def multiply_accumulates(call: kernel.CallOp) -> int:
    """
    The products that a call adds up, padding counted; 0 where that is not its work.

    A transposed convolution is counted by output pixels: taps that fall between the
    input's pixels are counted though they do not exist.
    """
    if "qcc_depthwise" in call.function.data:
        return _depthwise(call.arguments.data)
    count = _BY_STRUCT.get(call.struct.data)
    return count(call.arguments.data) if count else 0


__all__ = ["multiply_accumulates"]
