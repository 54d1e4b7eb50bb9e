"""From the text of a `.rules` file to its syntax tree, with errors at file:line:col."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NoReturn, cast

from lark import Lark, Token, Tree, UnexpectedInput
from lark.exceptions import UnexpectedCharacters

from qcc.dialects.errors import QccError
from qcc.passes.rules.syntax import (
    Alternatives,
    AttributeTerm,
    Binary,
    Call,
    Capture,
    Index,
    Let,
    ListTerm,
    Literal,
    Minus,
    Not,
    OperationTerm,
    Position,
    Rest,
    Rule,
    Term,
    Variable,
    Wildcard,
)

_Node = Tree[Token]
_Child = Token | _Node | None


def _children(node: _Node) -> list[_Child]:
    """The children of a node; lark's type leaves out the None of absent ones."""
    return cast(list[_Child], node.children)


@cache
def _grammar() -> Lark:
    text = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def parse_rules(text: str, file: str) -> tuple[Rule, ...]:
    """
    The rules of `text`, unchecked; `file` is the name that messages print.

    Raises `QccError` (`file:line:col: ...`) when the text is not of the grammar.
    """
    try:
        tree = _grammar().parse(text)  # pyright: ignore[reportUnknownMemberType]
    except UnexpectedInput as error:
        _raise_syntax_error(error, text, file)
    reader = _Reader(file)
    return tuple(reader.rule(cast(_Node, node)) for node in tree.children)


def _raise_syntax_error(error: UnexpectedInput, text: str, file: str) -> NoReturn:
    token = cast(Token | None, getattr(error, "token", None))
    if isinstance(error, UnexpectedCharacters):
        found = f"character {text.splitlines()[error.line - 1][error.column - 1]!r}"
    elif token is None or token.type == "$END":
        found = "end of file"
    else:
        found = f"{str(token)!r}"
    line, column = error.line, error.column
    if found == "end of file":
        lines = text.rstrip().split("\n")
        line, column = len(lines), len(lines[-1]) + 1
    raise QccError(
        f"{Position(file, line, column)}: unexpected {found}",
        why="the text does not follow the grammar of .rules files",
        remedy="see docs/rules.md",
    ) from error


class _Reader:
    """Turns lark's trees into the classes of `syntax.py`."""

    def __init__(self, file: str):
        self.file = file

    def _position(self, node: _Node | Token) -> Position:
        if isinstance(node, Token):
            return Position(self.file, node.line or 1, node.column or 1)
        return Position(self.file, node.meta.line, node.meta.column)

    def rule(self, node: _Node) -> Rule:
        name, description, *rest = _children(node)
        lets = [child for child in rest if _is(child, "let")]
        pattern, replacement, where = rest[len(lets) :]
        conditions = _children(cast(_Node, where)) if where is not None else []
        return Rule(
            self._position(cast(Token, name)),
            str(name),
            _unquote(description),
            tuple(self._let(cast(_Node, let)) for let in lets),
            self.term(pattern),
            self.term(replacement),
            self._terms(conditions),
        )

    def _let(self, node: _Node) -> Let:
        name, pattern = _children(node)
        return Let(self._position(node), str(name), self.term(pattern))

    def _terms(self, nodes: list[_Child]) -> tuple[Term, ...]:
        return tuple(self.term(node) for node in nodes if node is not None)

    def term(self, node: _Child) -> Term:
        assert isinstance(node, Tree), node
        position, children = self._position(node), _children(node)
        match node.data:
            case "operation":
                return self._operation(position, children)
            case "call":
                return Call(position, str(children[0]), self._terms(children[1:]))
            case "list":
                return ListTerm(position, self._terms(children))
            case "alternatives":
                return Alternatives(position, self._terms(children))
            case "index":
                return Index(position, *self._terms(children))
            case "minus":
                return Minus(position, self.term(children[1]))
            case "negate_condition":
                return Not(position, self.term(children[0]))
            case "shared":
                return self._shared(position, self.term(children[0]))
            case "binary" | "compare":
                left, operator, right = children
                return Binary(
                    position, str(operator), self.term(left), self.term(right)
                )
            case "either" | "both":
                operator = "or" if node.data == "either" else "and"
                return Binary(position, operator, *self._terms(children))
            case _:
                return _leaf(node.data, position, children)

    def _shared(self, position: Position, of: Term) -> Term:
        if not isinstance(of, OperationTerm):
            position.error("only an operation can be `shared`")
        return OperationTerm(
            position, of.name, of.operands, of.attributes, of.rest, shared=True
        )

    def _operation(self, position: Position, children: list[_Child]) -> OperationTerm:
        name, *operands, braces = children
        attributes: list[AttributeTerm] = []
        rest: Rest | None = None
        for child in _children(braces) if isinstance(braces, Tree) else ():
            if child is None:
                continue
            here = self._position(child)
            assert isinstance(child, Tree)
            if child.data == "rest":
                if rest is not None:
                    here.error("a second `..` between the same braces")
                bound = _children(child)[0]
                rest = Rest(here, None if bound is None else str(bound))
                continue
            key, value = _children(child)
            attributes.append(AttributeTerm(here, str(key), self.term(value)))
        return OperationTerm(
            position, str(name), self._terms(operands), tuple(attributes), rest
        )


def _is(child: _Child, data: str) -> bool:
    return isinstance(child, Tree) and child.data == data


def _unquote(token: _Child) -> str:
    return "" if token is None else str(token)[1:-1]


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() else float(text)


def _leaf(kind: str, position: Position, children: list[_Child]) -> Term:
    match kind:
        case "number":
            return Literal(position, _number(str(children[0])))
        case "text":
            return Literal(position, _unquote(children[0]))
        case "true" | "false":
            return Literal(position, kind == "true")
        case "infinity":
            return Literal(position, float("inf"))
        case "wildcard":
            return Wildcard(position)
        case "variable" | "optional":
            return Variable(position, str(children[0]), kind == "optional")
        case "capture":
            name, of_kind = children
            return Capture(
                position, str(name), None if of_kind is None else str(of_kind)
            )
        case _:
            raise AssertionError(f"no syntax node for {kind}")
