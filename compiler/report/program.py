"""What a compiled program does, read off its run function: memory, work, energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerAttr, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from qcc.codegen.costs import multiply_accumulates
from qcc.codegen.plan_memory import live_intervals
from qcc.dialects import kernel
from qcc.dialects.naming import node_name

INT8_MAC = 0.2 + 0.1
"""Picojoules: an 8 bit product and a 32 bit addition (Horowitz)."""

FLOAT_MAC = 3.7 + 0.9
"""Picojoules: a 32 bit floating-point product and addition."""

ARENA_BYTE = 20 / 8
"""Picojoules: 64 bits of a 32 kB cache cost 20."""

WEIGHT_BYTE = 1300 / 8
"""Picojoules: 64 bits of DRAM cost 1300 at least; each weight is read once."""

SOURCE = (
    'M. Horowitz, "Computing\'s energy problem (and what we can do about it)", '
    "ISSCC 2014, figures for 45 nm and 0.9 V"
)


@dataclass(frozen=True)
class Buffer:
    """A place in the arena and the steps during which it is taken."""

    name: str
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Step:
    """One step of a run."""

    kernel: str
    node: str
    macs: int
    arena_bytes: int
    """Read and written."""
    weight_bytes: int

    @property
    def is_float(self) -> bool:
        """Whether its products are float."""
        return "f32" in self.kernel

    @property
    def energy(self) -> float:
        """About the picojoules that it takes."""
        mac = FLOAT_MAC if self.is_float else INT8_MAC
        moved = self.arena_bytes * ARENA_BYTE + self.weight_bytes * WEIGHT_BYTE
        return self.macs * mac + moved


def arena_bytes(run: FuncOp) -> int:
    """The size of the arena of a run function."""
    size = run.attributes["arena_bytes"]
    assert isinstance(size, IntegerAttr)
    return size.value.data


def steps_of(run: FuncOp) -> list[list[kernel.CallOp]]:
    """The calls of each step, in order: those of a group are one."""
    steps: list[list[kernel.CallOp]] = []
    for op in run.body.block.ops:
        if not isinstance(op, kernel.CallOp):
            continue
        if op.group is not None and steps and steps[-1][-1].group == op.group:
            steps[-1].append(op)
        else:
            steps.append([op])
    return steps


def describe_steps(run: FuncOp) -> list[Step]:
    """Work and traffic of each step."""
    return [_step(calls) for calls in steps_of(run)]


def _step(calls: Sequence[kernel.CallOp]) -> Step:
    arena = weights = 0
    seen: set[SSAValue] = set()
    for call in calls:
        for buffer in call.buffers:
            if buffer in seen or isinstance(buffer.owner, kernel.NullOp):
                continue
            seen.add(buffer)
            size = kernel.buffer_type(buffer).byte_count
            if isinstance(_root(buffer).owner, kernel.ConstantOp):
                weights += size
            else:
                arena += size
    return Step(
        calls[0].function.data.removeprefix("qcc_"),
        node_name(calls[0]) or "",
        sum(multiply_accumulates(call) for call in calls),
        arena,
        weights,
    )


def _root(buffer: SSAValue) -> SSAValue:
    while isinstance(buffer.owner, kernel.ViewOp):
        buffer = buffer.owner.source
    return buffer


def memory_map(run: FuncOp) -> list[Buffer]:
    """Every buffer of the arena, with steps numbered from 0."""
    # Intervals count the ops of the block; steps are what people count.
    step_at: dict[int, int] = {}
    number = -1
    group: object = None
    for index, op in enumerate(run.body.block.ops):
        if isinstance(op, kernel.CallOp):
            if op.group is None or op.group != group:
                number += 1
            group = op.group
        step_at[index] = max(number, 0)
    found: list[Buffer] = []
    for op, interval in live_intervals(run).items():
        assert op.offset is not None, "plan-memory has not run"
        name = op.attributes.get("tensor")
        found.append(
            Buffer(
                name.data if isinstance(name, StringAttr) else "scratch",
                op.offset.value.data,
                interval.size,
                step_at[interval.first],
                step_at[interval.last],
            )
        )
    return found
