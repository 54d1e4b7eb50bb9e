"""The activation functions that an LSTM, GRU or RNN may name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.node import Node
from qcc.dialects import nn

Activation = Callable[[SSAValue], SSAValue]

_DEFAULTS = {
    "HardSigmoid": (0.2, 0.5),
    "LeakyRelu": (0.01, 0.0),
    "Elu": (1.0, 0.0),
    "Affine": (1.0, 0.0),
    "ScaledTanh": (1.0, 1.0),
}
"""alpha and beta of the functions that have parameters."""


def activations(
    node: Node, names: Sequence[str], directions: int
) -> Iterator[Activation]:
    """
    The activation functions of all directions, with their parameters.

    `names` are those of one direction where the node names none. QccError for others
    than these, or a wrong number of them.
    """
    attribute = node.proto.attribute
    given = next((a.strings for a in attribute if a.name == "activations"), None)
    chosen = list(names) * directions
    if given:
        chosen = [name.decode(errors="replace") for name in given]
    if len(chosen) != len(names) * directions:
        raise node.error(f"it names {len(chosen)} activations")
    alphas = iter(node.reals("activation_alpha") or ())
    betas = iter(node.reals("activation_beta") or ())
    for name in chosen:
        known = {each.lower(): each for each in (*_PLAIN, *_DEFAULTS)}
        function = known.get(name.lower())
        if function is None:
            raise node.error(f"its activation {name!r} is not supported")
        if function in _PLAIN:
            yield _plain(node, function)
            continue
        alpha, beta = _DEFAULTS[function]
        alpha = next(alphas, alpha)
        if function in ("HardSigmoid", "Affine", "ScaledTanh"):
            beta = next(betas, beta)
        yield _with_parameters(node, function, alpha, beta)


_PLAIN = {
    "Sigmoid": nn.SigmoidOp,
    "Tanh": nn.TanhOp,
    "Relu": nn.ReluOp,
    "Softplus": nn.SoftplusOp,
}


def _plain(node: Node, name: str) -> Activation:
    return lambda value: node.emit(_PLAIN[name](value))


def _with_parameters(node: Node, name: str, alpha: float, beta: float) -> Activation:
    def scaled(value: SSAValue, factor: float) -> SSAValue:
        if factor == 1.0:
            return value
        return node.emit(nn.MulOp(value, node.scalar(factor)))

    def apply(value: SSAValue) -> SSAValue:
        match name:
            case "HardSigmoid":
                return node.emit(nn.HardSigmoidOp(value, alpha=alpha, beta=beta))
            case "LeakyRelu":
                return node.emit(nn.LeakyReluOp(value, alpha=alpha))
            case "Elu":
                return node.emit(nn.EluOp(value, alpha=alpha))
            case "Affine":
                product = scaled(value, alpha)
                return node.emit(nn.AddOp(product, node.scalar(beta)))
            case _:
                return scaled(node.emit(nn.TanhOp(scaled(value, beta))), alpha)

    return apply
