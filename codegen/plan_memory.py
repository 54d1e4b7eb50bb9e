"""
`plan-memory`: gives every buffer of @run its place in one arena.

Two buffers share bytes when their live ranges (first to last call that touches them,
views included) do not overlap. Offsets come from first fit in several orders, the best
of which is improved by exchanges while the arena is above the lower bound; the
attributes `arena_bytes`, `lower_bound_bytes` (the most bytes that are live at once) and
`tensor_bound_bytes` (without scratch) record the result on the function.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from qcc.dialects import kernel

ALIGNMENT = 64
"""Bytes; a cache line and the widest vector."""

SLACK = 64
"""Bytes after the last buffer that kernels may read but not write."""


_CENTRED = 1.05
"""An arena may be so much larger for two threads to keep to their own memory."""

_EXCHANGES = 4_000_000
"""Comparisons of two buffers that the search for an order may make: half a second."""


@dataclass(frozen=True)
class Interval:
    """A buffer's bytes and the first and last call that touches it."""

    size: int
    first: int
    last: int

    def meets(self, other: Interval) -> bool:
        """Whether both are live at some call."""
        return self.first <= other.last and other.first <= self.last


def align(size: int) -> int:
    """`size` rounded up to the alignment of buffers."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def root(buffer: SSAValue) -> SSAValue:
    """What a view is a view of; other buffers themselves."""
    while isinstance(buffer.owner, kernel.ViewOp):
        buffer = buffer.owner.source
    return buffer


def touching_calls(run: FuncOp) -> dict[kernel.AllocateOp, dict[kernel.CallOp, int]]:
    """
    The calls that touch every allocated buffer, views included, and their numbers.

    Calls of a group have the number of its first, because they run at once.
    """
    touched: dict[kernel.AllocateOp, dict[kernel.CallOp, int]] = {}
    groups: dict[int, int] = {}
    for index, op in enumerate(run.body.block.ops):
        if isinstance(op, kernel.AllocateOp):
            touched[op] = {}
        if isinstance(op, kernel.CallOp):
            if op.group is not None:
                index = groups.setdefault(op.group.value.data, index)
            for buffer in op.buffers:
                owner = root(buffer).owner
                if isinstance(owner, kernel.AllocateOp):
                    touched[owner][op] = index
    return touched


def live_interval(buffer: kernel.AllocateOp, calls: Iterable[int]) -> Interval | None:
    """From the first to the last of the calls that touch it; None without any."""
    numbers = list(calls)
    if not numbers:
        return None
    size = align(kernel.buffer_type(buffer.result).byte_count)
    return Interval(size, min(numbers), max(numbers))


def live_intervals(run: FuncOp) -> dict[kernel.AllocateOp, Interval]:
    """The live range of every allocated buffer, in the order of allocation."""
    return {
        buffer: interval
        for buffer, calls in touching_calls(run).items()
        if (interval := live_interval(buffer, calls.values())) is not None
    }


def lower_bound(intervals: Iterable[Interval]) -> int:
    """The largest number of bytes that are live at one call."""
    changes: list[tuple[int, int]] = []
    for interval in intervals:
        changes.append((interval.first, interval.size))
        changes.append((interval.last + 1, -interval.size))
    live = peak = 0
    for _, change in sorted(changes):
        live += change
        peak = max(peak, live)
    return peak


def first_fit(
    intervals: Sequence[Interval],
    order: Sequence[int],
    fixed: Mapping[int, int] | None = None,
) -> list[int]:
    """Offsets by lowest free place beside the `fixed`, visited in `order`."""
    offsets = [-1] * len(intervals)
    placed = list(fixed or {})
    for index in placed:
        offsets[index] = (fixed or {})[index]
    for index in order:
        interval = intervals[index]
        taken = sorted(
            (offsets[other], offsets[other] + intervals[other].size)
            for other in placed
            if intervals[other].meets(interval)
        )
        offset = 0
        for begin, end in taken:
            if offset + interval.size <= begin:
                break
            offset = max(offset, end)
        offsets[index] = offset
        placed.append(index)
    return offsets


def plan(
    intervals: Sequence[Interval], *, reuse: bool = True, threads: int = 1
) -> list[int]:
    """
    Offsets of the intervals; without `reuse` no two share bytes.

    For two threads they are centred (`plan_centred`) unless that takes much more.
    """
    if not reuse:
        offsets = [0]
        for interval in intervals:
            offsets.append(offsets[-1] + interval.size)
        return offsets[:-1]
    orders: list[Callable[[int], tuple[int, ...]]] = [
        lambda i: (-intervals[i].size, intervals[i].first),
        lambda i: (intervals[i].first, -intervals[i].size),
        lambda i: (-(intervals[i].last - intervals[i].first), -intervals[i].size),
        lambda i: (-intervals[i].last, -intervals[i].size),
    ]
    candidates = [sorted(range(len(intervals)), key=order) for order in orders]
    smallest = _improve(intervals, candidates)
    if threads == 2:
        centred = plan_centred(intervals)
        if _extent(intervals, centred) <= _CENTRED * _extent(intervals, smallest):
            return centred
    return smallest


@dataclass
class _Region:
    """Memory of buffers that are not live at the same time."""

    size: int = 0
    last: int = -1
    """The last call that touches what is in it."""

    def fit(self, size: int) -> tuple[int, int]:
        """By how much a buffer makes it grow, and what it leaves free."""
        return max(size - self.size, 0), max(self.size - size, 0)


def plan_centred(intervals: Sequence[Interval]) -> list[int]:
    """
    Offsets at which tensors are in the middle of a region; scratch is where room is.

    Each of two threads makes one half of a step's output. Where tensors that follow
    each other in the same memory have one centre, a half is written by the thread that
    wrote those bytes before, so that their lines need not come from the other core. A
    tensor gets the free region that grows least, of those the one that it fills best.
    """
    order = sorted(range(len(intervals)), key=lambda i: intervals[i].first)
    tensors = [i for i in order if intervals[i].first < intervals[i].last]
    regions: list[_Region] = []
    chosen: dict[int, int] = {}
    for index in tensors:
        first, size = intervals[index].first, intervals[index].size
        free = [n for n, region in enumerate(regions) if region.last < first]
        if not free:
            free = [len(regions)]
            regions.append(_Region())
        number = min(free, key=lambda n: regions[n].fit(size))
        region = regions[number]
        region.size, region.last = max(region.size, size), intervals[index].last
        chosen[index] = number
    begins = [0]
    for region in regions:
        begins.append(begins[-1] + align(region.size))
    fixed = {
        i: begins[n] + align((regions[n].size - intervals[i].size) // 2)
        for i, n in chosen.items()
    }
    scratch = sorted(set(order) - set(tensors), key=lambda i: -intervals[i].size)
    return first_fit(intervals, scratch, fixed)


def _improve(intervals: Sequence[Interval], orders: Sequence[list[int]]) -> list[int]:
    """
    Offsets by first fit in the best order that is found.

    Hill climbing: in the best of `orders` a buffer that ends at the top changes places
    with one before it that is live at the same time, which stays if the arena does not
    grow. Without a chance left the lower bound ends it, or the work that is allowed.
    """
    placed = [(first_fit(intervals, order), order) for order in orders]
    best, order = min(placed, key=lambda found: _extent(intervals, found[0]))
    bound, extent = lower_bound(intervals), _extent(intervals, best)
    generator = random.Random(0)
    for _ in range(_EXCHANGES // max(1, len(intervals)) ** 2):
        if extent <= bound:
            break
        ranks = [
            rank
            for rank, index in enumerate(order)
            if best[index] + intervals[index].size == extent
        ]
        rank = generator.choice(ranks)
        top = intervals[order[rank]]
        before = [r for r in range(rank) if intervals[order[r]].meets(top)]
        if not before:
            continue
        other = generator.choice(before)
        changed = list(order)
        changed[rank], changed[other] = changed[other], changed[rank]
        offsets = first_fit(intervals, changed)
        if _extent(intervals, offsets) <= extent:
            best, order, extent = offsets, changed, _extent(intervals, offsets)
    return best


def _extent(intervals: Sequence[Interval], offsets: Sequence[int]) -> int:
    ends = [o + i.size for o, i in zip(offsets, intervals, strict=True)]
    return max(ends, default=0)


@dataclass(frozen=True)
class PlanMemoryPass(ModulePass):
    """Sets the offset of every `kernel.allocate`."""

    name = "plan-memory"

    reuse: bool = True
    """False keeps every tensor until the end of a run, to look at them all."""
    threads: int = 1
    """How many make parts of a step."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for run in list(op.walk()):
            if isinstance(run, FuncOp):
                self._plan(run)

    def _plan(self, run: FuncOp) -> None:
        live = live_intervals(run)
        intervals = list(live.values())
        offsets = plan(intervals, reuse=self.reuse, threads=self.threads)
        for allocation, offset in zip(live, offsets, strict=True):
            allocation.properties["offset"] = IntegerAttr(offset, i64)
        for allocation in list(run.body.block.ops):
            if isinstance(allocation, kernel.AllocateOp) and allocation not in live:
                allocation.detach()
                allocation.erase()
        size = _extent(intervals, offsets) + SLACK
        run.attributes["arena_bytes"] = IntegerAttr(size, i64)
        bound = lower_bound(intervals)
        run.attributes["lower_bound_bytes"] = IntegerAttr(bound, i64)
        tensors = lower_bound(i for op, i in live.items() if op.type is not None)
        run.attributes["tensor_bound_bytes"] = IntegerAttr(tensors, i64)
