"""
The ONNX graph under construction: nodes, initializers and unique names.

One function per op class (`operators.py`) adds nodes to it; it knows nothing of ops.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from xdsl.ir import Attribute, SSAValue

from qcc.dialects.types import element_type_of, shape_of, storage_dtype

Array = NDArray[Any]

OPSET = 21
"""The newest operator set that the onnxruntime releases in use run completely."""

IR_VERSION = 10

_SHARED_BYTES = 256
"""Constants up to this size are compared, so that equal ones are stored once."""


def onnx_element_type(element: Attribute) -> int:
    """The TensorProto data type of an element type; of its storage if quantized."""
    return helper.np_dtype_to_tensor_dtype(storage_dtype(element))


class GraphBuilder:
    """
    Collects the parts of one ONNX graph.

    `bind` and `bind_unique` give a value its name; everything else asks for names by
    value (`name`) or for new ones (`fresh`).
    """

    def __init__(self, interface: Iterable[str], tensors: Iterable[str]) -> None:
        """
        Names of the `interface` (inputs, outputs) go only to values bound to them.

        Names of `tensors` go to the first value that is bound to them.
        """
        self._bound = set(interface)
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[TensorProto] = []
        self.node_name = "node"
        self._taken = {*self._bound, *tensors}
        self._node_names: set[str] = set()
        self._names: dict[SSAValue, str] = {}
        self._shared: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def is_bound(self, value: SSAValue) -> bool:
        """Whether `value` has a name already."""
        return value in self._names

    def bind(self, value: SSAValue, name: str) -> None:
        """From now on `value` is called `name`, a name of the interface."""
        assert name in self._bound
        self._names[value] = name

    def bind_unique(self, value: SSAValue, tensor: str) -> None:
        """From now on `value` is called `tensor`, or nearly so where that is taken."""
        name = self.fresh(tensor) if tensor in self._bound or not tensor else tensor
        self._bound.add(name)
        self._names[value] = name

    def name(self, value: SSAValue) -> str:
        """The name of a bound value."""
        return self._names[value]

    def names_of(self, values: Iterable[SSAValue]) -> list[str]:
        """The names of bound values, in order."""
        return [self._names[value] for value in values]

    def fresh(self, hint: str) -> str:
        """A name that nothing else has: `hint`, with a counter where it is taken."""
        name = _unique(hint or "value", self._taken)
        self._taken.add(name)
        return name

    def add(
        self,
        kind: str,
        inputs: Sequence[str],
        outputs: str | Sequence[str] | None = None,
        **attributes: object,
    ) -> str:
        """
        Adds a node of ONNX operator `kind`; "" stands for an absent optional input.

        `outputs` defaults to one fresh name. Attributes that are None are left out.
        Returns the name of the first output.
        """
        if outputs is None:
            outputs = [self.fresh(f"{self.node_name}_{kind}")]
        elif isinstance(outputs, str):
            outputs = [outputs]
        inputs = list(inputs)
        while inputs and inputs[-1] == "":
            inputs.pop()
        name = _unique(self.node_name, self._node_names)
        self._node_names.add(name)
        node = helper.make_node(kind, inputs, list(outputs), name=name)
        node.attribute.extend(
            helper.make_attribute(key, value)
            for key, value in sorted(attributes.items())
            if value is not None
        )
        self.nodes.append(node)
        return outputs[0]

    def initializer(self, array: Array, name: str) -> str:
        """A constant of exactly this (already unique) name."""
        data = np.ascontiguousarray(array).reshape(array.shape)
        self.initializers.append(numpy_helper.from_array(data, name))
        return name

    def constant(self, array: Array, hint: str) -> str:
        """A constant of any name; equal small ones are one."""
        if array.nbytes > _SHARED_BYTES:
            return self.initializer(array, self.fresh(hint))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._shared:
            self._shared[key] = self.initializer(array, self.fresh(hint))
        return self._shared[key]

    def integers(self, values: Sequence[int], hint: str) -> str:
        """A constant int64 vector, as shapes and axes are given."""
        return self.constant(np.asarray(values, np.int64).reshape(-1), hint)


def value_info(value: SSAValue, name: str) -> onnx.ValueInfoProto:
    """The declaration of a graph input or output."""
    element = onnx_element_type(element_type_of(value))
    return helper.make_tensor_value_info(name, element, list(shape_of(value)))


def _unique(hint: str, taken: set[str]) -> str:
    name, counter = hint, 0
    while name in taken:
        counter += 1
        name = f"{hint}__{counter}"
    return name
