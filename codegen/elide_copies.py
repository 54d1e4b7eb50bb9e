"""
`elide-copies`: parts of a tensor are computed in their place, or read from there.

A concatenation copies each part into the whole, a slice or split copies a part out of
it. Where a part is one run of bytes of the whole, it need not be a buffer of its own:
its buffer becomes a view, and the copy goes; where it is some channels of every pixel,
convolutions can write it there (`strided_parts.py`). The whole then lives as long as
its parts do, so copies are kept where more bytes would be live at once without them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass

from qcc.codegen import strided_parts
from qcc.codegen.buffer_uses import (
    element_bytes,
    first_byte,
    is_written_after,
    readers,
    replace,
    writers,
)
from qcc.codegen.plan_memory import (
    live_interval,
    lower_bound,
    root,
    touching_calls,
)
from qcc.dialects import kernel

_COPY = "qcc_copy_nd_"

_KEPT = "kept"
"""Marks copies that cost less than the memory that it would take to be without them."""


@dataclass(frozen=True)
class _Copy:
    """A copy of a run of elements: whole, or from or to somewhere inside a buffer."""

    call: kernel.CallOp
    count: int
    source: SSAValue
    source_offset: int
    destination: SSAValue
    destination_offset: int

    @staticmethod
    def of(call: kernel.CallOp) -> _Copy | None:
        """The copy that a call is; None for strided ones and other kernels."""
        if not call.function.data.startswith(_COPY):
            return None
        dims = call.integers("dims")
        for name in ("input_strides", "output_strides"):
            if not _is_contiguous(dims, call.integers(name)):
                return None
        count = 1
        for dim in dims:
            count *= dim
        [source], [destination] = call.read_buffers, call.written_buffers
        return _Copy(
            call,
            count,
            source,
            call.integer("input_offset"),
            destination,
            call.integer("output_offset"),
        )

    @property
    def source_run(self) -> tuple[int, int]:
        """First and last byte (excluded) in the allocation that it is read from."""
        begin = first_byte(self.source, self.source_offset)
        return begin, begin + self.count * element_bytes(self.source)

    @property
    def destination_run(self) -> tuple[int, int]:
        """First and last byte (excluded) in the allocation that it is written to."""
        begin = first_byte(self.destination, self.destination_offset)
        return begin, begin + self.count * element_bytes(self.destination)

    def is_all_of(self, buffer: SSAValue) -> bool:
        """Whether it moves every element of one of its two buffers."""
        return self.count == kernel.buffer_type(buffer).count.data


def _is_contiguous(dims: Sequence[int], strides: Sequence[int]) -> bool:
    run = 1
    for dim, stride in zip(reversed(dims), reversed(strides), strict=True):
        if dim != 1 and stride != run:
            return False
        run *= dim
    return True


@dataclass(frozen=True)
class ElideCopiesPass(ModulePass):
    """Replaces buffers that are parts of others by views."""

    name = "elide-copies"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for run in list(op.walk()):
            if isinstance(run, FuncOp):
                _elide(run)


@dataclass(frozen=True)
class _Elision:
    """Copies that can go at once, each with the part and the whole it is between."""

    merges: Sequence[tuple[kernel.CallOp, SSAValue, SSAValue]]
    apply: Callable[[], None]


class _Liveness:
    """Which calls touch which allocation, while copies go."""

    def __init__(self, run: FuncOp):
        self._touched = touching_calls(run)
        self._intervals = {
            buffer: interval
            for buffer, calls in self._touched.items()
            if (interval := live_interval(buffer, calls.values())) is not None
        }

    def _without(
        self, elision: _Elision
    ) -> dict[kernel.AllocateOp, dict[kernel.CallOp, int]]:
        """What touches the buffers that an elision changes, after it."""
        changed: dict[kernel.AllocateOp, dict[kernel.CallOp, int]] = {}
        for _, part, whole in elision.merges:
            assert isinstance(part.owner, kernel.AllocateOp)
            calls = self._touched[part.owner]
            changed[part.owner] = {}
            if isinstance(whole.owner, kernel.AllocateOp):
                before = changed.get(whole.owner, self._touched[whole.owner])
                changed[whole.owner] = before | calls
        gone = {call for call, _, _ in elision.merges}
        return {
            buffer: {call: index for call, index in calls.items() if call not in gone}
            for buffer, calls in changed.items()
        }

    def takes_no_more(self, elision: _Elision) -> bool:
        """Whether no more bytes are live at once after it; if so it is noted."""
        touched = self._without(elision)
        after = dict(self._intervals)
        for buffer, calls in touched.items():
            after.pop(buffer, None)
            interval = live_interval(buffer, calls.values())
            if interval is not None:
                after[buffer] = interval
        if lower_bound(after.values()) > lower_bound(self._intervals.values()):
            return False
        self._touched |= touched
        self._intervals = after
        return True


def _elide(run: FuncOp) -> None:
    """One whole after the other, inner ones first."""
    liveness = _Liveness(run)
    while (found := _first(run)) is not None:
        if liveness.takes_no_more(found):
            found.apply()
            continue
        for call, _, _ in found.merges:
            call.attributes[_KEPT] = UnitAttr()
    for call in run.body.block.ops:
        call.attributes.pop(_KEPT, None)


def _first(run: FuncOp) -> _Elision | None:
    """The first copies that can go, all into one whole or a single one out of it."""
    for call in run.body.block.ops:
        if not isinstance(call, kernel.CallOp) or _KEPT in call.attributes:
            continue
        copy = _Copy.of(call)
        if copy is None:
            strided = strided_parts.find(call)
            if strided is not None:
                merge = (call, strided.source, root(strided.destination))
                return _Elision([merge], strided.write_in_place)
            continue
        whole = root(copy.destination)
        parts = _parts(whole)
        if parts:
            merges = [(part.call, part.source, whole) for part in parts]
            return _Elision(merges, lambda: _write_in_place(parts))
        if _can_read_in_place(copy):
            merge = (call, copy.destination, root(copy.source))
            return _Elision([merge], lambda: _read_in_place(copy))
    return None


def _parts(whole: SSAValue) -> list[_Copy]:
    """The copies that make `whole` whose parts can be computed in their place."""
    if not isinstance(whole.owner, kernel.AllocateOp | Block):
        return []
    copies = [_Copy.of(call) for call in writers(whole)]
    made = [copy for copy in copies if copy is not None]
    if len(made) < len(copies) or any(_KEPT in copy.call.attributes for copy in made):
        return []
    runs = sorted(copy.destination_run for copy in made)
    if any(end > begin for (_, end), (begin, _) in pairwise(runs)):
        return []
    seen: set[SSAValue] = set()
    result: list[_Copy] = []
    for copy in made:
        if copy.source not in seen and _can_write_in_place(copy, whole):
            result.append(copy)
        seen.add(copy.source)
    return result


def _can_write_in_place(copy: _Copy, whole: SSAValue) -> bool:
    part = copy.source
    if not isinstance(part.owner, kernel.AllocateOp) or part is whole:
        return False
    if not copy.is_all_of(part) or is_written_after(part, copy.call):
        return False
    # In a buffer of the caller nothing may be read beside the tensor, as kernels do.
    is_read = any(call is not copy.call for call in readers(part))
    return not (is_read and isinstance(whole.owner, Block))


def _write_in_place(parts: Sequence[_Copy]) -> None:
    for copy in parts:
        whole = root(copy.destination)
        replace(copy.source, whole, copy.destination_run[0], copy.call)


def _can_read_in_place(copy: _Copy) -> bool:
    part, whole = copy.destination, root(copy.source)
    if not isinstance(part.owner, kernel.AllocateOp) or part is whole:
        return False
    if not isinstance(whole.owner, kernel.AllocateOp):
        return False  # beside the tensors of the caller nothing may be read
    if not copy.is_all_of(part) or len(writers(part)) != 1:
        return False
    return not is_written_after(whole, copy.call)


def _read_in_place(copy: _Copy) -> None:
    whole = root(copy.source)
    replace(copy.destination, whole, copy.source_run[0], copy.call)
