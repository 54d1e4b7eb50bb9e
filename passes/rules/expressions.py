"""Evaluation of arithmetic, functions and conditions in `.rules` files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, SSAValue

from qcc.dialects import nn
from qcc.passes.rules.bindings import (
    Array,
    Bindings,
    NotApplicable,
    Value,
    equal,
    is_number,
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


def as_python_number(value: Value) -> Value:
    """A constant whose elements are all equal as one number; others unchanged."""
    if not isinstance(value, np.ndarray):
        return value
    if value.size == 0 or not (value == value.flat[0]).all():
        raise NotApplicable("not all elements are equal")
    return cast(int | float, value.flat[0].item())


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
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
            return _plain(MATH_FUNCTIONS[name][0](*arguments), *arguments)
    try:
        return OTHER_FUNCTIONS[name][0](*arguments)
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


def _shape(value: SSAValue) -> list[int]:
    kind = value.type
    assert isinstance(kind, TensorType)
    return list(kind.get_shape())


def _element_type(value: SSAValue) -> Attribute:
    kind = cast(TensorType[Attribute], value.type)
    return kind.element_type


def _is_constant(value: SSAValue) -> bool:
    return isinstance(value.owner, nn.ConstantOp)


def _single_use(value: SSAValue) -> bool:
    return value.has_one_use()


VALUE_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "rank": lambda x: len(_shape(x)),
    "last": lambda x: len(_shape(x)) - 1,
    "shape": _shape,
    "size": lambda x: int(np.prod(_shape(x), dtype=np.int64)),
    "element_type": _element_type,
    "is_float": lambda x: _element_type(x) == f32,
    "constant": _is_constant,
    "single_use": _single_use,
    "same_shape": lambda x, y: _shape(x) == _shape(y),
    "same_type": lambda x, y: x.type == y.type,
}
"""Functions of values of the module."""

VALUE_ARITY = {"same_shape": 2, "same_type": 2}

MATH_FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "sqrt": (np.sqrt, 1),
    "exp": (np.exp, 1),
    "log": (np.log, 1),
    "abs": (np.abs, 1),
    "min": (np.minimum, 2),
    "max": (np.maximum, 2),
}
"""Functions of numbers, element by element, with how many arguments they take."""


def _compose(first: list[int], second: list[int]) -> Value:
    """The permutation that is `first`, then `second`."""
    return [first[axis] for axis in second]


def _power_of_two(value: Array | float) -> bool:
    mantissa = np.abs(np.frexp(np.asarray(value, np.float64))[0])
    return bool((mantissa == 0.5).all())


def _swap(count: int, axis: int) -> Value:
    """The permutation of `count` axes that exchanges `axis` and the last one."""
    permutation = list(range(count))
    permutation[axis], permutation[-1] = permutation[-1], permutation[axis]
    return permutation


def _without_leading_ones(shape: list[int]) -> list[int]:
    start = next((i for i, size in enumerate(shape) if size != 1), len(shape))
    return shape[start:]


def _all(value: list[int], item: int) -> bool:
    return all(each == item for each in value)


OTHER_FUNCTIONS: dict[str, tuple[Callable[..., Value], int]] = {
    "length": (lambda items: len(items), 1),
    "range": (lambda start, stop: list(range(start, stop)), 2),
    "slice": (lambda items, start, stop: items[start:stop], 3),
    "compose": (_compose, 2),
    "all_equal": (_all, 2),
    "swap": (_swap, 2),
    "equal_but_leading_ones": (
        lambda a, b: _without_leading_ones(a) == _without_leading_ones(b),
        2,
    ),
    "power_of_two": (_power_of_two, 1),
    "number": (as_python_number, 1),
    "reshape": (lambda array, shape: np.reshape(array, shape), 2),
    "transpose": (lambda array, permutation: np.transpose(array, permutation), 2),
}
"""Functions of lists and constants, with how many arguments they take."""


def function_arity(name: str) -> int | None:
    """How many arguments the function takes; None when there is no such function."""
    if name in VALUE_FUNCTIONS:
        return VALUE_ARITY.get(name, 1)
    for table in (MATH_FUNCTIONS, OTHER_FUNCTIONS):
        if name in table:
            return table[name][1]
    return None
