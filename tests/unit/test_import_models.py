"""Sizes, cutting, folding, names and functions of imported models."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from imported_models import assert_same_as_onnxruntime, graph, op_names, random
from onnx import TensorProto, helper

from qcc.compiler.onnx_import import import_model
from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function, node_name, tensor_name
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import shape_of

# Sizes

SYMBOLIC = "g (float[N, C, 8] x) => (float[M, C, 8] y) { y = Relu(x) }"


def test_batch_is_one() -> None:
    function = model_function(import_model(graph(SYMBOLIC), dimensions={"C": 3}))
    assert shape_of(function.args[0]) == (1, 3, 8)


def test_batch_that_is_given() -> None:
    sizes = {"C": 3, "N": 5}
    function = model_function(import_model(graph(SYMBOLIC), dimensions=sizes))
    assert shape_of(function.args[0]) == (5, 3, 8)


def test_symbol_without_a_size() -> None:
    with pytest.raises(QccError) as failure:
        import_model(graph(SYMBOLIC))
    assert "'x'" in failure.value.what
    assert "dimension C" in failure.value.what
    assert "--dim C=N" in str(failure.value.remedy)


def test_unknown_symbol() -> None:
    with pytest.raises(QccError, match="symbolic dimension named 'channels'"):
        import_model(graph(SYMBOLIC), dimensions={"C": 3, "channels": 3})


def test_size_below_one() -> None:
    with pytest.raises(QccError, match="cannot be 0"):
        import_model(graph(SYMBOLIC), dimensions={"C": 0})


def test_axis_without_a_symbol() -> None:
    model = graph(SYMBOLIC)
    model.graph.input[0].type.tensor_type.shape.dim[1].Clear()
    with pytest.raises(QccError, match="dimension x:1"):
        import_model(model)
    function = model_function(import_model(model, dimensions={"x:1": 3}))
    assert shape_of(function.args[0]) == (1, 3, 8)


def test_axis_goes_before_its_symbol() -> None:
    text = "g (float[N, C, C] x) => (float[N, C, C] y) { y = Relu(x) }"
    function = model_function(import_model(graph(text), dimensions={"C": 3, "x:2": 4}))
    assert shape_of(function.args[0]) == (1, 3, 4)


# Cutting

CHAIN = """
g (float[1, 4] x) => (float[1, 4] y) {
    a = Relu(x)
    b = Sigmoid(a)
    c = Tanh(b)
    y = NotAnOp(c)
}
"""


def test_cut_at_outputs_drops_unsupported_operators() -> None:
    assert op_names(graph(CHAIN), outputs=["c"]) == ["nn.relu", "nn.sigmoid", "nn.tanh"]


def test_cut_at_inputs() -> None:
    function = model_function(import_model(graph(CHAIN), inputs=["a"], outputs=["c"]))
    assert tensor_name(function.args[0]) == "a"
    assert shape_of(function.args[0]) == (1, 4)
    assert op_names(graph(CHAIN), inputs=["a"], outputs=["c"]) == [
        "nn.sigmoid",
        "nn.tanh",
    ]


def test_cut_at_several_outputs() -> None:
    model = graph(CHAIN)
    results = run(import_model(model, outputs=["b", "a"]), [random(1, 4)])
    np.testing.assert_allclose(results[0], 1 / (1 + np.exp(-results[1])), rtol=1e-5)


def test_cut_at_an_unknown_tensor() -> None:
    model = graph(CHAIN.replace("b", "features_1").replace("c", "features_2"))
    with pytest.raises(QccError, match="no tensor named 'feature_1'") as failure:
        import_model(model, outputs=["feature_1"])
    assert "features_1" in str(failure.value.remedy)


def test_cut_that_leaves_out_an_input() -> None:
    text = "g (float[4] x, float[4] z) => (float[4] y) { a = Relu(x) y = Add(a, z) }"
    with pytest.raises(QccError, match="also depend on the model's input 'z'"):
        import_model(graph(text), inputs=["a"])


# Folding

FLATTEN = """
g (float[N, 3, 4, 4] x) => (float[N, F] y)
<int64[1] rest = {-1}, int64 zero = {0}, int64[1] axis = {0}> {
    s = Shape(x)
    n = Gather(s, zero)
    n1 = Unsqueeze(n, axis)
    shape = Concat<axis = 0>(n1, rest)
    y = Reshape(x, shape)
}
"""


def test_shape_arithmetic_vanishes() -> None:
    assert op_names(graph(FLATTEN)) == ["nn.reshape"]


def test_arithmetic_of_constants_vanishes() -> None:
    text = """
    g (float[4] x) => (float[4] y) <float[4] a = {1, 2, 3, 4}> {
        b = Sqrt(a)
        c = Mul(b, b)
        y = Add(x, c)
    }
    """
    model = graph(text)
    assert op_names(model) == ["nn.add"]
    assert_same_as_onnxruntime(model, [random(4)])


def test_initializers_among_the_inputs_are_constants() -> None:
    text = "g (float[4] x, float[4] w) => (float[4] y) { y = Add(x, w) }"
    model = graph(text, {"w": np.ones(4, np.float32)})
    assert len(model_function(import_model(model)).args) == 1


# Names

NAMED = """
g (float[1, 2, 4] x) => (float[1, 3, 2] y) <float[3, 2, 3] w = {}> {
    hidden = Relu(x)
    y = Conv(hidden, w)
}
"""


def test_names_and_locations() -> None:
    model = graph(NAMED.replace(" <float[3, 2, 3] w = {}>", ""), {"w": random(3, 2, 3)})
    model.graph.node[0].name = "first"
    function = model_function(import_model(model))
    ops = list(function.body.block.ops)
    relu = next(op for op in ops if op.name == "nn.relu")
    assert node_name(relu) == "first"
    assert tensor_name(relu.results[0]) == "hidden"
    last = ops[-2]
    assert node_name(last) == "y"
    assert tensor_name(last.results[0]) == "y"
    assert '"x"' in str(function.attributes["input_names"])
    assert '"y"' in str(function.attributes["output_names"])


def test_one_dimensional_convolution() -> None:
    text = "g (float[2, 4, 9] x) => (float[2, 6, N] y) { "
    text += "y = Conv<pads = [2, 1], strides = [2], dilations = [2], group = 2>(x, w) }"
    model = graph(text, {"w": random(6, 2, 3)})
    assert "nn.transpose" not in op_names(model)
    assert_same_as_onnxruntime(model, [random(2, 4, 9)])


# Matrix products


@pytest.mark.parametrize("bias", [(5,), (1, 5), (1,), (), (3, 1), (3, 5), None])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (0.5, 2.0)])
def test_gemm(bias: tuple[int, ...] | None, alpha: float, beta: float) -> None:
    operands = "x, w" if bias is None else "x, w, b"
    text = "g (float[4, 3] x) => (float[3, 5] y) { y = Gemm"
    text += f"<transA = 1, transB = 1, alpha = {alpha}, beta = {beta}>({operands}) }}"
    constants = {"w": random(5, 4, seed=1)}
    if bias is not None:
        constants["b"] = np.asarray(random(*bias, seed=2), np.float32)
    model = graph(text, constants)
    assert_same_as_onnxruntime(model, [random(4, 3)])
    if alpha == 1.0 and bias not in ((3, 1), (3, 5)):
        assert op_names(model) == ["nn.transpose", "nn.matmul"]


@pytest.mark.parametrize(
    ("lhs", "rhs"), [((4,), (4,)), ((4,), (4, 3)), ((2, 4), (4,)), ((2, 3, 4), (4, 5))]
)
def test_matmul(lhs: tuple[int, ...], rhs: tuple[int, ...]) -> None:
    rank = len(np.matmul(np.zeros(lhs), np.zeros(rhs)).shape)
    result = f"float[{', '.join('ABC'[:rank])}]" if rank else "float"
    sizes = ", ".join(map(str, lhs))
    text = f"g (float[{sizes}] x) => ({result} y) {{ y = MatMul(x, w) }}"
    model = graph(text, {"w": random(*rhs, seed=1)})
    assert_same_as_onnxruntime(model, [random(*lhs)])


# Functions and branches


def test_functions_of_the_model_are_inlined() -> None:
    text = """
    g (float[4] x) => (float[4] y) { y = local.twice(x) }
    <opset_import: ["" : 17], domain: "local"> twice (a) => (b) { b = Add(a, a) }
    """
    assert op_names(graph(text)) == ["nn.add"]


def test_recursive_functions() -> None:
    text = """
    g (float[4] x) => (float[4] y) { y = local.again(x) }
    <opset_import: ["" : 17, "local" : 1], domain: "local">
    again (a) => (b) { b = local.again(a) }
    """
    with pytest.raises(QccError, match="functions cannot be expanded"):
        import_model(graph(text))


def test_composite_operators_are_expanded() -> None:
    text = "g (float[2, 3, 4, 4] x) => (float[2, 3, 4, 4] y) "
    text += "{ y = MeanVarianceNormalization(x) }"
    model = graph(text)
    assert "nn.reduce_mean" in op_names(model)
    assert_same_as_onnxruntime(model, [random(2, 3, 4, 4)])


def test_layer_normalization_with_statistics() -> None:
    text = "g (float[2, 8] x) => (float[2, 8] y, float[2, 1] m) "
    text += "{ y, m = LayerNormalization(x, s) }"
    model = graph(text, {"s": random(8, seed=1)})
    assert_same_as_onnxruntime(model, [random(2, 8)])


def _branch(op_type: str, result: str) -> onnx.GraphProto:
    return helper.make_graph(
        [helper.make_node(op_type, ["x"], [result])],
        op_type,
        [],
        [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)],
    )


@pytest.mark.parametrize(("size", "expected"), [(4, "nn.relu"), (5, "nn.tanh")])
def test_branch_that_follows_from_shapes(size: int, expected: str) -> None:
    text = f"""
    g (float[{size}] x) => (float[{size}] y) <int64 four = {{4}}, int64 zero = {{0}}> {{
        s = Shape(x)
        n = Gather(s, zero)
        c = Equal(n, four)
        y = Identity(x)
    }}
    """
    model = graph(text)
    choice = helper.make_node(
        "If",
        ["c"],
        ["y"],
        then_branch=_branch("Relu", "r"),
        else_branch=_branch("Tanh", "t"),
    )
    model.graph.node[3].CopyFrom(choice)
    assert op_names(model) == [expected]


def test_constants_are_shared() -> None:
    text = "g (float[100] x) => (float[100] y) { a = Add(x, w) y = Mul(a, w) }"
    function = model_function(import_model(graph(text, {"w": random(100)})))
    constants = [op for op in function.body.block.ops if isinstance(op, nn.ConstantOp)]
    assert len(constants) == 1


def test_slice_pad_and_negative_pad() -> None:
    text = """
    g (float[4, 6] x) => (float[A, B] y)
    <int64[2] s = {-1, 5}, int64[2] e = {-9, -100}, int64[2] a = {0, 1},
     int64[2] st = {-2, -1}, int64[4] p = {-1, 2, 1, -3}> {
        z = Slice(x, s, e, a, st)
        y = Pad(z, p)
    }
    """
    assert_same_as_onnxruntime(graph(text), [random(4, 6)])


@pytest.mark.parametrize("axes", [(1, 2), (2, 3), (3, 1)])
def test_resize_of_any_two_axes(axes: tuple[int, int]) -> None:
    scales = np.ones(4, np.float32)
    scales[list(axes)] = (2.0, 1.5)
    text = "g (float[1, 4, 6, 8] x) => (float[A, B, C, D] y) "
    text += '{ y = Resize<mode = "nearest", nearest_mode = "floor", '
    text += 'coordinate_transformation_mode = "asymmetric">(x, , s) }'
    model = graph(text, {"s": scales})
    assert_same_as_onnxruntime(model, [random(1, 4, 6, 8)])
