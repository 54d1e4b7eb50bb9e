"""
Prints a `kernel` module as C: `print_model` gives the `.c`, the `.h` and the weights.

Every `kernel.call` is one line of the run function. It goes through a wrapper that is
not inlined and passes a literal argument struct, so that the C compiler specialises the
micro-kernel; equal calls share one wrapper.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from string import Template
from typing import Any, cast

import numpy as np
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    FunctionType,
    IntegerAttr,
    StringAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, BlockArgument, SSAValue

from qcc.codegen.amalgamate import amalgamate, api_header
from qcc.codegen.c_calls import CallText, call_texts
from qcc.codegen.c_names import (
    c_string,
    json_text,
    unique_identifiers,
)
from qcc.codegen.costs import multiply_accumulates
from qcc.codegen.plan_memory import ALIGNMENT, align
from qcc.codegen.targets import Target
from qcc.codegen.to_channels_last import PERMUTATION
from qcc.dialects import kernel
from qcc.dialects.naming import node_name
from qcc.dialects.quant.types import UniformType
from qcc.dialects.types import ints, storage_dtype

_C_TYPES = {
    np.dtype(np.bool_): "uint8_t",
    np.dtype(np.int8): "int8_t",
    np.dtype(np.uint8): "uint8_t",
    np.dtype(np.int16): "int16_t",
    np.dtype(np.int32): "int32_t",
    np.dtype(np.int64): "int64_t",
    np.dtype(np.float32): "float",
}


@dataclass(frozen=True)
class PrintedModel:
    """The text of a model; `weights` are the bytes that the C refers to."""

    prefix: str
    source: str
    """With `#include "<prefix>.h"`; wants the weights by `weights_declaration`."""
    header: str
    weights: bytes
    description: dict[str, Any]


@dataclass
class _Weights:
    """Constants laid out one after the other, each on its own cache line."""

    data: bytearray = field(default_factory=bytearray)
    offsets: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])

    def add(self, op: kernel.ConstantOp) -> None:
        content = op.array().tobytes()
        self.offsets[op.result] = len(self.data)
        self.data += content + bytes(align(len(content)) - len(content))


@dataclass
class _Printer:
    """Collects wrappers and steps of one run function."""

    target: Target
    weights: _Weights = field(default_factory=_Weights)
    names: dict[str, str] = field(default_factory=dict[str, str])
    tables: dict[str, str] = field(default_factory=dict[str, str])
    steps: list[str] = field(default_factory=list[str])
    step_table: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    headers: dict[str, None] = field(default_factory=dict[str, None])

    def run(self, function: FuncOp, input_count: int) -> None:
        for op in function.body.block.ops:
            if isinstance(op, kernel.ConstantOp):
                self.weights.add(op)
        calls = [op for op in function.body.block.ops if isinstance(op, kernel.CallOp)]
        texts = call_texts(calls, self.target)
        for op, text in zip(calls, texts, strict=True):
            self.call(op, text, input_count)

    def call(self, op: kernel.CallOp, text: CallText, input_count: int) -> None:
        self.headers[op.header.data] = None
        stem = op.function.data.removeprefix("qcc_")
        name = self.names.setdefault(text.wrapper, f"{stem}_{len(self.names)}")
        places = [
            self.place(buffer, input_count)
            for buffer in op.buffers
            if not isinstance(buffer.owner, kernel.NullOp)
        ]
        if text.table is not None:
            key = f"static const {op.struct.data} @NAME@ = {text.table};\n"
            table = self.tables.setdefault(key, f"arguments_{len(self.tables)}")
            places.insert(0, f"&{table}")
        index = len(self.steps)
        self.steps.append(
            f"  {name}({', '.join(places)});\n  qcc_step(context, {index});\n"
        )
        step: dict[str, Any] = {"kernel": stem, "node": node_name(op) or ""}
        if macs := multiply_accumulates(op):
            step["macs"] = macs
        self.step_table.append(step)

    def place(self, buffer: SSAValue, input_count: int) -> str:
        """The C expression of a buffer's address."""
        offset = 0
        while isinstance(view := buffer.owner, kernel.ViewOp):
            element = kernel.buffer_type(view.result)
            size = element.byte_count // max(element.count.data, 1)
            offset += view.offset.value.data * size
            buffer = view.source
        if isinstance(buffer.owner, Block):
            index = cast("BlockArgument", buffer).index
            if index < input_count:
                base = f"(const unsigned char *)inputs[{index}]"
            else:
                base = f"(unsigned char *)outputs[{index - input_count}]"
        elif isinstance(buffer.owner, kernel.ConstantOp):
            base, offset = "weights", offset + self.weights.offsets[buffer]
        else:
            assert isinstance(buffer.owner, kernel.AllocateOp)
            assert buffer.owner.offset is not None, "plan-memory has not run"
            base, offset = "arena", offset + buffer.owner.offset.value.data
        return f"{base} + {offset}" if offset else base

    def wrappers(self) -> str:
        """The definitions of all wrappers, then of the tables that they read."""
        texts = {**self.names, **self.tables}
        return "\n".join(t.replace("@NAME@", n) for t, n in texts.items())


def _port(name: str, type_: Attribute) -> dict[str, Any]:
    """What the description says of an input, an output or a tensor."""
    assert isinstance(type_, TensorType)
    kind = cast("TensorType[Attribute]", type_)
    element = kind.element_type
    entry: dict[str, Any] = {
        "name": name,
        "type": storage_dtype(element).name,
        "shape": list(kind.get_shape()),
    }
    if isinstance(element, UniformType) and element.axis is None:
        entry["scale"] = float(element.scales[0])
        entry["zero_point"] = int(element.zero_points[0])
    return entry


