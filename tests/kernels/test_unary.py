"""Elementwise functions of one operand: every op, in every variant."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from support.programs import Case, Variant, all_variants, check_cases, floats
from xdsl.ir import Operation, SSAValue

from qcc.dialects import nn


def case(name: str, make: Callable[[SSAValue], Operation], *shape: int) -> Case:
    array = floats(len(name), *(shape or (7, 13)))
    return Case(name, [array], lambda args: [make(args[0])])


CASES = [
    case("relu", nn.ReluOp),
    case("clip", lambda x: nn.ClipOp(x, min=-0.5, max=1.25)),
    case("clip-open", lambda x: nn.ClipOp(x, min=0.0)),
    case("leaky_relu", lambda x: nn.LeakyReluOp(x, alpha=0.1)),
    case("elu", lambda x: nn.EluOp(x, alpha=0.7)),
    case("sigmoid", nn.SigmoidOp),
    case("hard_sigmoid", lambda x: nn.HardSigmoidOp(x, alpha=0.3, beta=0.4)),
    case("hard_swish", nn.HardSwishOp),
    case("silu", nn.SiluOp),
    case("softplus", nn.SoftplusOp),
    case("gelu", nn.GeluOp),
    case("gelu-tanh", lambda x: nn.GeluOp(x, approximate="tanh")),
    case("tanh", nn.TanhOp),
    case("erf", nn.ErfOp),
    case("exp", nn.ExpOp),
    case("log", nn.LogOp),
    case("sqrt", nn.SqrtOp),
    case("reciprocal", nn.ReciprocalOp),
    case("neg", nn.NegOp),
    case("abs", nn.AbsOp),
    case("scalar", nn.SqrtOp, 1),
    case("empty", nn.ReluOp, 0, 3),
]

for _dtype in (np.int8, np.int32, np.int64):
    _limits = np.iinfo(_dtype)
    _values = np.array([0, 1, -1, 17, -17, _limits.min, _limits.max], _dtype)
    for _op in (nn.NegOp, nn.AbsOp):
        CASES.append(
            Case(
                f"{_op.name}-{np.dtype(_dtype)}",
                [_values],
                lambda args, op=_op: [op(args[0])],
            )
        )


@all_variants
def test_unary(variant: Variant) -> None:
    check_cases(CASES, variant)
