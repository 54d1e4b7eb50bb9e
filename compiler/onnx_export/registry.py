"""Which function exports which op class: `@exports(nn.Conv2dOp)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from xdsl.ir import Operation

from qcc.compiler.onnx_export.graph import GraphBuilder

OpType = TypeVar("OpType", bound=Operation)

_EXPORTERS: dict[type[Operation], Callable[[GraphBuilder, Any], None]] = {}


def exports(
    *classes: type[OpType],
) -> Callable[
    [Callable[[GraphBuilder, OpType], None]], Callable[[GraphBuilder, OpType], None]
]:
    """
    Registers a function that adds the nodes of such an op to a graph.

    The op's operands and results are bound to names before it is called.
    """

    def register(
        function: Callable[[GraphBuilder, OpType], None],
    ) -> Callable[[GraphBuilder, OpType], None]:
        for cls in classes:
            assert cls not in _EXPORTERS, f"{cls.__name__} has two exporters"
            _EXPORTERS[cls] = function
        return function

    return register


def exporter_of(op: Operation) -> Callable[[GraphBuilder, Any], None] | None:
    """The function for this op, None if there is none."""
    # The functions register themselves on import.
    from qcc.compiler.onnx_export import arithmetic, contraction, movement, quantized

    del arithmetic, contraction, movement, quantized
    return _EXPORTERS.get(type(op))
