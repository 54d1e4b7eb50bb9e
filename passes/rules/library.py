"""Finds and reads rules: the built-in files, in order, and files of the user."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from qcc.dialects.errors import QccError
from qcc.passes.rules.checker import check_rule
from qcc.passes.rules.parser import parse_rules
from qcc.passes.rules.syntax import Rule

BUILT_IN = (
    "identities",
    "activations",
    "normalization",
    "contractions",
    "arithmetic",
)
"""The files beside this one, in the order in which they are applied."""


def read_rules(path: Path) -> tuple[Rule, ...]:
    """
    The checked rules of one file.

    Raises `QccError` when it cannot be read, at `file:line:col` when it is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QccError(f"cannot read the rules file {path}", why=str(error)) from error
    return check_rules(text, str(path))


def check_rules(text: str, file: str) -> tuple[Rule, ...]:
    """The checked rules of a text; messages call it `file`."""
    rules = parse_rules(text, file)
    names: dict[str, Rule] = {}
    for rule in rules:
        if rule.name in names:
            rule.position.error(
                f"a second rule named {rule.name}",
                why=f"the first one is at {names[rule.name].position}",
            )
        names[rule.name] = rule
        check_rule(rule)
    return rules


@cache
def built_in_rules(name: str) -> tuple[Rule, ...]:
    """The rules of a built-in file, by its name without suffix."""
    return read_rules(Path(__file__).with_name(f"{name}.rules"))
