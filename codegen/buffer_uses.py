"""How calls use buffers, seen through views, and a buffer replaced by a view."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from qcc.dialects import kernel


def element_bytes(buffer: SSAValue) -> int:
    """Size of an element."""
    kind = kernel.buffer_type(buffer)
    return kind.byte_count // kind.count.data


def first_byte(buffer: SSAValue, offset: int) -> int:
    """Bytes from the start of the allocation to element `offset` of `buffer`."""
    result = offset * element_bytes(buffer)
    while isinstance(view := buffer.owner, kernel.ViewOp):
        result += view.offset.value.data * element_bytes(buffer)
        buffer = view.source
    return result


def values(buffer: SSAValue) -> Iterator[SSAValue]:
    """A buffer and all views of it."""
    yield buffer
    for use in buffer.uses:
        if isinstance(use.operation, kernel.ViewOp):
            yield from values(use.operation.result)


def uses(buffer: SSAValue) -> list[tuple[kernel.CallOp, SSAValue]]:
    """The calls that use a buffer, with the view that they use."""
    return [
        (use.operation, value)
        for value in values(buffer)
        for use in value.uses
        if isinstance(use.operation, kernel.CallOp)
    ]


def readers(buffer: SSAValue) -> list[kernel.CallOp]:
    """The calls that read a buffer."""
    return [call for call, value in uses(buffer) if value in call.read_buffers]


def writers(buffer: SSAValue) -> list[kernel.CallOp]:
    """The calls that write a buffer."""
    return [call for call, value in uses(buffer) if value in call.written_buffers]


def is_written_after(buffer: SSAValue, call: kernel.CallOp) -> bool:
    """Whether a later call writes the buffer."""
    return any(call.is_before_in_block(writer) for writer in writers(buffer))


def allocate_before(whole: SSAValue, part: kernel.AllocateOp) -> None:
    """Moves the allocation of `whole`, if it is one, before that of `part`."""
    if isinstance(whole.owner, kernel.AllocateOp):
        if part.is_before_in_block(whole.owner):
            whole.owner.detach()
            Rewriter.insert_op(whole.owner, InsertPoint.before(part))


def replace(part: SSAValue, whole: SSAValue, begin: int, call: kernel.CallOp) -> None:
    """Makes a buffer the bytes of `whole` from `begin` on; `call` copied it."""
    assert isinstance(part.owner, kernel.AllocateOp)
    Rewriter.erase_op(call)
    allocate_before(whole, part.owner)
    kind = kernel.buffer_type(part)
    view = kernel.ViewOp(whole, kind, begin // element_bytes(part))
    Rewriter.replace_op(part.owner, view)
