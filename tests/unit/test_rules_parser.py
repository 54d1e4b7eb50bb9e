"""The rules language: what is accepted, and where errors are reported."""

from pathlib import Path

import pytest

from qcc.dialects.errors import QccError
from qcc.passes.rules.functions import (
    MATH_FUNCTIONS,
    OTHER_FUNCTIONS,
    VALUE_FUNCTIONS,
)
from qcc.passes.rules.library import BUILT_IN, built_in_rules, check_rules, read_rules
from qcc.passes.rules.parser import parse_rules
from qcc.passes.rules.syntax import (
    Alternatives,
    Binary,
    Capture,
    Literal,
    OperationTerm,
    Variable,
)


def test_reads_all_parts_of_a_rule() -> None:
    (rule,) = parse_rules(
        """
        # a comment
        rule hard-swish "Mul(x, HardSigmoid(x))":
            let h = nn.hard_sigmoid(x) {alpha = 1/6, ..rest}
            nn.mul(x, h) | nn.mul(x, $c: scalar) => nn.hard_swish(x)
            where rank(x) == 4, not constant(x)
        """,
        "a.rules",
    )
    assert (rule.name, rule.description) == ("hard-swish", "Mul(x, HardSigmoid(x))")
    assert str(rule.position) == "a.rules:3:14"
    (let,) = rule.lets
    assert let.name == "h"
    assert isinstance(let.pattern, OperationTerm)
    assert [attribute.name for attribute in let.pattern.attributes] == ["alpha"]
    assert let.pattern.rest is not None
    assert let.pattern.rest.name == "rest"
    assert isinstance(rule.pattern, Alternatives)
    first, second = rule.pattern.choices
    assert isinstance(first, OperationTerm)
    assert isinstance(second, OperationTerm)
    assert first.name == "nn.mul"
    assert isinstance(second.operands[1], Capture)
    assert second.operands[1].kind == "scalar"
    assert isinstance(rule.replacement, OperationTerm)
    assert len(rule.conditions) == 2


def test_arithmetic_binds_as_usual() -> None:
    (rule,) = parse_rules("rule a: nn.add(x, -1 + 2 * 3 ** 2) => x", "a")
    assert isinstance(rule.pattern, OperationTerm)
    total = rule.pattern.operands[1]
    assert isinstance(total, Binary)
    assert total.operator == "+"
    product = total.right
    assert isinstance(product, Binary)
    assert product.operator == "*"
    assert isinstance(product.left, Literal)
    assert isinstance(product.right, Binary)
    assert product.right.operator == "**"


def test_optional_operands() -> None:
    (rule,) = parse_rules("rule a: nn.conv2d(x, w, b?) => x", "a")
    assert isinstance(rule.pattern, OperationTerm)
    bias = rule.pattern.operands[2]
    assert isinstance(bias, Variable)
    assert bias.optional


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("rule a: nn.mul(x", "1:17", "unexpected end of file"),
        ("rule a:\n  nn.mul(x,, y) => x", "2:12", "unexpected ','"),
        ("rule a:\n  x % y => x", "2:5", "unexpected character '%'"),
        ("rule A: x => y", "1:6", "unexpected character 'A'"),
        ("rule a: nn.exp(shared x) => x", "1:16", "only an operation can be `shared`"),
        ("rule a: nn.exp(x) {.., ..} => x", "1:24", "a second `..`"),
        ("rule a: x => x", "1:9", "a rule must match an operation"),
        ("rule a: nn.exp(x) | x => x", "1:21", "a rule must match an operation"),
        ("rule a: nn.foo(x) => x", "1:9", "unknown operation `nn.foo`"),
        ("rule a: nn.mul(x) => x", "1:9", "nn.mul takes 2 operands, not 1"),
        ("rule a: nn.elu(x) {alfa = 1} => x", "1:20", "unknown attribute `alfa`"),
        ("rule a: nn.elu(x) {alpha = 1, alpha = 2} => x", "1:20", "given twice"),
        ("rule a: nn.exp(x) => nn.exp(y)", "1:29", "`y` is not bound"),
        ("rule a: nn.exp(x) => nn.elu(x) {alpha = $a}", "1:41", "`$a` is not bound"),
        ("rule a: nn.exp(x) | nn.tanh(y) => y", "1:35", "`y` is not bound"),
        ("rule a: nn.exp(x) => x where rank(y) == 1", "1:35", "`y` is not bound"),
        ("rule a: nn.exp(x) => x where ranks(x) == 1", "1:30", "unknown function"),
        ("rule a: nn.exp(x) => x where rank(x, x) == 1", "1:30", "takes 1 arguments"),
        ("rule a: nn.exp(x) => x where rank(1) == 1", "1:35", "takes the name of a"),
        ("rule a: nn.exp(x) => x where x == 1", "1:30", "is a value, not a number"),
        ("rule a: nn.mul(x, $c: big) => x", "1:19", "unknown kind of constant `big`"),
        ("rule a: nn.mul(x, 1 == 1) => x", "1:19", "stands after `where` only"),
        ("rule a: nn.exp(x) => nn.exp(x) {..r}", "1:33", "is bound by no pattern"),
        ("rule a: nn.exp(x) => x | x", "1:22", "no alternatives"),
        ("rule a: nn.exp(x) => shared nn.exp(x)", "1:22", "`shared` belongs to"),
        ("rule a: nn.exp(result) => x", "1:16", "matches nothing"),
        ("rule a: let d = nn.exp(d)\n nn.exp(d) => d", "1:24", "contains itself"),
        ("rule a: nn.exp(x) => x\nrule a: nn.exp(x) => x", "2:6", "a second rule"),
    ],
)
def test_errors_name_the_place(text: str, where: str, what: str) -> None:
    with pytest.raises(QccError) as caught:
        check_rules(text, "f.rules")
    assert str(caught.value).startswith(f"f.rules:{where}: ")
    assert what in str(caught.value)


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(QccError, match="cannot read the rules file"):
        read_rules(tmp_path / "missing.rules")


def test_every_built_in_file_is_listed() -> None:
    folder = Path(__file__).parents[2] / "passes" / "rules"
    assert {path.stem for path in folder.glob("*.rules")} == set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_rules_are_valid_and_described(name: str) -> None:
    rules = built_in_rules(name)
    assert rules
    assert all(rule.description for rule in rules)


def test_the_documentation_lists_every_function() -> None:
    text = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
    tables = (VALUE_FUNCTIONS, MATH_FUNCTIONS, OTHER_FUNCTIONS)
    missing = [name for table in tables for name in table if f"`{name}" not in text]
    assert missing == []
