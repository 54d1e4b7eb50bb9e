"""
`split-calls`: steps beside convolutions are done in parts, one for each thread.

Select-kernels splits convolutions, whose plans depend on their sizes; all other calls
only need other arguments and places (`call_parts.py`). Small scratch of the parts is
one buffer per thread, in all steps: what another core has just written in it would
have to come from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp, i8, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from qcc.codegen.call_parts import CallPart, call_parts
from qcc.dialects import kernel

_OWN_SCRATCH = 96 * 1024
"""Bytes of scratch, at most, that a thread has for a whole run."""


@dataclass(frozen=True)
class SplitCallsPass(ModulePass):
    """Replaces heavy calls by groups of calls that may run at once."""

    name = "split-calls"

    threads: int = 1
    """Into how many parts."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for run in list(op.walk()):
            if isinstance(run, FuncOp):
                self._split_all(run)
                _share_scratch(run)

    def _split_all(self, run: FuncOp) -> None:
        ops = list(run.body.block.ops)
        calls = [op for op in ops if isinstance(op, kernel.CallOp)]
        groups = {call.group.value.data for call in calls if call.group is not None}
        group = max(groups, default=-1) + 1
        for call in calls:
            if call.group is not None:
                continue
            parts = call_parts(call, self.threads)
            if len(parts) > 1:
                _split(call, parts, group)
                group += 1


def _split(call: kernel.CallOp, parts: list[CallPart], group: int) -> None:
    here = InsertPoint.before(call)
    copies = [call.clone() for _ in parts]
    for index, (copy, part) in enumerate(zip(copies, parts, strict=True)):
        copy.location = call.location
        for number, offset in enumerate(part.offsets):
            buffer = call.buffers[number]
            if index > 0 and _is_scratch(call, buffer):
                own = kernel.AllocateOp(kernel.buffer_type(buffer))
                Rewriter.insert_op(own, here)
                copy.operands[number] = own.result
            elif offset:
                rest = kernel.buffer_type(buffer).byte_count - offset
                kind = kernel.BufferType.get(i8, rest)
                view = kernel.ViewOp(buffer, kind, offset)
                Rewriter.insert_op(view, here)
                copy.operands[number] = view.result
        copy.properties["arguments"] = DictionaryAttr(
            {**call.arguments.data, **kernel.literals(part.arguments)}
        )
        copy.properties["group"] = IntegerAttr(group, i64)
    for copy in copies:
        Rewriter.insert_op(copy, here)
    Rewriter.erase_op(call)


def _is_scratch(call: kernel.CallOp, buffer: SSAValue) -> bool:
    """Whether a call writes a buffer only to read it again: it has no logical type."""
    if buffer in call.read_buffers or not isinstance(buffer.owner, kernel.AllocateOp):
        return False
    return buffer is not call.written_buffers[0] and buffer.owner.type is None


@dataclass(frozen=True)
class _Scratch:
    """A buffer that is scratch of one part of a group."""

    part: int
    call: kernel.CallOp
    number: int

    @property
    def size(self) -> int:
        """Bytes."""
        return kernel.buffer_type(self.call.buffers[self.number]).byte_count


def _scratch_of_parts(run: FuncOp) -> Iterator[_Scratch]:
    """The small ones."""
    calls = [op for op in run.body.block.ops if isinstance(op, kernel.CallOp)]
    for group, parts in groupby(calls, lambda call: call.group):
        if group is None:
            continue
        for part, call in enumerate(parts):
            for number, buffer in enumerate(call.buffers):
                scratch = _Scratch(part, call, number)
                if scratch.size <= _OWN_SCRATCH and _is_scratch(call, buffer):
                    yield scratch


def _share_scratch(run: FuncOp) -> None:
    found = list(_scratch_of_parts(run))
    for part in sorted({scratch.part for scratch in found}):
        own = [scratch for scratch in found if scratch.part == part]
        kind = kernel.BufferType.get(i8, max(scratch.size for scratch in own))
        whole = kernel.AllocateOp(kind)
        first = run.body.block.first_op
        assert first is not None
        Rewriter.insert_op(whole, InsertPoint.before(first))
        for scratch in own:
            scratch.call.operands[scratch.number] = whole.result