def _tensors(function: FuncOp) -> list[dict[str, Any]]:
    """Where every named tensor lies in the arena (valid when none share bytes)."""
    table: list[dict[str, Any]] = []
    for op in function.body.block.ops:
        if not isinstance(op, kernel.AllocateOp) or op.type is None:
            continue
        name = op.attributes.get("tensor")
        if isinstance(name, StringAttr) and op.offset is not None:
            entry = {**_port(name.data, op.type), "offset": op.offset.value.data}
            moved = op.attributes.get(PERMUTATION)
            if isinstance(moved, DenseArrayBase):
                entry["permutation"] = list(ints(moved))
            table.append(entry)
    return table


def _names(function: FuncOp, key: str) -> list[str]:
    names = function.attributes[key]
    assert isinstance(names, ArrayAttr)
    elements = cast("ArrayAttr[StringAttr]", names)
    return [name.data for name in elements]


def _integer(function: FuncOp, key: str) -> int:
    attribute = function.attributes[key]
    assert isinstance(attribute, IntegerAttr)
    return attribute.value.data


def print_model(
    function: FuncOp, target: Target, prefix: str, *, tensors: bool = False
) -> PrintedModel:
    """
    The C of a planned @run.

    `prefix` begins every public name and is a C identifier. With `tensors` the
    description lists all named intermediate tensors (plan-memory without reuse).
    """
    kind = function.attributes["argument_types"]
    assert isinstance(kind, FunctionType)
    inputs = [
        _port(*pair)
        for pair in zip(_names(function, "input_names"), kind.inputs, strict=True)
    ]
    outputs = [
        _port(*pair)
        for pair in zip(_names(function, "output_names"), kind.outputs, strict=True)
    ]
    printer = _Printer(target)
    printer.run(function, len(inputs))
    printer.weights.data += bytes(ALIGNMENT)
    description: dict[str, Any] = {
        "version": 1,
        "name": prefix,
        "target": target.name,
        "inputs": inputs,
        "outputs": outputs,
        "arena_bytes": _integer(function, "arena_bytes"),
        "lower_bound_bytes": _integer(function, "lower_bound_bytes"),
        "weight_bytes": len(printer.weights.data),
        "steps": printer.step_table,
    }
    if tensors:
        description["tensors"] = _tensors(function)
    fields = _fields(prefix, target, description) | {
        "runtime": amalgamate(target, printer.headers),
        "wrappers": printer.wrappers(),
        "steps": "".join(printer.steps),
        "weights": "@WEIGHTS@",
    }
    templates = resources.files("qcc.codegen").joinpath("templates")
    texts = {
        suffix: Template(
            templates.joinpath(f"model.{suffix}.in").read_text("utf-8")
        ).substitute(fields)
        for suffix in ("c", "h")
    }
    weights = bytes(printer.weights.data)
    return PrintedModel(prefix, texts["c"], texts["h"], weights, description)


def _c_type(entry: dict[str, Any]) -> str:
    return _C_TYPES[np.dtype(entry["type"])]


def _fields(prefix: str, target: Target, about: dict[str, Any]) -> dict[str, str]:
    """What the templates of `.c` and `.h` are filled with."""
    ports = [*about["inputs"], *about["outputs"]]
    names = unique_identifiers((port["name"] for port in ports), "tensor")
    count = len(about["inputs"])
    parameters = [
        f"{'const ' if k < count else ''}{_c_type(port)} *{name}"
        for k, (port, name) in enumerate(zip(ports, names, strict=True))
    ]
    notes = [
        f" *   {name}: {'x'.join(map(str, port['shape'])) or 'scalar'} {_c_type(port)}"
        for port, name in zip(ports, names, strict=True)
    ]
    macros = [
        f"#define {prefix.upper()}_{name.upper()}_ELEMENTS "
        f"{int(np.prod(port['shape'], dtype=np.int64))}"
        for port, name in zip(ports, names, strict=True)
    ]
    checks = [
        f"  if (!qcc_cpu_has_{feature}()) {{\n    return QCC_ERROR_CPU;\n  }}\n"
        for feature in target.features
        if feature not in ("sse2", "asimd")
    ]
    return {
        "prefix": prefix,
        "PREFIX_UPPER": prefix.upper(),
        "header_name": f"{prefix}.h",
        "api_header": api_header(),
        "target": target.name,
        "target_identifier": target.identifier,
        "ARENA_ALIGN": str(ALIGNMENT),
        "arena_bytes": str(about["arena_bytes"]),
        "weight_bytes": str(about["weight_bytes"]),
        "parameters": ", ".join(parameters),
        "parameter_notes": "\n".join(notes),
        "example_arguments": ", ".join(names),
        "size_macros": "\n".join(macros),
        "cpu_check": "".join(checks),
        "description": c_string(json_text(about)),
        "input_array": _array("const void *inputs", names[:count]),
        "output_array": _array("void *outputs", names[count:]),
    }


def _array(declaration: str, names: list[str]) -> str:
    """A pointer array; one NULL where there is nothing (C has no empty arrays)."""
    return f"{declaration}[] = {{{', '.join(names) or 'NULL'}}};"


__all__ = ["PrintedModel", "print_model"]
