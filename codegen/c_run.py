"""
The run function of one target: every `kernel.call` is one line of it.

Weights and wrappers are shared by the run functions of one library: equal constants are
stored once, equal calls use one wrapper.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, BlockArgument, SSAValue

from qcc.codegen.c_calls import CallText, call_texts
from qcc.codegen.costs import multiply_accumulates
from qcc.codegen.plan_memory import align
from qcc.codegen.targets import Target
from qcc.dialects import kernel
from qcc.dialects.naming import node_name


@dataclass
class Shared:
    """What the run functions of a library have in common."""

    weights: bytearray = field(default_factory=bytearray)
    """Constants one after the other, each on its own cache line."""
    offsets: dict[Attribute, int] = field(default_factory=dict[Attribute, int])
    names: dict[str, str] = field(default_factory=dict[str, str])
    """Texts of wrappers, with their names."""
    tables: dict[str, str] = field(default_factory=dict[str, str])
    """Texts of argument tables, with their names."""
    headers: dict[str, None] = field(default_factory=dict[str, None])

    def offset(self, op: kernel.ConstantOp) -> int:
        """Where the bytes of a constant lie in the weights."""
        if op.value not in self.offsets:
            content = op.array().tobytes()
            self.offsets[op.value] = len(self.weights)
            self.weights += content + bytes(align(len(content)) - len(content))
        return self.offsets[op.value]

    def definitions(self) -> str:
        """The definitions of all wrappers, then of the tables that they read."""
        texts = {**self.names, **self.tables}
        return "\n".join(t.replace("@NAME@", n) for t, n in texts.items())


@dataclass
class RunFunction:
    """The C of one run function, and the description of its steps."""

    function: FuncOp
    target: Target
    shared: Shared
    steps: list[str] = field(default_factory=list[str])
    step_table: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def name(self) -> str:
        """The C name."""
        return f"run__{self.target.identifier}"

    def print(self, input_count: int) -> str:
        """The whole definition."""
        ops = list(self.function.body.block.ops)
        calls = [op for op in ops if isinstance(op, kernel.CallOp)]
        texts = call_texts(calls, self.target)
        for op in ops:
            if isinstance(op, kernel.ConstantOp):
                self.shared.offset(op)
        for op, text in zip(calls, texts, strict=True):
            self._call(op, text, input_count)
        return (
            f"static void {self.name}(qcc_context *context, "
            "const void *const *inputs, void *const *outputs) {\n"
            "  unsigned char *const arena = context->arena;\n"
            "  const unsigned char *const weights = context->weights;\n"
            "  (void)arena;\n  (void)weights;\n"
            f"{''.join(self.steps)}}}\n"
        )

    def _call(self, op: kernel.CallOp, text: CallText, input_count: int) -> None:
        shared = self.shared
        shared.headers[op.header.data] = None
        stem = op.function.data.removeprefix("qcc_")
        name = shared.names.setdefault(text.wrapper, f"{stem}_{len(shared.names)}")
        places = [
            self._place(buffer, input_count)
            for buffer in op.buffers
            if not isinstance(buffer.owner, kernel.NullOp)
        ]
        if text.table is not None:
            key = f"static const {op.struct.data} @NAME@ = {text.table};\n"
            table = shared.tables.setdefault(key, f"arguments_{len(shared.tables)}")
            places.insert(0, f"&{table}")
        index = len(self.steps)
        self.steps.append(
            f"  {name}({', '.join(places)});\n  qcc_step(context, {index});\n"
        )
        step: dict[str, Any] = {"kernel": stem, "node": node_name(op) or ""}
        if macs := multiply_accumulates(op):
            step["macs"] = macs
        self.step_table.append(step)

    def _place(self, buffer: SSAValue, input_count: int) -> str:
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
            base, offset = "weights", offset + self.shared.offset(buffer.owner)
        else:
            assert isinstance(buffer.owner, kernel.AllocateOp)
            assert buffer.owner.offset is not None, "plan-memory has not run"
            base, offset = "arena", offset + buffer.owner.offset.value.data
        return f"{base} + {offset}" if offset else base
