"""What ONNX Runtime makes of one node, to compare reference functions with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper
from xdsl.ir import Attribute, Operation, SSAValue

from qcc.dialects import nn
from qcc.dialects.reference.registry import evaluate, operand_values

Array = NDArray[Any]


def random_floats(seed: int, *shape: int, scale: float = 2.0) -> Array:
    """Normally distributed float32."""
    generator = np.random.default_rng(seed)
    return np.asarray(generator.standard_normal(shape) * scale, np.float32)


def value(array: Array, element_type: Attribute | None = None) -> SSAValue:
    """A constant."""
    return nn.ConstantOp(array, element_type).result


def evaluated(op: Operation) -> Array:
    """The verified op's result for its operands, which are constants."""
    op.verify()
    arrays: list[Array | None] = []
    for operand in operand_values(op):
        owner = None if operand is None else operand.owner
        assert owner is None or isinstance(owner, nn.ConstantOp)
        arrays.append(None if owner is None else owner.array())
    (result,) = evaluate(op, arrays)
    return result


def run_onnx(
    op_type: str, inputs: Sequence[Array | None], opset: int = 20, **attributes: Any
) -> Array:
    """The first output of one ONNX node; inputs that are None are left out."""
    while inputs[-1] is None:
        inputs = inputs[:-1]
    names = [f"x{i}" if array is not None else "" for i, array in enumerate(inputs)]
    node = helper.make_node(op_type, names, ["y"], **attributes)
    infos = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )
        for name, array in zip(names, inputs, strict=True)
        if array is not None
    ]
    output = onnx.ValueInfoProto()
    output.name = "y"
    graph = helper.make_graph([node], "one", infos, [output])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    feeds = {
        name: array
        for name, array in zip(names, inputs, strict=True)
        if array is not None
    }
    (result,) = session.run(None, feeds)
    assert isinstance(result, np.ndarray)
    return result


def assert_close(actual: Array, expected: Array, tolerance: float = 2e-6) -> None:
    """Same dtype and shape; floats within `tolerance`, relative and absolute."""
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    if np.issubdtype(actual.dtype, np.floating):
        np.testing.assert_allclose(
            actual, expected, rtol=tolerance, atol=tolerance, equal_nan=True
        )
    else:
        np.testing.assert_array_equal(actual, expected)
