"""Checks a parsed rule before it is ever tried: names, arities, what stands where."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from qcc.passes.rules.functions import VALUE_FUNCTIONS, function_arity
from qcc.passes.rules.syntax import (
    Alternatives,
    Binary,
    Call,
    Capture,
    Index,
    ListTerm,
    Literal,
    Minus,
    Not,
    OperationTerm,
    Position,
    Rule,
    Term,
    Variable,
    Wildcard,
    children,
)
from qcc.passes.rules.vocabulary import (
    constructor_keywords,
    operand_counts,
    operations,
    properties,
)

RESULT = "result"
"""In replacements and conditions, the value that the rule replaces."""

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "or", "and")


def check_rule(rule: Rule) -> None:
    """Raises `QccError` (`file:line:col: ...`) for a rule that could never work."""
    checker = _Checker(rule)
    roots = (
        rule.pattern.choices
        if isinstance(rule.pattern, Alternatives)
        else (rule.pattern,)
    )
    for root in roots:
        if not isinstance(root, OperationTerm):
            root.position.error("a rule must match an operation")
    bound = checker.pattern(rule.pattern, frozenset())
    bound |= {RESULT}
    for condition in rule.conditions:
        checker.expression(condition, bound, conditions=True)
    if isinstance(rule.replacement, Alternatives):
        rule.replacement.position.error("a replacement has no alternatives")
    checker.replacement(rule.replacement, bound)


class _Checker:
    def __init__(self, rule: Rule):
        self.lets = {let.name: let.pattern for let in rule.lets}
        self.open: list[str] = []
        for let in rule.lets:
            if let.name == RESULT:
                let.position.error("`result` names what is replaced")

    def pattern(self, term: Term, bound: frozenset[str]) -> frozenset[str]:
        """Checks a pattern; returns the names that are bound after it."""
        match term:
            case Wildcard():
                return bound
            case Variable(name=name):
                return self._variable(term, name, bound)
            case Capture(name=name, kind=kind):
                if kind not in (None, "scalar"):
                    term.position.error(
                        f"unknown kind of constant `{kind}`", remedy="use `scalar`"
                    )
                return bound | {f"${name}"}
            case Alternatives(choices=choices):
                after = [self.pattern(choice, bound) for choice in choices]
                return frozenset(
                    name for name in after[0] if all(name in b for b in after)
                )
            case OperationTerm():
                return self._operation(term, bound)
            case _:
                self.expression(term, bound)
                return bound

    def _variable(
        self, term: Variable, name: str, bound: frozenset[str]
    ) -> frozenset[str]:
        if name == RESULT:
            term.position.error("`result` names what is replaced, it matches nothing")
        if name in self.lets and name not in bound:
            if name in self.open:
                term.position.error(f"`let {name}` contains itself")
            self.open.append(name)
            bound = self.pattern(self.lets[name], bound)
            self.open.pop()
        return bound | {name}

    def _operation(self, term: OperationTerm, bound: frozenset[str]) -> frozenset[str]:
        _check_operation(term)
        for operand in term.operands:
            bound = self.pattern(operand, bound)
        known = properties(term.name)
        for attribute in term.attributes:
            if attribute.name not in known:
                _unknown(attribute.position, "attribute", attribute.name, known)
            bound = self._attribute_pattern(attribute.value, bound)
        if term.rest is not None and term.rest.name is not None:
            bound |= {f"..{term.rest.name}"}
        return bound

    def _attribute_pattern(self, term: Term, bound: frozenset[str]) -> frozenset[str]:
        match term:
            case Wildcard():
                return bound
            case Capture(name=name):
                if term.kind is not None:
                    term.position.error("only constants have a kind")
                return bound | {f"${name}"}
            case ListTerm(items=items):
                for item in items:
                    bound = self._attribute_pattern(item, bound)
                return bound
            case _:
                self.expression(term, bound)
                return bound

    def expression(
        self, term: Term, bound: frozenset[str], *, conditions: bool = False
    ) -> None:
        match term:
            case Capture(name=name):
                _check_bound(term, f"${name}", bound)
            case Call():
                self._call(term, bound)
            case Binary(operator=operator) if operator in _COMPARISONS:
                if not conditions:
                    term.position.error(f"`{operator}` stands after `where` only")
                for child in children(term):
                    self.expression(child, bound, conditions=True)
            case Not():
                self.expression(term.of, bound, conditions=True)
            case Literal() | ListTerm() | Index() | Minus() | Binary():
                for child in children(term):
                    self.expression(child, bound)
            case Variable(name=name):
                term.position.error(
                    f"`{name}` is a value, not a number",
                    remedy=f"write `${name}` for a constant or an attribute",
                )
            case _:
                term.position.error("this is a pattern, not an expression")

    def _call(self, term: Call, bound: frozenset[str]) -> None:
        arity = function_arity(term.function)
        if arity is None:
            term.position.error(
                f"unknown function `{term.function}`",
                remedy="docs/rules.md lists the functions; ops are written `nn.name`",
            )
        if len(term.arguments) != arity:
            term.position.error(
                f"`{term.function}` takes {arity} arguments, not {len(term.arguments)}"
            )
        for argument in term.arguments:
            if term.function not in VALUE_FUNCTIONS:
                self.expression(argument, bound)
            elif isinstance(argument, Variable):
                _check_bound(argument, argument.name, bound)
            elif isinstance(argument, Capture):
                _check_bound(argument, f"${argument.name}", bound)
            else:
                argument.position.error(f"`{term.function}` takes the name of a value")

    def replacement(self, term: Term, bound: frozenset[str]) -> None:
        match term:
            case Variable(name=name):
                if name == RESULT:
                    term.position.error("`result` is what is replaced")
                _check_bound(term, name, bound)
            case OperationTerm():
                if term.shared:
                    term.position.error("`shared` belongs to patterns")
                self._replacement_operation(term, bound)
            case _:
                self.expression(term, bound)

    def _replacement_operation(
        self, term: OperationTerm, bound: frozenset[str]
    ) -> None:
        _check_operation(term)
        for operand in term.operands:
            self.replacement(operand, bound)
        known = constructor_keywords(term.name)
        for attribute in term.attributes:
            if attribute.name not in known:
                _unknown(attribute.position, "attribute", attribute.name, known)
            self.expression(attribute.value, bound)
        if term.rest is None:
            return
        if term.rest.name is None:
            term.rest.position.error("`..` needs a name in a replacement")
        if f"..{term.rest.name}" not in bound:
            term.rest.position.error(f"`..{term.rest.name}` is bound by no pattern")


def _check_operation(term: OperationTerm) -> None:
    if term.name not in operations():
        _unknown(term.position, "operation", term.name, operations())
    least, most = operand_counts(term.name)
    count = len(term.operands)
    if count < least or (most is not None and count > most):
        expected = f"{least}" if least == most else f"{least} to {most or 'any number'}"
        term.position.error(f"{term.name} takes {expected} operands, not {count}")
    names = [attribute.name for attribute in term.attributes]
    for attribute in term.attributes:
        if names.count(attribute.name) > 1:
            attribute.position.error(f"`{attribute.name}` is given twice")


def _check_bound(term: Term, name: str, bound: frozenset[str]) -> None:
    if name not in bound:
        term.position.error(
            f"`{name}` is not bound",
            why="no pattern that always matches before this names it",
        )


def _unknown(
    position: Position,
    kind: str,
    name: str,
    known: Iterable[str],
) -> None:
    close = get_close_matches(name, sorted(known), n=3)
    remedy = f"did you mean {' or '.join(close)}?" if close else None
    position.error(f"unknown {kind} `{name}`", remedy=remedy or "")
