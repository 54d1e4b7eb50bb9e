"""Softmax, layer and batch normalization, of floats and of int8."""

from __future__ import annotations

import numpy as np
from support.programs import (
    Case,
    Variant,
    all_variants,
    check_cases,
    floats,
    int8s,
    uniform,
)

from qcc.dialects import nn, quant

SHAPES = [((3, 40), 1), ((2, 7, 5), 1), ((17, 3), 0), ((2, 1), 1), ((3, 389), 1)]
X, PROBABILITY = uniform(0.09, 4), uniform(1 / 256, -128)


def softmaxes() -> list[Case]:
    cases: list[Case] = []
    for index, (shape, axis) in enumerate(SHAPES):
        for special in (False, True):
            cases.append(
                Case(
                    f"softmax-{index}-{special}",
                    [floats(index, *shape, special=special)],
                    lambda a, axis=axis: [nn.SoftmaxOp(a[0], axis=axis)],
                )
            )
        for scale, result in ((X, PROBABILITY), (uniform(2.0, 0), uniform(0.01, 5))):
            cases.append(
                Case(
                    f"softmax_s8-{index}-{scale.scales}",
                    [int8s(index, *shape)],
                    lambda a, axis=axis, r=result: [
                        quant.SoftmaxOp(a[0], r, axis=axis)
                    ],
                    [scale],
                )
            )
    return cases


def softmax_ties() -> list[Case]:
    """Quotients of exactly a half in rows of equal elements; long rows."""
    cases: list[Case] = []
    for length in (512, 2050):
        rows = np.stack([np.full(length, -128), np.full(length, 100)]).astype(np.int8)
        rows[1, length // 3 :] = -100
        cases.append(
            Case(
                f"softmax_s8-ties-{length}",
                [rows],
                lambda a: [quant.SoftmaxOp(a[0], PROBABILITY, axis=1)],
                [uniform(0.5, 0)],
            )
        )
    return cases


def constants(shape: tuple[int, ...]) -> tuple[nn.ConstantOp, nn.ConstantOp]:
    return (
        nn.ConstantOp(floats(1, *shape, special=False)),
        nn.ConstantOp(floats(2, *shape, special=False)),
    )


def layer_norms() -> list[Case]:
    cases: list[Case] = []
    for index, (shape, axis) in enumerate(
        [((5, 70), 1), ((2, 3, 4, 5), 2), ((3, 1), 1)]
    ):
        row = shape[axis:]
        flat = np.full(shape, 17, np.int8)
        for name, array in (("random", int8s(index, *shape)), ("constant", flat)):
            for epsilon in (0.0, 1e-5, 3.0):
                scale, bias = constants(row)
                cases.append(
                    Case(
                        f"layer_norm_s8-{index}-{name}-{epsilon}",
                        [array],
                        lambda a, s=scale, b=bias, axis=axis, e=epsilon: [
                            s,
                            b,
                            quant.LayerNormOp(
                                a[0],
                                s,
                                b,
                                result_type=uniform(0.04, -6),
                                axis=axis,
                                epsilon=e,
                            ),
                        ],
                        [X],
                    )
                )
        cases.append(
            Case(
                f"layer_norm_s8-saturated-{index}",
                [int8s(index, *shape)],
                lambda a, axis=axis: [
                    quant.LayerNormOp(
                        a[0], result_type=uniform(1e-9, 5), axis=axis, epsilon=1e-5
                    )
                ],
                [X],
            )
        )
        cases.append(
            Case(
                f"layer_norm_s8-plain-{index}",
                [int8s(index, *shape)],
                lambda a, axis=axis: [
                    quant.LayerNormOp(
                        a[0], result_type=uniform(0.03, 1), axis=axis, epsilon=1e-5
                    )
                ],
                [X],
            )
        )
        for special in (False, True):
            array = floats(index, *shape, special=special)
            parameters = [floats(8, *row), floats(9, *row)]
            cases += [
                Case(
                    f"layer_norm-{index}-{special}",
                    [array, *parameters],
                    lambda a, axis=axis: [nn.LayerNormOp(*a, axis=axis, epsilon=1e-5)],
                ),
                Case(
                    f"layer_norm-no-bias-{index}-{special}",
                    [array, parameters[0]],
                    lambda a, axis=axis: [nn.LayerNormOp(*a, axis=axis, epsilon=0.0)],
                ),
                Case(
                    f"layer_norm-only-bias-{index}-{special}",
                    [array, parameters[0]],
                    lambda a, axis=axis: [
                        nn.LayerNormOp(a[0], None, a[1], axis=axis, epsilon=1e-3)
                    ],
                ),
            ]
    return cases


def batch_norms() -> list[Case]:
    variances = np.array([0, 1, 2, 0.3, 1e-45, 3e38, np.inf, -1, np.nan], np.float32)
    parameters = [floats(i, 9) for i in range(3)]
    return [
        Case(
            f"batch_norm-{epsilon}",
            [floats(5, 2, 9, 3, 4), *parameters, variances],
            lambda a, e=epsilon: [nn.BatchNormOp(*a, epsilon=e)],
        )
        for epsilon in (0.0, 1e-5)
    ]


@all_variants
def test_normalizations(variant: Variant) -> None:
    check_cases(
        [*softmaxes(), *softmax_ties(), *layer_norms(), *batch_norms()], variant
    )
