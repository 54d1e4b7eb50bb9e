"""The cost model: which layers are better left in float."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantization_support import constant, module_of
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from qcc.codegen.op_costs import cast_cost, op_cost, work_of
from qcc.codegen.targets import TARGETS
from qcc.compiler.float_costs import (
    MARGIN,
    keep_slow_layers,
    layer_cost,
    layer_costs,
    slower_in_int8,
)
from qcc.compiler.minimum_cut import Network
from qcc.compiler.pipeline import PipelineOptions
from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function
from qcc.passes.layers import layers

X86 = [TARGETS["x86-64-v3"]]
NODES = ["s", "a", "b", "c", "t"]
EDGES = list(itertools.permutations(NODES, 2))


@given(st.lists(st.integers(0, 5), min_size=len(EDGES), max_size=len(EDGES)))
def test_a_minimum_cut_is_the_smallest_of_all(capacities: list[int]):
    network = Network()
    for (a, b), capacity in zip(EDGES, capacities, strict=True):
        network.add(a, b, float(capacity))

    def cut(side: set[object]) -> int:
        pairs = zip(EDGES, capacities, strict=True)
        return sum(c for (a, b), c in pairs if a not in side and b in side)

    sides = [
        {"t", *chosen}
        for count in range(4)
        for chosen in itertools.combinations("abc", count)
    ]
    smallest = min(map(cut, sides))
    found = network.sink_side("s", "t")
    assert cut(found) == smallest
    # The fewest nodes on the side of the sink: all minimum cuts hold them.
    for side in sides:
        if cut(side) == smallest:
            assert found <= side


def pools_and_sum() -> ModuleOp:
    """x + max pooling of x, both float at the borders: nothing but an addition."""

    def build(builder: Builder, x: SSAValue) -> list[SSAValue]:
        pool = builder.insert(
            nn.MaxPool2dOp(x, kernel=(3, 3), strides=(1, 1), pads=(1, 1, 1, 1))
        )
        total = builder.insert(nn.AddOp(x, pool))
        return [builder.insert(nn.ReluOp(total)).result]

    return module_of(build, (1, 16, 14, 14))


def sum_between_convolutions() -> ModuleOp:
    """An addition whose operands and reader are better int8: not worth its casts."""

    def build(builder: Builder, x: SSAValue) -> list[SSAValue]:
        def convolution(value: SSAValue) -> SSAValue:
            weights = constant(builder, np.ones((16, 16, 3, 3)))
            conv = builder.insert(nn.Conv2dOp(value, weights, pads=(1, 1, 1, 1)))
            return builder.insert(nn.ReluOp(conv)).result

        a, b = convolution(x), convolution(x)
        return [convolution(builder.insert(nn.AddOp(a, b)).result)]

    return module_of(build, (1, 16, 14, 14))


def test_an_addition_between_floats_stays_float():
    module = pools_and_sum()
    [layer] = layers(model_function(module))
    assert layer.op.name == "nn.add"
    cost = layer_cost(layer, X86[0])
    assert cost.float < cost.int8
    assert slower_in_int8(module, X86) == [layer.name]
    # With int8 inputs and outputs, floats would need casts.
    assert slower_in_int8(module, X86, float_io=False) == []


def test_casts_count():
    module = sum_between_convolutions()
    [add] = [x for x in layers(model_function(module)) if x.op.name == "nn.add"]
    cost = layer_cost(add, X86[0])
    assert MARGIN * cost.float < cost.int8
    assert slower_in_int8(module, X86) == []


def test_one_decision_for_all_targets():
    module = pools_and_sum()
    for targets in (list(TARGETS.values())[:5], X86):
        assert slower_in_int8(module, targets) == slower_in_int8(module, targets[::-1])


def test_every_layer_has_a_cost_on_every_target():
    module = sum_between_convolutions()
    for target in TARGETS.values():
        assert cast_cost(target) > 0
        for layer in layers(model_function(module)):
            for op in layer.ops:
                cost = op_cost(op, target)
                assert cost.int8 > 0
                assert cost.float > 0
    [first, *_] = layers(model_function(module))
    assert work_of(first.op) == 14 * 14 * 16 * 16 * 9
    cost = layer_costs(module, list(TARGETS.values()))
    # Float convolutions are far slower than the whole int8 model.
    assert cost(first) > 0.5


def test_other_modes_have_nothing_to_compare():
    with pytest.raises(QccError, match="the mode is dynamic"):
        keep_slow_layers(pools_and_sum(), PipelineOptions(), "dynamic", X86)
    kept = keep_slow_layers(pools_and_sum(), PipelineOptions(), "static", X86)
    assert set(kept.keep_float.values()) == {"int8 would be slower"}
