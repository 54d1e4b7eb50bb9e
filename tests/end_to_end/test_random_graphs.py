"""
Random networks, from ONNX to bytes: import against onnxruntime, passes against each
other, and C for every target against the reference, in every byte.

`QCC_RANDOM_GRAPHS=500` tries that many, chosen anew each time, and shrinks failures.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import pytest
from execution import (
    Machine,
    Result,
    assert_same_bits,
    execute,
    print_for,
    reference,
)
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from random_models import RandomModel, Step, build, run_onnx
from random_steps import MOVES, STEPS
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from qcc.codegen.targets import TARGETS
from qcc.compiler.calibration import calibrate
from qcc.compiler.onnx_export import export_model
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import (
    build_pipeline,
    float_passes,
    qdq_passes,
    quantization_passes,
    run_pipeline,
)
from qcc.dialects.reference.interpreter import run
from qcc.passes.statistics import use

Array = NDArray[Any]

EXACT_PASSES = (
    "fold-zero-points",
    "fuse-activations",
    "fuse-residual",
    "lookup-tables",
)

EXAMPLES = int(os.environ.get("QCC_RANDOM_GRAPHS", "0"))

bounded = settings(
    max_examples=EXAMPLES or 15,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def assert_close(got: Array, want: Array, context: str) -> None:
    """Within what another order of float additions explains."""
    assert (got.shape, got.dtype) == (want.shape, want.dtype), context
    if got.dtype != np.float32:
        # The index of one of two nearly equal maxima.
        return
    size = float(np.abs(want).max(initial=0.0))
    np.testing.assert_allclose(
        got, want, rtol=1e-3, atol=1e-4 * size + 1e-5, err_msg=context
    )


def imported(model: RandomModel) -> ModuleOp:
    """The float module, which computes what onnxruntime does."""
    proto = model.proto()
    module = import_model(proto)
    inputs = list(model.inputs.values())
    expected = list(run_onnx(proto, model.inputs).values())
    for got, want in zip(run(module, inputs), expected, strict=True):
        assert_close(got, want, "import")
    run_pipeline(module, float_passes())
    for got, want in zip(run(module, inputs), expected, strict=True):
        assert_close(got, want, "float passes")
    return module


def quantize(module: ModuleOp, mode: str, samples: Sequence[dict[str, Array]]) -> None:
    """Runs the passes of `mode`, those on integers must not change a bit."""
    inputs = list(samples[0].values())
    before: list[Array] = []

    def compare(each: ModulePass, changed: ModuleOp) -> None:
        outputs = run(changed, inputs) if each.name in EXACT_PASSES else []
        for got, want in zip(outputs, before if outputs else [], strict=True):
            np.testing.assert_array_equal(got, want, each.name)
        before[:] = run(changed, inputs)

    with use(calibrate(module, samples)):
        casts = module.clone()
        run_pipeline(casts, qdq_passes(mode))
        run_pipeline(module, quantization_passes(mode), compare)
    if mode == "static":
        check_export(casts, before, inputs)


def check_export(casts: ModuleOp, expected: Sequence[Array], inputs: list[Array]):
    """The QDQ model, read again, has the same integers in it."""
    module = import_model(export_model(casts))
    run_pipeline(module, build_pipeline("float"))
    for got, want in zip(run(module, inputs), expected, strict=True):
        np.testing.assert_array_equal(got, want, "QDQ")


def check(model: RandomModel, mode: str, machines: Sequence[Machine]) -> None:
    samples = model.samples(4)
    module = imported(model)
    quantize(module, mode, samples)
    inputs = list(samples[-1].values())
    expected = reference(module, inputs)
    for index, machine in enumerate(machines):
        # Of every second target with memory reused: then no copy is made needlessly.
        printed = print_for(module, machine.target, keep=index % 2 == 0)
        assert_same_bits(execute(printed, machine, inputs), expected)
    assert_same_bits(Result(run(module, inputs), {}), expected)


def random_model(
    data: st.DataObject, steps: Sequence[Step] = STEPS, most: int = 8
) -> RandomModel:
    """A model whose nodes are printed where a test fails."""
    model = build(lambda low, high: data.draw(st.integers(low, high)), steps, most)
    note("\n".join(model.lines()))
    return model


@cache
def machines() -> list[Machine]:
    """Every target that can be executed here."""
    found: list[Machine] = []
    for name in TARGETS:
        with suppress(pytest.skip.Exception):
            found.append(Machine.of(name))
    return found


def three_machines(data: st.DataObject) -> list[Machine]:
    """Compiling takes the time: portable C and two others each time."""
    names = st.integers(1, max(1, len(machines()) - 1))
    chosen = data.draw(st.sets(names, min_size=2, max_size=2))
    return [machines()[index] for index in (0, *chosen) if index < len(machines())]


@bounded
@given(st.data())
def test_static(data: st.DataObject) -> None:
    check(random_model(data), "static", three_machines(data))


@bounded
@given(st.data())
def test_dynamic(data: st.DataObject) -> None:
    check(random_model(data), "dynamic", three_machines(data))


@bounded
@given(st.data())
def test_float(data: st.DataObject) -> None:
    check(random_model(data), "float", three_machines(data))


@bounded
@given(st.data())
def test_tensors_that_share_memory(data: st.DataObject) -> None:
    """Parts are computed and read in the memory of wholes, which is used again."""
    model = random_model(data, MOVES, 16)
    module = imported(model)
    run_pipeline(module, quantization_passes("float"))
    inputs = list(model.samples(1)[0].values())
    outputs = reference(module, inputs).outputs
    machine = machines()[0]
    printed = print_for(module, machine.target, keep=False)
    assert_same_bits(execute(printed, machine, inputs), Result(outputs, {}))
