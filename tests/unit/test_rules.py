"""
Rules keep the meaning of a module, and every built-in rule is tested.

The modules are those of `tests/lit/rules`: lit looks at what they become, these tests
run them before and after.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, ModuleOp, StringAttr, f32
from xdsl.dialects.func import Func, FuncOp, ReturnOp
from xdsl.parser import Parser

from qcc.dialects import get_all_dialects, nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import set_node_name
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import Array, element_type_of, shape_of, tensor
from qcc.passes.apply_rules import apply_rules
from qcc.passes.rules.library import BUILT_IN, built_in_rules, check_rules

FILES = sorted((Path(__file__).parents[1] / "lit" / "rules").glob("*.mlir"))
STAGES = [built_in_rules(name) for name in BUILT_IN]


def parse(text: str) -> ModuleOp:
    context = Context()
    context.load_dialect(Builtin)
    context.load_dialect(Func)
    for name in ("blob", "nn", "quant"):
        context.load_dialect(get_all_dialects()[name]())
    module = Parser(context, text).parse_module()
    module.verify()
    return module


def functions(module: ModuleOp) -> list[FuncOp]:
    return [op for op in module.ops if isinstance(op, FuncOp)]


def inputs_of(func: FuncOp, generator: np.random.Generator) -> list[Array]:
    arrays: list[Array] = []
    for argument in func.args:
        shape = shape_of(argument)
        if element_type_of(argument) == f32:
            arrays.append(generator.normal(0, 3, shape).astype(np.float32))
        else:
            arrays.append(generator.integers(0, 9, shape))
    return arrays


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rules_keep_the_meaning(path: Path) -> None:
    generator = np.random.default_rng(0)
    module = parse(path.read_text())
    inputs = [inputs_of(func, generator) for func in functions(module)]
    with np.errstate(all="ignore"):
        before = [run(f, x) for f, x in zip(functions(module), inputs, strict=True)]
        apply_rules(module, STAGES)
        module.verify()
        after = [run(f, x) for f, x in zip(functions(module), inputs, strict=True)]
    for func, old, new in zip(functions(module), before, after, strict=True):
        for left, right in zip(old, new, strict=True):
            np.testing.assert_allclose(
                right, left, rtol=1e-4, atol=1e-5, err_msg=func.sym_name.data
            )


def test_every_built_in_rule_has_a_test() -> None:
    fired: Counter[str] = Counter()
    for path in FILES:
        fired += apply_rules(parse(path.read_text()), STAGES)
    assert fired.keys() == {rule.name for rules in STAGES for rule in rules}


def rewritten(rules: str, body: str) -> str:
    """The one function of two f32 vectors `%x` and `%y` after the rules."""
    module = parse(
        f"func.func @f(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {{\n"
        f"{body}\nfunc.return %r : tensor<3xf32>\n}}"
    )
    apply_rules(module, [check_rules(rules, "test.rules")])
    module.verify()
    return str(module)


BINARY = ": (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>"
UNARY = ": (tensor<3xf32>) -> tensor<3xf32>"


def test_a_variable_is_one_value() -> None:
    rule = "rule a: nn.add(x, x) => nn.exp(x)"
    assert "nn.exp" in rewritten(rule, f"%r = nn.add %x, %x {BINARY}")
    assert "nn.exp" not in rewritten(rule, f"%r = nn.add %x, %y {BINARY}")


def test_commutative_operands_match_in_both_orders() -> None:
    rule = "rule a: nn.mul(nn.exp(x), y) => nn.sub(x, y)"
    for operands in ("%e, %y", "%y, %e"):
        text = rewritten(
            rule, f"%e = nn.exp %x {UNARY}\n%r = nn.mul {operands} {BINARY}"
        )
        assert "nn.sub %x, %y" in text
    rule = "rule a: nn.sub(nn.exp(x), y) => nn.mul(x, y)"
    text = rewritten(rule, f"%e = nn.exp %x {UNARY}\n%r = nn.sub %y, %e {BINARY}")
    assert "nn.mul" not in text


def test_unmentioned_attributes_must_have_their_default() -> None:
    body = f"%r = nn.elu %x {{alpha = 0.5 : f32}} {UNARY}"
    assert "nn.exp" not in rewritten("rule a: nn.elu(x) => nn.exp(x)", body)
    assert "nn.exp" in rewritten("rule a: nn.elu(x) {..} => nn.exp(x)", body)
    text = rewritten("rule a: nn.elu(x) {..r} => nn.leaky_relu(x) {..r}", body)
    assert "nn.leaky_relu %x {alpha = 5.000000e-01 : f32}" in text


def test_inner_ops_with_other_users_do_not_match_unless_shared() -> None:
    body = (
        f"%e = nn.exp %x {UNARY}\n%t = nn.tanh %e {UNARY}\n%r = nn.add %t, %e {BINARY}"
    )
    assert "nn.tanh" in rewritten("rule a: nn.tanh(nn.exp(x)) => nn.neg(x)", body)
    text = rewritten("rule a: nn.tanh(shared nn.exp(x)) => nn.neg(x)", body)
    assert "nn.tanh" not in text
    assert "nn.exp" in text


def test_what_the_replacement_uses_may_have_other_users() -> None:
    body = (
        f"%e = nn.exp %x {UNARY}\n%t = nn.tanh %e {UNARY}\n%r = nn.add %t, %e {BINARY}"
    )
    rule = "rule a: let e = nn.exp(x)\n nn.tanh(e) => nn.neg(e)"
    assert "nn.neg" in rewritten(rule, body)


def test_constants_match_with_tolerance() -> None:
    body = (
        "%c = nn.constant dense<1.41421> : tensor<f32> -> tensor<f32>\n"
        "%r = nn.mul %x, %c : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>"
    )
    assert "nn.exp" in rewritten("rule a: nn.mul(x, sqrt(2)) => nn.exp(x)", body)
    assert "nn.exp" not in rewritten("rule a: nn.mul(x, 1.414) => nn.exp(x)", body)


def test_computed_constants_are_rounded_once() -> None:
    body = (
        "%c = nn.constant dense<[3.0, 5.0, 7.0]> : tensor<3xf32> -> tensor<3xf32>\n"
        f"%r = nn.div %x, %c {BINARY}"
    )
    module = parse(
        "func.func @f(%x: tensor<3xf32>) -> tensor<3xf32> {\n"
        f"{body}\nfunc.return %r : tensor<3xf32>\n}}"
    )
    rule = "rule a: nn.div(x, $c) => nn.mul(x, 1 / $c / 3)"
    apply_rules(module, [check_rules(rule, "test.rules")])
    (constant,) = [op for op in module.walk() if isinstance(op, nn.ConstantOp)]
    expected = (1 / np.array([3.0, 5.0, 7.0]) / 3).astype(np.float32)
    np.testing.assert_array_equal(constant.array(), expected)


def test_a_replacement_of_another_type_is_not_applied() -> None:
    body = (
        "%c = nn.constant dense<1.0> : tensor<2x3xf32> -> tensor<2x3xf32>\n"
        "%m = nn.mul %x, %c : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>\n"
        "%r = nn.reduce_sum %m {axes = array<i64: 0>} : (tensor<2x3xf32>) -> "
        "tensor<1x3xf32>"
    )
    module = parse(
        "func.func @f(%x: tensor<3xf32>) -> tensor<1x3xf32> {\n"
        f"{body}\nfunc.return %r : tensor<1x3xf32>\n}}"
    )
    fired = apply_rules(module, [check_rules("rule a: nn.mul(x, 1) => x", "t")])
    assert not fired


def test_an_invalid_replacement_is_an_error_of_the_rule() -> None:
    rule = "rule a:\n nn.exp(x) => nn.transpose(x) {permutation = [1]}"
    with pytest.raises(QccError, match=r"^test.rules:2:15: rule a builds an invalid"):
        rewritten(rule, f"%r = nn.exp %x {UNARY}")


def test_rules_of_quant_ops() -> None:
    kind = "tensor<3x!quant.uniform<i8:f32, 0.5:0>>"
    module = parse(
        f"func.func @f(%x: {kind}) -> {kind} {{\n"
        f"%c = quant.clamp %x {{minimum = 0 : i64}} : ({kind}) -> {kind}\n"
        f"%r = quant.clamp %c {{maximum = 9 : i64}} : ({kind}) -> {kind}\n"
        f"func.return %r : {kind}\n}}"
    )
    rule = """
    rule clamp-clamp:
        quant.clamp(quant.clamp(x) {minimum = $a, maximum = $b})
            {minimum = $c, maximum = $d}
          => quant.clamp(x) {minimum = max($a, $c), maximum = min($b, $d)}
        where max($a, $c) <= min($b, $d)
    rule requantize-same:
        quant.requantize(x) => x
        where same_type(x, result)
    """
    fired = apply_rules(module, [check_rules(rule, "test.rules")])
    module.verify()
    assert fired == {"clamp-clamp": 1}
    assert "quant.clamp %x {minimum = 0 : i64, maximum = 9 : i64}" in str(module)


def test_rules_that_undo_each_other_are_an_error() -> None:
    rules = "rule a: nn.exp(x) => nn.tanh(x)\nrule b: nn.tanh(x) => nn.exp(x)"
    with pytest.raises(QccError, match="do not come to an end"):
        rewritten(rules, f"%r = nn.exp %x {UNARY}")


def test_the_result_keeps_location_and_tensor_name() -> None:
    vector = tensor(f32, [3])
    func = FuncOp("f", ([vector], [vector]))
    exp = nn.ExpOp(func.args[0])
    set_node_name(exp, "Exp_7")
    exp.attributes["tensor"] = StringAttr("features")
    func.body.block.add_ops([exp, ReturnOp(exp.result)])
    module = ModuleOp([func])
    apply_rules(module, [check_rules("rule a: nn.exp(x) => nn.relu(nn.neg(x))", "t")])
    neg, relu, _ = func.body.block.ops
    assert neg.location == relu.location == exp.location
    assert relu.attributes["tensor"] == StringAttr("features")
    assert "tensor" not in neg.attributes
