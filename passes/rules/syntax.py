"""The syntax tree of `.rules` files, as `parser.py` makes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from qcc.dialects.errors import QccError


@dataclass(frozen=True)
class Position:
    """A place in a rules file; prints as `file:line:column`, counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def error(self, what: str, *, why: str = "", remedy: str = "") -> NoReturn:
        """Raises a `QccError` whose message begins with this position."""
        raise QccError(f"{self}: {what}", why=why or None, remedy=remedy or None)


@dataclass(frozen=True)
class Term:
    """What all nodes have: where they stand."""

    position: Position


@dataclass(frozen=True)
class Literal(Term):
    """`2.0`, `"tanh"`, `true`, `inf`; integers are integers only if written so."""

    value: float | int | str | bool


@dataclass(frozen=True)
class Wildcard(Term):
    """`_`: any value."""


@dataclass(frozen=True)
class Variable(Term):
    """`x`, `bias?`: a value of the module; the same name is the same value."""

    name: str
    optional: bool = False


@dataclass(frozen=True)
class Capture(Term):
    """`$c`, `$c: scalar`: the elements of a constant, or an attribute."""

    name: str
    kind: str | None = None


@dataclass(frozen=True)
class ListTerm(Term):
    """`[0, 0, $top, $left]`."""

    items: tuple[Term, ...]


@dataclass(frozen=True)
class Index(Term):
    """`$axes[0]`."""

    of: Term
    index: Term


@dataclass(frozen=True)
class Call(Term):
    """`sqrt(2)`, `rank(x)`: a function of `expressions.py`."""

    function: str
    arguments: tuple[Term, ...]


@dataclass(frozen=True)
class Minus(Term):
    """`-1`."""

    of: Term


@dataclass(frozen=True)
class Binary(Term):
    """Arithmetic (`+ - * / **`), comparison, `and`, `or`."""

    operator: str
    left: Term
    right: Term


@dataclass(frozen=True)
class Not(Term):
    """`not condition`."""

    of: Term


@dataclass(frozen=True)
class Alternatives(Term):
    """`a | b`: the first choice that leads to a match of the whole."""

    choices: tuple[Term, ...]


@dataclass(frozen=True)
class AttributeTerm:
    """`axis = $a` between braces."""

    position: Position
    name: str
    value: Term


@dataclass(frozen=True)
class Rest:
    """`..` or `..name` between braces: all attributes that are not mentioned."""

    position: Position
    name: str | None


@dataclass(frozen=True)
class OperationTerm(Term):
    """`nn.mul(x, 2.0) {attributes}`; `shared`: other users of it do not matter."""

    name: str
    operands: tuple[Term, ...]
    attributes: tuple[AttributeTerm, ...] = ()
    rest: Rest | None = None
    shared: bool = False


@dataclass(frozen=True)
class Let:
    """`let d = nn.sub(x, m)`: from then on `d` is one value that matches."""

    position: Position
    name: str
    pattern: Term


@dataclass(frozen=True)
class Rule:
    """`rule name "description": let* pattern => replacement where conditions`."""

    position: Position
    name: str
    description: str
    lets: tuple[Let, ...]
    pattern: Term
    replacement: Term
    conditions: tuple[Term, ...]


def children(term: Term) -> tuple[Term, ...]:
    """The direct subterms, in the order of the text."""
    match term:
        case ListTerm(items=items) | Call(arguments=items):
            return items
        case Alternatives(choices=choices):
            return choices
        case Index(of=of, index=index):
            return (of, index)
        case Minus(of=of) | Not(of=of):
            return (of,)
        case Binary(left=left, right=right):
            return (left, right)
        case OperationTerm(operands=operands, attributes=attributes):
            return (*operands, *(attribute.value for attribute in attributes))
        case _:
            return ()


def walk(term: Term) -> Iterator[Term]:
    """`term` and all terms below it, in the order of the text."""
    yield term
    for child in children(term):
        yield from walk(child)
