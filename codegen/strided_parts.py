"""
Parts of a concatenation that are some channels of every pixel.

Convolutions can write their pixels further apart than their channels are many
(`output_step` of qcc_conv2d_args), so a part that only they make, and that is only read
to be copied, is written where the copy would bring it.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, i64
from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from qcc.codegen.buffer_uses import (
    allocate_before,
    element_bytes,
    first_byte,
    readers,
    uses,
    values,
    writers,
)
from qcc.codegen.plan_memory import root
from qcc.dialects import kernel

_COPY = "qcc_copy_nd_1"
_CONVOLUTION = "qcc_conv2d_s8s8"
_RESIDUAL = 5
"""Which buffer of a convolution is its residual (docs/kernels.md)."""


@dataclass(frozen=True)
class StridedPart:
    """A copy of rows of `channels` bytes to every `step` bytes of `destination`."""

    call: kernel.CallOp
    source: SSAValue
    destination: SSAValue
    rows: int
    channels: int
    step: int
    offset: int
    """Where the first row begins in the destination."""

    @staticmethod
    def of(call: kernel.CallOp) -> StridedPart | None:
        """The copy that a call is; None for others."""
        if not call.function.data.startswith(_COPY):
            return None
        dims, sources, destinations = (
            call.integers(name) for name in ("dims", "input_strides", "output_strides")
        )
        walked = [
            axis
            for axis in zip(dims, sources, destinations, strict=True)
            if axis[0] != 1
        ]
        if not walked or walked[-1][1:] != (1, 1) or call.integer("input_offset"):
            return None
        channels = walked.pop()[0]
        if not walked:
            return None
        step, rows = walked[-1][2], 1
        for dim, source, destination in reversed(walked):
            if (source, destination) != (rows * channels, rows * step):
                return None
            rows *= dim
        if step <= channels:
            return None
        [source], [destination] = call.read_buffers, call.written_buffers
        offset = call.integer("output_offset")
        return StridedPart(call, source, destination, rows, channels, step, offset)

    @property
    def columns(self) -> tuple[int, int]:
        """First and last byte (excluded) of each step that it writes."""
        begin = first_byte(self.destination, self.offset) % self.step
        return begin, begin + self.channels

    def can_be_written_in_place(self) -> bool:
        """Whether only convolutions make it, for nothing but this copy."""
        part = self.source
        if not isinstance(part.owner, kernel.AllocateOp):
            return False
        if kernel.buffer_type(part).byte_count != self.rows * self.channels:
            return False
        if any(call is not self.call for call in readers(part)):
            return False
        return all(
            writer.is_before_in_block(self.call)
            and _writes_pixels_of(writer, self.channels)
            and first_byte(writer.written_buffers[0], 0) % self.channels
            <= self.channels - writer.integer("output_channels")
            for writer in writers(part)
        )

    def write_in_place(self) -> None:
        """Has the convolutions write where the call copies to, and erases the call."""
        part, destination = self.source, self.destination
        assert isinstance(part.owner, kernel.AllocateOp)
        whole, begin = root(destination), first_byte(destination, self.offset)
        Rewriter.erase_op(self.call)
        allocate_before(whole, part.owner)
        size = kernel.buffer_type(whole).byte_count
        for writer, output in uses(part):
            row, channel = divmod(first_byte(output, 0), self.channels)
            at = begin + row * self.step + channel
            element = kernel.buffer_type(part).element
            kind = kernel.BufferType.get(element, size - at)
            view = kernel.ViewOp(whole, kind, at)
            Rewriter.insert_op(view, InsertPoint.before(writer))
            writer.operands[list(writer.buffers).index(output)] = view.result
            members = {
                **writer.arguments.data,
                "output_step": IntegerAttr(self.step, i64),
            }
            writer.properties["arguments"] = DictionaryAttr(members)
        for value in reversed(list(values(part))):
            assert isinstance(value.owner, kernel.AllocateOp | kernel.ViewOp)
            Rewriter.erase_op(value.owner)


def find(call: kernel.CallOp) -> StridedPart | None:
    """The part that a call copies, if the convolutions that make it can write it."""
    part = StridedPart.of(call)
    if part is None or not part.can_be_written_in_place():
        return None
    whole = root(part.destination)
    if element_bytes(whole) != 1 or root(part.source) is whole:
        return None
    begin, end = part.columns
    for writer in writers(whole):
        if writer is call:
            continue
        columns = _columns(writer, whole, part.step)
        if columns is None or (columns[0] < end and begin < columns[1]):
            return None
    return part


def _columns(
    writer: kernel.CallOp, whole: SSAValue, step: int
) -> tuple[int, int] | None:
    """The bytes of each step that another call writes; None if it is not known."""
    copied = StridedPart.of(writer)
    if copied is not None:
        return copied.columns if copied.step == step else None
    if not writer.function.data.startswith(_CONVOLUTION):
        return None
    if writer.integer("output_step") != step:
        return None
    [output] = [v for v in writer.written_buffers if root(v) is whole]
    begin = first_byte(output, 0) % step
    return begin, begin + writer.integer("output_channels")


def _writes_pixels_of(call: kernel.CallOp, channels: int) -> bool:
    """Whether it is a convolution to pixels of so many channels, or some of them."""
    if not call.function.data.startswith(_CONVOLUTION):
        return False
    if call.integer("output_step") != channels or call.integer("float_output"):
        return False
    return isinstance(call.read_buffers[_RESIDUAL].owner, kernel.NullOp)
