"""`name-values`: every value gets the name under which statistics know it."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from qcc.dialects.naming import model_function, name_values


@dataclass(frozen=True)
class NameValuesPass(ModulePass):
    """
    Sets the attribute `tensor` where it is missing; the same module, the same names.

    It ends the float passes: calibration of one compilation and `--ranges` of the next
    then speak of the same tensors.
    """

    name = "name-values"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        name_values(model_function(op))
