"""Lowering of nn.cast."""

from __future__ import annotations

from xdsl.dialects.builtin import i1
from xdsl.ir import SSAValue

from qcc.codegen.lowerings.common import type_suffix
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import nn
from qcc.dialects.types import element_type_of, size_of


def cast_buffer(
    build: KernelBuilder,
    source_type: str,
    target_type: str,
    length: int,
    source: SSAValue,
    target: SSAValue,
) -> None:
    """Converts `length` elements from buffer to buffer; types as kernels spell them."""
    build.call(
        build.kernel(f"qcc_cast_{source_type}_{target_type}"),
        arguments={"length": length},
        inputs=[source],
        outputs=[target],
    )


@lowering(nn.CastOp)
def cast(op: nn.CastOp, build: KernelBuilder) -> None:
    """The same bytes where the type does not change; booleans are bytes of 0 and 1."""
    source, target = type_suffix(op, op.input), type_suffix(op, op.result)
    from_boolean = element_type_of(op.input) == i1
    to_boolean = element_type_of(op.result) == i1
    if source == target and (from_boolean or not to_boolean):
        build.alias(op.result, op.input)
        return
    target = "bool" if to_boolean else target
    size = size_of(op.input)
    cast_buffer(
        build, source, target, size, build.buffer(op.input), build.result(op.result)
    )
