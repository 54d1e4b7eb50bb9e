"""Evaluation of arithmetic, functions and conditions in `.rules` files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from xdsl.ir import SSAValue

from qcc.passes.rules.bindings import (
    Bindings,
    NotApplicable,
    Value,
    differ,
    equal,
    is_number,
)
from qcc.passes.rules.functions import (
    MATH_FUNCTIONS,
    OTHER_FUNCTIONS,
    VALUE_FUNCTIONS,
)
from qcc.passes.rules.syntax import (
    Binary,
    Call,
    Capture,
    Index,
    ListTerm,
    Literal,
    Minus,
    Not,
    Term,
    Variable,
)


def evaluate(term: Term, bindings: Bindings) -> Value:
    """
    The value of `term`; numbers in double (integers stay integers).

    Raises `NotApplicable` when it has none for these bindings, `QccError` when it
    can never have one (a string minus a number).
    """
    match term:
        case Literal(value=value):
            return value
        case Capture(name=name):
            return bindings.captures[name]
        case ListTerm(items=items):
            return [evaluate(item, bindings) for item in items]
        case Index(of=of, index=index):
            return _index(term, evaluate(of, bindings), evaluate(index, bindings))
        case Minus(of=of):
            return _arithmetic(term, "-", 0, evaluate(of, bindings))
        case Not() | Binary(operator="or" | "and"):
            return holds(term, bindings)
        case Binary(operator=operator, left=left, right=right):
            operands = evaluate(left, bindings), evaluate(right, bindings)
            if operator in _COMPARISONS:
                return _compare(term, operator, *operands)
            return _arithmetic(term, operator, *operands)
        case Call():
            return _call(term, bindings)
        case _:
            term.position.error("this is a pattern, not an expression")


def holds(condition: Term, bindings: Bindings) -> bool:
    """Whether a condition of `where` is true; `QccError` if it is not a condition."""
    match condition:
        case Not(of=of):
            return not holds(of, bindings)
        case Binary(operator="or", left=left, right=right):
            return holds(left, bindings) or holds(right, bindings)
        case Binary(operator="and", left=left, right=right):
            return holds(left, bindings) and holds(right, bindings)
        case _:
            value = evaluate(condition, bindings)
            if not isinstance(value, bool):
                condition.position.error("this is not a condition (true or false)")
            return value


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": equal,
    "!=": differ,
}

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "**": np.float_power,
}


def _compare(term: Term, operator: str, left: Value, right: Value) -> bool:
    if operator not in ("==", "!=") and not (is_number(left) and is_number(right)):
        term.position.error(f"`{operator}` compares numbers only")
    try:
        return bool(np.all(_COMPARISONS[operator](left, right)))
    except ValueError as error:
        raise NotApplicable(str(error)) from error


def _arithmetic(term: Term, operator: str, left: Value, right: Value) -> Value:
    if isinstance(left, list) and isinstance(right, list) and operator == "+":
        return [*left, *right]
    if not (is_number(left) and is_number(right)):
        term.position.error(f"`{operator}` takes numbers")
    with np.errstate(all="ignore"):
        try:
            result = _OPERATORS[operator](left, right)
        except ValueError as error:
            raise NotApplicable(str(error)) from error
    return _plain(result, left, right)


def _plain(result: Any, *operands: Value) -> Value:
    """Arrays where an operand is one, Python numbers otherwise."""
    if any(isinstance(operand, np.ndarray) for operand in operands):
        return np.asarray(result)
    return cast(int | float, np.asarray(result).item())


def _index(term: Term, of: Value, index: Value) -> Value:
    if not isinstance(of, list):
        term.position.error("only a list has items")
    if not isinstance(index, int) or not -len(of) <= index < len(of):
        raise NotApplicable(f"item {index} of {len(of)}")
    return of[index]


def _call(term: Call, bindings: Bindings) -> Value:
    name = term.function
    if name in VALUE_FUNCTIONS:
        values = [_ssa_value(argument, bindings) for argument in term.arguments]
        return VALUE_FUNCTIONS[name](*values)
    arguments = [evaluate(argument, bindings) for argument in term.arguments]
    if name in MATH_FUNCTIONS:
        if not all(map(is_number, arguments)):
            term.position.error(f"`{name}` takes numbers")
        with np.errstate(all="ignore"):
            return _plain(MATH_FUNCTIONS[name](*arguments), *arguments)
    try:
        return OTHER_FUNCTIONS[name](*arguments)
    except (TypeError, ValueError, IndexError) as error:
        raise NotApplicable(str(error)) from error


def _ssa_value(term: Term, bindings: Bindings) -> SSAValue:
    if isinstance(term, Capture):
        value = bindings.constants.get(term.name)
    else:
        assert isinstance(term, Variable)
        value = bindings.values.get(term.name)
    if value is None:
        raise NotApplicable("an optional operand is absent")
    return value
