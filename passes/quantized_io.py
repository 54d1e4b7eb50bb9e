"""
`quantized-io`: the model takes and gives integers where it would convert at once.

An input whose every use is one `quant.qcast` becomes an int8 (or uint8) input; an
output that is a `quant.dcast` becomes its integers. What stays in float keeps its
type, with a note.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, ModuleOp, i8
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import BlockArgument
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.transforms.dead_code_elimination import DeadCodeElimination
from xdsl.utils.exceptions import PassFailedException

from qcc.dialects import quant
from qcc.dialects.blob import ui8
from qcc.dialects.naming import carry_over, model_function
from qcc.dialects.types import shape_of, tensor
from qcc.passes.notes import add_note

_TYPES = {"int8": i8, "uint8": ui8}


@dataclass(frozen=True)
class QuantizedIoPass(ModulePass):
    """Replaces float inputs and outputs at the border by their stored integers."""

    name = "quantized-io"

    type: str = "int8"
    """`int8` or `uint8`; uint8 is int8 with its zero point moved by 128."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.type not in _TYPES:
            raise PassFailedException(f"{self.name}: type must be int8 or uint8")
        func = model_function(op)
        for argument in func.args:
            _quantize_input(argument, _TYPES[self.type])
        _quantize_outputs(func, _TYPES[self.type])
        func.update_function_type()
        DeadCodeElimination().apply(ctx, op)


def _quantize_input(argument: BlockArgument, storage: IntegerType) -> None:
    casts = [use.operation for use in argument.uses]
    types = {cast.results[0].type for cast in casts}
    if len(types) != 1 or not all(
        isinstance(cast, quant.QuantizeCastOp) for cast in casts
    ):
        return
    cast = casts[0]
    replaced = tensor(storage, shape_of(argument))
    new = Rewriter.replace_value_with_new_type(argument, replaced)
    back = quant.StorageCastOp(new, cast.results[0].type)
    carry_over(cast, [back])
    Rewriter.insert_op(back, InsertPoint.at_start(argument.block))
    for cast in casts:
        if name := cast.attributes.get("tensor"):
            back.attributes["tensor"] = name
        cast.results[0].replace_all_uses_with(back.result)
        cast.detach()
        cast.erase()


def _quantize_outputs(func: FuncOp, storage: IntegerType) -> None:
    terminator = func.body.block.last_op
    assert isinstance(terminator, ReturnOp)
    for index, value in enumerate(terminator.arguments):
        cast = value.owner
        if not isinstance(cast, quant.DequantizeCastOp):
            add_note(terminator, f"output {index} stays in float")
            continue
        stored = quant.StorageCastOp(cast.input, tensor(storage, shape_of(value)))
        carry_over(cast, [stored])
        Rewriter.insert_op(stored, InsertPoint.before(terminator))
        terminator.operands[index] = stored.result
