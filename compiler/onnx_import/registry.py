"""
Which Python function imports which ONNX operator, per range of operator set versions.

    @onnx_op("Clip", since=11)
    def clip(node: Node) -> Tensor: ...
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.tensors import Tensor

Converter = Callable[[Node], Tensor | Sequence[Tensor] | None]
"""
Imports one node: emits nn or quant ops and returns the node's outputs, in order.

None asks for the operator's ONNX function body instead.
"""


@dataclass(frozen=True)
class _Entry:
    since: int
    until: int | None
    """The first version to which the function no longer applies."""
    converter: Converter


_REGISTRY: dict[tuple[str, str], list[_Entry]] = {}


def onnx_op(
    op_type: str, since: int = 1, until: int | None = None, domain: str = ""
) -> Callable[[Converter], Converter]:
    """Registers a converter for versions `since` <= version < `until` of `op_type`."""

    def register(converter: Converter) -> Converter:
        entries = _REGISTRY.setdefault((domain, op_type), [])
        for entry in entries:
            overlaps = (until is None or entry.since < until) and (
                entry.until is None or since < entry.until
            )
            assert not overlaps, f"two converters for {op_type} since {since}"
        entries.append(_Entry(since, until, converter))
        return converter

    return register


def find_converter(domain: str, op_type: str, version: int) -> Converter | None:
    """The converter of an operator in a version of its operator set, if any."""
    _load_operators()
    for entry in _REGISTRY.get((domain, op_type), ()):
        if entry.since <= version and (entry.until is None or version < entry.until):
            return entry.converter
    return None


def supported_operators() -> list[tuple[str, str, int, int | None]]:
    """All of (domain, operator, since, until), sorted: the table for documentation."""
    _load_operators()
    return sorted(
        (
            (domain, op_type, entry.since, entry.until)
            for (domain, op_type), entries in _REGISTRY.items()
            for entry in entries
        ),
        key=lambda row: row[:3],
    )


def _load_operators() -> None:
    from qcc.compiler.onnx_import import operators

    for module in pkgutil.iter_modules(operators.__path__):
        importlib.import_module(f"{operators.__name__}.{module.name}")
