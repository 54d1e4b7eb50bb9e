"""Matches the patterns of rules against ops, with backtracking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xdsl.ir import Operation, OpResult, SSAValue

from qcc.dialects import nn
from qcc.dialects.reference.registry import operand_values
from qcc.dialects.types import element_type_of, is_quantized
from qcc.passes.rules.bindings import (
    Array,
    Bindings,
    NotApplicable,
    Value,
    as_python_number,
    equal,
    is_number,
)
from qcc.passes.rules.checker import RESULT
from qcc.passes.rules.expressions import evaluate, holds
from qcc.passes.rules.syntax import (
    Alternatives,
    AttributeTerm,
    Capture,
    ListTerm,
    OperationTerm,
    Rule,
    Term,
    Variable,
    Wildcard,
    walk,
)
from qcc.passes.rules.vocabulary import (
    COMMUTATIVE,
    has_default,
    properties,
    property_value,
)


def root_operations(rule: Rule) -> frozenset[str]:
    """The names of the ops that a rule can replace."""
    pattern = rule.pattern
    roots = pattern.choices if isinstance(pattern, Alternatives) else (pattern,)
    return frozenset(root.name for root in roots if isinstance(root, OperationTerm))


def match_rule(rule: Rule, op: Operation) -> Iterator[Bindings]:
    """All ways in which `rule` matches at `op`, its conditions included."""
    matcher = _Matcher({let.name: let.pattern for let in rule.lets})
    kept = {term.name for term in walk(rule.replacement) if isinstance(term, Variable)}
    for bindings in matcher.match(rule.pattern, op.results[0], Bindings()):
        if not _inner_uses_are_matched(bindings, kept):
            continue
        bindings = bindings.with_value(RESULT, op.results[0])
        try:
            if all(holds(condition, bindings) for condition in rule.conditions):
                yield bindings
        except NotApplicable:
            continue


class _Matcher:
    def __init__(self, lets: dict[str, Term]):
        self.lets = lets

    def match(
        self, term: Term, value: SSAValue | None, bindings: Bindings
    ) -> Iterator[Bindings]:
        match term:
            case Variable():
                yield from self._variable(term, value, bindings)
            case _ if value is None:
                return
            case Wildcard():
                yield bindings
            case Alternatives(choices=choices):
                for choice in choices:
                    yield from self.match(choice, value, bindings)
            case OperationTerm():
                yield from self._operation(term, value, bindings)
            case Capture():
                yield from _capture_constant(term, value, bindings)
            case _:
                array = _constant_array(value)
                if array is not None and _equals_expression(array, term, bindings):
                    yield bindings

    def _variable(
        self, term: Variable, value: SSAValue | None, bindings: Bindings
    ) -> Iterator[Bindings]:
        if term.name in bindings.values:
            if bindings.values[term.name] is value:
                yield bindings
        elif term.name in self.lets:
            for bound in self.match(self.lets[term.name], value, bindings):
                yield bound.with_value(term.name, value)
        elif value is not None or term.optional:
            yield bindings.with_value(term.name, value)

    def _operation(
        self, term: OperationTerm, value: SSAValue, bindings: Bindings
    ) -> Iterator[Bindings]:
        op = value.owner
        if not isinstance(op, Operation) or op.name != term.name:
            return
        slots = operand_values(op)
        if any(slot is not None for slot in slots[len(term.operands) :]):
            return
        if len(slots) < len(term.operands):
            return
        orders: list[Sequence[SSAValue | None]] = [slots[: len(term.operands)]]
        if term.name in COMMUTATIVE and slots[0] is not slots[1]:
            orders.append(slots[::-1])
        bindings = bindings.with_operation(op, term)
        for order in orders:
            for bound in self._operands(term.operands, order, bindings):
                yield from _match_attributes(term, op, bound)

    def _operands(
        self,
        terms: Sequence[Term],
        values: Sequence[SSAValue | None],
        bindings: Bindings,
    ) -> Iterator[Bindings]:
        if not terms:
            yield bindings
            return
        for bound in self.match(terms[0], values[0], bindings):
            yield from self._operands(terms[1:], values[1:], bound)


def _constant_array(value: SSAValue) -> Array | None:
    """The elements of a constant that is not quantized."""
    if not isinstance(value.owner, nn.ConstantOp):
        return None
    if is_quantized(element_type_of(value)):
        return None
    return value.owner.array()


def _equals_expression(array: Array, term: Term, bindings: Bindings) -> bool:
    try:
        return array.size > 0 and equal(array, evaluate(term, bindings))
    except NotApplicable:
        return False


def _capture_constant(
    term: Capture, value: SSAValue, bindings: Bindings
) -> Iterator[Bindings]:
    if not isinstance(value.owner, nn.ConstantOp):
        return
    array = _constant_array(value)
    if term.name in bindings.constants:
        known = bindings.captures[term.name]
        if value is bindings.constants[term.name]:
            yield bindings
        elif array is not None and equal(array, known):
            yield bindings
        return
    if array is None:
        array = value.owner.array()
    if term.kind == "scalar":
        try:
            as_python_number(array)
        except NotApplicable:
            return
    wide = array.astype("float64") if array.dtype.kind == "f" else array
    yield bindings.with_constant(term.name, value, wide)


def _match_attributes(
    term: OperationTerm, op: Operation, bindings: Bindings
) -> Iterator[Bindings]:
    mentioned = {attribute.name for attribute in term.attributes}
    others = [name for name in properties(op.name) if name not in mentioned]
    if term.rest is None:
        if not all(has_default(op, name) for name in others):
            return
    elif term.rest.name is not None:
        rest = {
            name: property_value(op, name)
            for name in others
            if not has_default(op, name)
        }
        bindings = bindings.with_rest(term.rest.name, rest)
    yield from _match_values(term.attributes, op, bindings)


def _match_values(
    attributes: Sequence[AttributeTerm], op: Operation, bindings: Bindings
) -> Iterator[Bindings]:
    matched: Bindings | None = bindings
    for attribute in attributes:
        value = property_value(op, attribute.name)
        matched = _match_value(attribute.value, value, matched)
        if matched is None:
            return
    yield matched


def _match_value(term: Term, value: Value, bindings: Bindings) -> Bindings | None:
    match term:
        case Wildcard():
            return bindings
        case Capture(name=name) if name not in bindings.captures:
            return bindings.with_capture(name, value)
        case ListTerm(items=items):
            if not isinstance(value, list) or len(value) != len(items):
                return None
            matched: Bindings | None = bindings
            for item, element in zip(items, value, strict=True):
                if matched is not None:
                    matched = _match_value(item, element, matched)
            return matched
        case _:
            try:
                expected = evaluate(term, bindings)
                if is_number(value):
                    expected = as_python_number(expected)
            except NotApplicable:
                return None
            return bindings if equal(value, expected) else None


def _inner_uses_are_matched(bindings: Bindings, kept: set[str]) -> bool:
    """
    Whether the ops below the root have no users outside of the match.

    Else they would stay and be computed beside their replacement. Ops that the
    pattern calls `shared`, and what the replacement itself still uses, may have any.
    """
    operations = [op for op, _ in bindings.operations]
    surviving = _upstream(
        [value for name, value in bindings.values.items() if name in kept], operations
    )
    for op, term in bindings.operations[1:]:
        if term.shared or op in surviving:
            continue
        for result in op.results:
            if any(use.operation not in operations for use in result.uses):
                return False
    return True


def _upstream(
    values: Sequence[SSAValue | None], operations: Sequence[Operation]
) -> set[Operation]:
    """Those of `operations` that `values` are computed from."""
    found: set[Operation] = set()
    pending = list(values)
    while pending:
        value = pending.pop()
        if not isinstance(value, OpResult) or value.op in found:
            continue
        if value.op in operations:
            found.add(value.op)
            pending.extend(value.op.operands)
    return found
