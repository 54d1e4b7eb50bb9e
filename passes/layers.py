"""
Layers: what becomes int8, or stays float, as one.

A layer is a float op with an int8 form and the activations that are fused with it. Data
movement is no layer: it follows what it moves for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from qcc.dialects.naming import node_name, tensor_name
from qcc.passes.quantizable import Form, form_of, single_user
from qcc.passes.quantization_plan import QuantizationPlan, is_chained


@dataclass(frozen=True)
class Layer:
    """One op and the activations behind it, of which only the last is rounded."""

    name: str
    """The ONNX node of the first op; the tensor of the result if others share it."""
    ops: tuple[Operation, ...]

    @property
    def op(self) -> Operation:
        """The op that does the work."""
        return self.ops[0]

    @property
    def result(self) -> SSAValue:
        """What the layer computes."""
        return self.ops[-1].results[0]

    @property
    def tensor(self) -> str:
        """The `tensor` name of the result."""
        return tensor_name(self.result) or ""


def chain_of(op: Operation) -> tuple[Operation, ...]:
    """The ops that are fused with `op`, itself included, in order."""
    ops = [op]
    while (source := _fused_source(ops[0])) is not None:
        ops.insert(0, source)
    while form_of(ops[-1]) is not None and is_chained(ops[-1]):
        user = single_user(ops[-1].results[0])
        assert user is not None
        ops.append(user)
    return tuple(ops)


def _fused_source(op: Operation) -> Operation | None:
    """The op whose result goes unrounded into `op`."""
    for value in op.operands:
        source = value.owner
        if not isinstance(source, Operation) or form_of(source) is None:
            continue
        if is_chained(source):
            return source
    return None


def layers(func: FuncOp, *, float_outputs: bool = False) -> list[Layer]:
    """
    The layers that run on integers where ranges are known, in order.

    The ops of `func` have `tensor` names. Those that stay float anyway (with
    `float_outputs`: last steps) are none.
    """
    plan = QuantizationPlan(func, lambda value: True, float_outputs=float_outputs)
    chains = [
        chain_of(op)
        for op in func.body.walk()
        if op in plan.integer_ops
        and form_of(op) not in (Form.MOVEMENT, Form.INDEX)
        and _fused_source(op) is None
    ]
    nodes = Counter(node_name(chain[0]) for chain in chains)
    owners = {tensor_name(op.results[0]): c for c in chains for op in c}
    found: list[Layer] = []
    for chain in chains:
        name = node_name(chain[0])
        is_other = owners.get(name, chain) is not chain
        # Commas separate names on the command line.
        if name is None or nodes[name] > 1 or is_other or "," in name:
            name = tensor_name(chain[-1].results[0])
        assert name is not None
        found.append(Layer(name, chain))
    return found
