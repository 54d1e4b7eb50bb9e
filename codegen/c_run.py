"""
The run function of one target: every `kernel.call` is one line of it.

Weights and wrappers are shared by the run functions of one library: equal constants are
stored once, equal calls use one wrapper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, cast

from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, BlockArgument, SSAValue

from qcc.codegen.c_calls import CallText, call_texts
from qcc.codegen.costs import multiply_accumulates
from qcc.codegen.plan_memory import align
from qcc.codegen.targets import Target
from qcc.dialects import kernel
from qcc.dialects.naming import node_name

_LOCALS = """\
  unsigned char *const arena = context->arena;
  const unsigned char *const weights = context->weights;
  (void)arena;
  (void)weights;
"""


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
    step_table: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def name(self) -> str:
        """The C name."""
        return f"run__{self.target.identifier}"

    def print(self, input_count: int) -> str:
        """The definition, after those of the steps that run in parts."""
        ops = list(self.function.body.block.ops)
        calls = [op for op in ops if isinstance(op, kernel.CallOp)]
        texts = call_texts(calls, self.target)
        for op in ops:
            if isinstance(op, kernel.ConstantOp):
                self.shared.offset(op)
        lines = zip(
            calls,
            (self._call(*pair, input_count) for pair in zip(calls, texts, strict=True)),
            strict=True,
        )
        parallel: list[str] = []
        body: list[str] = []
        for group, members in groupby(lines, lambda line: line[0].group):
            if group is None:
                for op, text in members:
                    body.append(self._step(text, [op]))
            else:
                parts = list(members)
                name = f"{self.name}_step_{len(self.step_table)}"
                parallel.append(self._task(name, [text for _, text in parts]))
                call = f"qcc_parallel(&frame, {name}, {len(parts)});"
                body.append(self._step(call, [op for op, _ in parts]))
        frame = (
            "  const qcc_frame frame = {context, inputs, outputs};\n"
            if parallel
            else ""
        )
        return (
            f"{''.join(parallel)}static void {self.name}(qcc_context *context, "
            "const void *const *inputs, void *const *outputs) {\n"
            f"{_LOCALS}{frame if parallel else ''}{''.join(body)}}}\n"
        )

    @property
    def is_parallel(self) -> bool:
        """Whether any step runs in parts."""
        return any(
            isinstance(op, kernel.CallOp) and op.group is not None
            for op in self.function.body.block.ops
        )

    def _step(self, call: str, ops: Sequence[kernel.CallOp]) -> str:
        """A line of the run function; notes what it does for the description."""
        index = len(self.step_table)
        step: dict[str, Any] = {
            "kernel": ops[0].function.data.removeprefix("qcc_"),
            "node": node_name(ops[0]) or "",
        }
        if macs := sum(multiply_accumulates(op) for op in ops):
            step["macs"] = macs
        self.step_table.append(step)
        return f"  {call}\n  qcc_step(context, {index});\n"

    def _task(self, name: str, calls: Sequence[str]) -> str:
        """The function that does one part of a step."""
        cases = "".join(
            f"  case {part}:\n    {call}\n    break;\n"
            for part, call in enumerate(calls)
        )
        return (
            f"static void {name}(void *argument, int part) {{\n"
            "  const qcc_frame *const frame = (const qcc_frame *)argument;\n"
            "  const qcc_context *const context = frame->context;\n"
            "  const void *const *const inputs = frame->inputs;\n"
            "  void *const *const outputs = frame->outputs;\n"
            "  (void)inputs;\n  (void)outputs;\n"
            f"{_LOCALS}  switch (part) {{\n{cases}  default:\n    break;\n  }}\n}}\n\n"
        )

    def _call(self, op: kernel.CallOp, text: CallText, input_count: int) -> str:
        """The C of one call."""
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
            table = f"arguments_{len(shared.tables)}"
            places.insert(0, shared.tables.setdefault(text.table, table))
        return f"{name}({', '.join(places)});"

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
