"""The ONNX nodes of one fx node: finds the function that writes it and calls it."""

from __future__ import annotations

import inspect
from typing import Any

from torch import fx, nn
from torch.nn import functional

from qcc.training.layers import QuantizedLayer
from qcc.training.onnx_writer import OBSERVERS, Writer
from qcc.training.operators import layers, movement, pointwise, pooling
from qcc.training.operators.registry import OPERATIONS, OperatorWriter

_MODULES: dict[type[nn.Module], tuple[OperatorWriter, str]] = {
    nn.ReLU6: (pointwise.relu6, ""),
    nn.Hardtanh: (pointwise.hardtanh, "min_val max_val"),
    nn.ReLU: (OPERATIONS[functional.relu], ""),
    nn.Hardswish: (OPERATIONS[functional.hardswish], ""),
    nn.Hardsigmoid: (pointwise.hardsigmoid, ""),
    nn.Sigmoid: (OPERATIONS[functional.sigmoid], ""),
    nn.Tanh: (OPERATIONS[functional.tanh], ""),
    nn.SiLU: (pointwise.silu, ""),
    nn.GELU: (pointwise.gelu, "approximate"),
    nn.LeakyReLU: (pointwise.leaky_relu, "negative_slope"),
    nn.ELU: (pointwise.elu, "alpha"),
    nn.Softmax: (pointwise.softmax, "dim"),
    nn.Dropout: (pointwise.identity, ""),
    nn.Dropout2d: (pointwise.identity, ""),
    nn.Identity: (pointwise.identity, ""),
    nn.Flatten: (movement.reshape, ""),
    nn.MaxPool2d: (pooling.max_pool2d, "kernel_size stride padding dilation ceil_mode"),
    nn.AvgPool2d: (
        pooling.avg_pool2d,
        "kernel_size stride padding ceil_mode count_include_pad divisor_override",
    ),
    nn.AdaptiveAvgPool2d: (pooling.adaptive_avg_pool2d, "output_size"),
    nn.Upsample: (movement.interpolate, "size scale_factor mode align_corners"),
    nn.LayerNorm: (layers.layer_norm, "normalized_shape weight bias eps"),
}


def write_node(
    writer: Writer, module: fx.GraphModule, node: fx.Node, refs: Any, info: Any
) -> Any:
    """Adds the ONNX nodes of an fx node whose result is described by `info`."""
    args, kwargs = fx.map_arg((node.args, dict(node.kwargs)), refs.__getitem__)
    if node.op != "call_module":
        found = OPERATIONS.get(node.target)
        if found is None:
            raise _unknown(writer)
        return _call(found, writer, info, args, kwargs)
    target = module.get_submodule(str(node.target))
    if str(node.target).startswith(OBSERVERS):
        return args[0]
    if isinstance(target, QuantizedLayer):
        return layers.layer(writer, info, target, *args)
    for kind, (found, names) in _MODULES.items():
        if isinstance(target, kind):
            more = {name: getattr(target, name) for name in names.split()}
            return _call(found, writer, info, args, more)
    raise _unknown(writer)


def _call(
    function: OperatorWriter, writer: Writer, info: Any, args: Any, kwargs: Any
) -> Any:
    try:
        inspect.signature(function).bind(writer, info, *args, **kwargs)
    except TypeError as error:
        raise writer.error(
            f"an argument is not supported: {error}", "leave it at its default"
        ) from None
    return function(writer, info, *args, **kwargs)


def _unknown(writer: Writer) -> Exception:
    return writer.error(
        "qcc.training has no ONNX form for it",
        "write it with other operations, or keep it out of the prepared model",
    )
