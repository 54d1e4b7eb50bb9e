"""
Which ops will run on integers, and which values become int8 for them.

Every op with an int8 form runs on integers, except data movement between float ops. A
value between an op and the activation that follows it alone is never rounded: the
activation becomes a clamp, a chain of elementwise functions becomes one table.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from qcc.dialects import nn, quant
from qcc.passes.quantizable import (
    Form,
    activations,
    form_of,
    function_operand,
    single_user,
)
from qcc.passes.ranges import is_much_wider, range_of, union


def is_dequantized(value: SSAValue) -> bool:
    """Whether the model itself says that a value is int8: it comes from a dcast."""
    return isinstance(value.owner, quant.DequantizeCastOp)


def goes_to_quantize(value: SSAValue) -> bool:
    """Whether the model itself rounds a value: all its uses are qcasts."""
    users = [use.operation for use in value.uses]
    return bool(users) and all(isinstance(u, quant.QuantizeCastOp) for u in users)


def is_chained(op: Operation) -> bool:
    """Whether the result of `op` goes unrounded into the one op that uses it."""
    user = single_user(op.results[0])
    if user is None or form_of(user) not in (Form.CLAMP, Form.FUNCTION):
        return False
    operand = 0 if form_of(user) == Form.CLAMP else function_operand(user)
    if operand is None or user.operands[operand] != op.results[0]:
        return False
    form = form_of(op)
    if form_of(user) == Form.CLAMP:
        fusable = (Form.CONTRACTION, Form.ARITHMETIC, Form.CLAMP, Form.FUNCTION)
        return form in fusable and not isinstance(op, nn.SoftmaxOp)
    if form == Form.CLAMP:
        return not _is_fused_clamp(op)
    return form == Form.FUNCTION


def _is_fused_clamp(clamp: Operation) -> bool:
    """Whether a relu or clip becomes the clamp of a contraction or arithmetic op."""
    source = clamp.operands[0].owner
    if not isinstance(source, Operation) or not is_chained(source):
        return False
    if form_of(source) == Form.CLAMP:
        return _is_fused_clamp(source)
    return form_of(source) in (Form.CONTRACTION, Form.ARITHMETIC)


def _takes_narrow_part(op: Operation) -> bool:
    """Whether a slice has a much narrower range than what it is taken from."""
    if not isinstance(op, nn.SliceOp):
        return False
    whole, part = range_of(op.input), range_of(op.result)
    return whole is not None and part is not None and is_much_wider(whole, part)


def _joins_unequal_ranges(op: Operation) -> bool:
    """Whether one scale for a concatenation would cost some operand accuracy."""
    if not isinstance(op, nn.ConcatOp):
        return False
    joined = [range_of(value) for value in op.inputs]
    known = [bounds for bounds in joined if bounds is not None]
    return any(is_much_wider(union(known), bounds) for bounds in known)


def is_last_step(op: Operation) -> bool:
    """
    Whether an addition or product computes nothing but outputs of the model.

    Its result would be rounded to int8 only to be made float again. Adding two int8
    values costs the same in float, and boxes or coordinates keep their resolution.
    """
    if not isinstance(op, nn.AddOp | nn.SubOp | nn.MulOp):
        return False
    waiting = [op.result]
    for value in waiting:
        users = [use.operation for use in value.uses]
        if not users:
            return False
        moves = [user for user in users if not isinstance(user, ReturnOp)]
        if not all(form_of(user) == Form.MOVEMENT for user in moves):
            return False
        waiting += [user.results[0] for user in moves]
    return True


class QuantizationPlan:
    """
    The integer ops of a function and the values that need a type.

    Parts of a float input, or of an output, that have ranges of their own are rounded
    one by one: they are sliced before, and concatenated after, as floats.

    `is_available(value)` says whether a type can be had for a value that the model does
    not quantize itself; ops that need one that cannot be had stay float. With
    `float_outputs`, last steps (`is_last_step`) stay float too.
    """

    def __init__(
        self,
        func: FuncOp,
        is_available: Callable[[SSAValue], bool],
        *,
        float_outputs: bool = False,
    ):
        self._candidates = [
            op
            for op in func.body.walk()
            if form_of(op) is not None and not (float_outputs and is_last_step(op))
        ]
        self.integer_ops: set[Operation] = set()
        while True:
            self.integer_ops = self._grown()
            lost = {
                op
                for op in self.integer_ops
                if not all(is_available(value) for value in self._rounded(op))
            }
            if not lost:
                return
            self._candidates = [op for op in self._candidates if op not in lost]

    def values(self) -> list[SSAValue]:
        """The float values to be rounded to int8, in order, each once."""
        found: dict[SSAValue, None] = {}
        for op in self._candidates:
            if op in self.integer_ops:
                found.update(dict.fromkeys(self._rounded(op)))
        return list(found)

    def is_integer_value(self, value: SSAValue) -> bool:
        """Whether `value` is computed on integers, so that all uses see it rounded."""
        return not isinstance(value, BlockArgument) and value.owner in self.integer_ops

    def _grown(self) -> set[Operation]:
        """All candidates, data movement only where an integer op is at one end."""
        optional = (Form.MOVEMENT, Form.INDEX)
        waiting = {op for op in self._candidates if form_of(op) in optional}
        grown = set(self._candidates) - waiting
        while found := {op for op in waiting if self._touches(op, grown)}:
            grown |= found
            waiting -= found
        return grown

    def _touches(self, op: Operation, integer_ops: set[Operation]) -> bool:
        for index in activations(op):
            value = op.operands[index]
            if is_dequantized(value) or value.owner in integer_ops:
                if not _joins_unequal_ranges(op):
                    return True
        if form_of(op) == Form.INDEX or _takes_narrow_part(op):
            return False
        return any(
            isinstance(use.operation, quant.QuantizeCastOp)
            or (
                use.operation in integer_ops and use.index in activations(use.operation)
            )
            for use in op.results[0].uses
        )

    def _rounded(self, op: Operation) -> list[SSAValue]:
        """The operands and results of an integer op that are to be rounded."""
        operands = [op.operands[index] for index in activations(op)]
        rounded = [
            value
            for value in operands
            if not is_dequantized(value) and not self._is_unrounded_link(value)
        ]
        result = op.results[0]
        if (
            form_of(op) != Form.INDEX
            and not goes_to_quantize(result)
            and not self._is_unrounded_link(result)
        ):
            rounded.append(result)
        return rounded

    def _is_unrounded_link(self, value: SSAValue) -> bool:
        """Whether a value is between an integer op and the activation fused with it."""
        producer = value.owner
        return (
            isinstance(producer, Operation)
            and producer in self.integer_ops
            and is_chained(producer)
            and single_user(value) in self.integer_ops
        )
