"""`check-integer-only`: an error that names every op that would run in float."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import AnyFloat, ModuleOp, StringAttr
from xdsl.dialects.func import ReturnOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import describe, model_function, node_name, tensor_name
from qcc.dialects.quant import DequantizeCastOp, LayerNormOp, QuantizeCastOp
from qcc.dialects.types import element_type_of
from qcc.passes.notes import NOTE
from qcc.passes.quantizable import Form, activations, form_of


def float_ops(module: ModuleOp) -> list[Operation]:
    """
    The ops that compute with floats.

    Casts of the model's inputs and outputs are not among them, nor is data movement
    before the former or after the latter, nor are the constant scale and bias of an
    integer layer normalization.
    """
    func = model_function(module)
    return [
        op
        for op in func.body.block.ops
        if not isinstance(op, nn.ConstantOp | ReturnOp | LayerNormOp)
        and any(map(_is_float, (*op.operands, *op.results)))
        and not _is_boundary(op)
    ]


def _is_float(value: SSAValue) -> bool:
    return isinstance(element_type_of(value), AnyFloat)


def _is_boundary(op: Operation) -> bool:
    """Whether `op` casts or moves an input or an output of the model."""
    if isinstance(op, QuantizeCastOp):
        return _is_input(op.input)
    if isinstance(op, DequantizeCastOp):
        return _is_output(op.result)
    return form_of(op) == Form.MOVEMENT and (
        _is_input(op.results[0]) or _is_output(op.results[0])
    )


def _is_input(value: SSAValue) -> bool:
    """Whether a float value is an argument, or moved elements of one."""
    owner = value.owner
    if isinstance(value, BlockArgument) or isinstance(owner, nn.ConstantOp):
        return True
    assert isinstance(owner, Operation)
    return form_of(owner) == Form.MOVEMENT and all(
        _is_input(owner.operands[index]) for index in activations(owner)
    )


def _is_output(value: SSAValue) -> bool:
    """Whether all that happens to a float value is that it is moved and returned."""
    return all(
        isinstance(use.operation, ReturnOp)
        or (
            form_of(use.operation) == Form.MOVEMENT
            and _is_output(use.operation.results[0])
        )
        for use in value.uses
    )


@dataclass(frozen=True)
class CheckIntegerOnlyPass(ModulePass):
    """Raises QccError naming each op that stays float; changes nothing."""

    name = "check-integer-only"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        found = float_ops(op)
        computing = [
            o for o in found if not isinstance(o, QuantizeCastOp | DequantizeCastOp)
        ]
        if not found:
            return
        # Casts only surround what is to be named, unless there is nothing else.
        named = computing or found
        lines = [f"{describe(o)}{_reason(o)}" for o in named]
        raise QccError(
            f"{len(named)} operation(s) would run in float",
            node=node_name(named[0]),
            op=named[0].name,
            tensor=tensor_name(named[0].results[0]),
            why="; ".join(lines),
            remedy="leave out --int8-only, or cut these operations off the model",
        )


def _reason(op: Operation) -> str:
    note = op.attributes.get(NOTE)
    return f": {note.data}" if isinstance(note, StringAttr) else ""
