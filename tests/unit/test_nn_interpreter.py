"""The interpreter, value names, and that every op is defined and tested."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from onnx_oracle import Array
from xdsl.dialects import test
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region, SSAValue
from xdsl.pattern_rewriter import (
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import (
    describe,
    name_values,
    node_name,
    replace,
    set_node_name,
    set_tensor_name,
    tensor_name,
)
from qcc.dialects.reference.interpreter import run
from qcc.dialects.reference.registry import reference_function
from qcc.dialects.types import tensor

LIT = Path(__file__).parents[1] / "lit" / "dialects"


def _function() -> FuncOp:
    """(x, y) -> (relu(x + y) + 1, relu(x + y))"""
    kind = tensor(f32, (3,))
    block = Block(arg_types=[kind, kind])
    total = nn.AddOp(*block.args)
    relu = nn.ReluOp(total)
    one = nn.ConstantOp(np.ones(3, np.float32))
    more = nn.AddOp(relu, one)
    set_node_name(total, "sum")
    set_tensor_name(more, "result")
    block.add_ops([total, relu, one, more, ReturnOp(more, relu)])
    func = FuncOp("model", ([kind, kind], [kind, kind]), Region(block))
    func.attributes["input_names"] = ArrayAttr([StringAttr("x"), StringAttr("y")])
    return func


def _floats(*values: float) -> Array:
    return np.array(values, np.float32)


def test_run_returns_and_observes() -> None:
    func = _function()
    seen: dict[str, Array] = {}
    names = name_values(func)

    def observe(value: SSAValue, array: Array) -> None:
        seen[names[value]] = array

    inputs = [_floats(1, 2, -5), _floats(1, 1, 1)]
    results = run(ModuleOp([func]), inputs, observe)
    assert [r.tolist() for r in results] == [[3, 4, 1], [2, 3, 0]]
    assert list(seen) == ["x", "y", "sum", "relu_0", "constant_0", "result"]
    assert seen["sum"].tolist() == [2, 3, -4]


def test_run_frees_values_after_their_last_use() -> None:
    references: list[weakref.ref[Array]] = []
    alive: list[int] = []

    def observe(value: SSAValue, array: Array) -> None:
        gc.collect()
        alive.append(sum(reference() is not None for reference in references))
        if isinstance(value.owner, nn.AddOp):
            references.append(weakref.ref(array))

    run(_function(), [_floats(1, 2, 3), _floats(0, 0, 0)], observe)
    # The sum lives while relu reads it, and is gone when the constant is made.
    assert alive == [0, 0, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ([_floats(1, 2, 3)], "takes 2 inputs, 1 were given"),
        ([_floats(1, 2, 3), _floats(1)], "expected float32[3], got float32[1]"),
        ([_floats(1, 2, 3), np.zeros(3)], "expected float32[3], got float64[3]"),
    ],
)
def test_inputs_must_fit(inputs: list[Array], why: str) -> None:
    with pytest.raises(QccError) as caught:
        run(_function(), inputs)
    assert why in str(caught.value)


def test_an_op_without_reference_is_named() -> None:
    kind = tensor(f32, (3,))
    block = Block(arg_types=[kind])
    op = test.TestPureOp(operands=[block.args[0]], result_types=[kind])
    set_node_name(op, "odd one")
    block.add_ops([op, ReturnOp(op.results[0])])
    func = FuncOp("model", ([kind], [kind]), Region(block))
    with pytest.raises(QccError, match=r"test\.pureop cannot be interpreted") as caught:
        run(func, [_floats(1, 2, 3)])
    assert caught.value.node == "odd one"


def test_every_op_has_a_reference_function_and_lit_tests() -> None:
    texts = [path.read_text() for path in LIT.glob("nn_*.mlir")]
    for op in nn.NN.operations:
        assert reference_function(op) is not None, op.name
        assert any(f"CHECK-NEXT: %{{{{.*}}}} = {op.name} " in t for t in texts), op.name


def test_names_are_unique_and_stable() -> None:
    func = _function()
    ops = list(func.body.block.ops)
    set_node_name(ops[1], "result")
    set_node_name(ops[2], "sum")
    names = name_values(func)
    assert list(names.values()) == ["x", "y", "sum", "result_0", "sum_0", "result"]
    assert name_values(func) == names
    assert tensor_name(ops[1].results[0]) == "result_0"
    assert describe(ops[0]) == 'nn.add (node "sum")'


def test_replace_carries_location_and_name() -> None:
    class Twice(RewritePattern):
        """relu(x) -> clip(abs(x))"""

        @op_type_rewrite_pattern
        def match_and_rewrite(self, op: nn.ReluOp, rewriter: PatternRewriter, /):
            inner = nn.AbsOp(op.input)
            replace(rewriter, op, [inner, nn.ClipOp(inner, min=0.0)])

    func = _function()
    module = ModuleOp([func])
    relu = list(func.body.block.ops)[1]
    set_node_name(relu, "act")
    set_tensor_name(relu, "activated")
    PatternRewriteWalker(Twice(), apply_recursively=False).rewrite_module(module)
    _, inner, clip, *_ = func.body.block.ops
    assert node_name(inner) == node_name(clip) == "act"
    assert tensor_name(clip.results[0]) == "activated"
    assert tensor_name(inner.results[0]) is None
