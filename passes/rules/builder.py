"""Builds the right-hand side of a rule for one match."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import cast

import numpy as np
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.utils.exceptions import VerifyException

from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import describe
from qcc.passes.rules.bindings import (
    Bindings,
    NotApplicable,
    Value,
    as_python_number,
)
from qcc.passes.rules.checker import RESULT
from qcc.passes.rules.expressions import evaluate
from qcc.passes.rules.syntax import Capture, OperationTerm, Rule, Term, Variable
from qcc.passes.rules.vocabulary import operations


def build(rule: Rule, bindings: Bindings) -> tuple[list[Operation], SSAValue]:
    """
    The new ops of a match, in order and not yet inserted, and the new result.

    Raises `NotApplicable` when a term has no value for this match, or when the new
    result would not have the type of the old one; `QccError` when the rule builds an
    op that its dialect does not allow.
    """
    result = bindings.values[RESULT]
    assert result is not None
    builder = _Builder(bindings, result)
    try:
        replacement = builder.operand(rule.replacement)
    except VerifyException as error:
        owner = cast(Operation, result.owner)
        raise QccError(
            f"{rule.replacement.position}: rule {rule.name} builds an invalid op",
            node=describe(owner),
            why=str(error),
            remedy="exclude this case with a condition after `where`",
        ) from error
    assert replacement is not None
    if replacement.type != result.type:
        raise NotApplicable("the replacement has another type")
    return builder.ops, replacement


class _Builder:
    def __init__(self, bindings: Bindings, result: SSAValue):
        self.bindings = bindings
        self.result = result
        self.ops: list[Operation] = []

    def operand(self, term: Term) -> SSAValue | None:
        """The value of an operand; None for an optional one that is absent."""
        match term:
            case Variable(name=name):
                return self.bindings.values[name]
            case Capture(name=name) if name in self.bindings.constants:
                return self.bindings.constants[name]
            case OperationTerm():
                return self._operation(term)
            case _:
                return self._constant(term)

    def _add(self, op: Operation) -> SSAValue:
        op.verify()
        self.ops.append(op)
        return op.results[0]

    def _constant(self, term: Term) -> SSAValue:
        array = np.asarray(evaluate(term, self.bindings))
        if array.dtype.kind == "f" or array.ndim == 0:
            with np.errstate(over="ignore"):
                array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise NotApplicable("a constant does not fit float32")
        if array.dtype.kind not in "fi":
            term.position.error("an operand is a value, a number or a constant")
        return self._add(nn.ConstantOp(array))

    def _operation(self, term: OperationTerm) -> SSAValue:
        operands = [self.operand(operand) for operand in term.operands]
        while operands and operands[-1] is None:
            operands.pop()
        attributes: dict[str, Value] = {}
        if term.rest is not None and term.rest.name is not None:
            attributes.update(self.bindings.rests[term.rest.name])
        for attribute in term.attributes:
            value = evaluate(attribute.value, self.bindings)
            attributes[attribute.name] = as_python_number(value)
        return self._add(_construct(term.name, operands, attributes, self.result.type))


def _construct(
    name: str,
    operands: list[SSAValue | None],
    attributes: dict[str, Value],
    result_type: Attribute,
) -> IRDLOperation:
    """
    Calls the op's constructor: operands by position, attributes by keyword.

    Ops that cannot infer their result type get the type of what is replaced, where
    the rule does not give one.
    """
    constructor = cast(Callable[..., IRDLOperation], operations()[name])
    parameters = inspect.signature(constructor).parameters
    if "result_type" in parameters and "result_type" not in attributes:
        attributes = {**attributes, "result_type": result_type}
    positional = list(parameters.values())
    if positional and str(positional[0].annotation).startswith("Sequence"):
        return constructor(operands, **attributes)
    return constructor(*operands, **attributes)
