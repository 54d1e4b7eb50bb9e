"""Both forms of mode dynamic on random networks: every target gives the same bytes."""

from __future__ import annotations

import numpy as np
import pytest
from execution import Result, assert_same_bits, execute, print_for, reference
from hypothesis import given
from hypothesis import strategies as st
from test_random_graphs import bounded, imported, random_model, three_machines
from xdsl.dialects.builtin import ModuleOp

from qcc.compiler.pipeline import (
    DYNAMIC_FORMS,
    PipelineOptions,
    quantization_passes,
    run_pipeline,
)
from qcc.dialects import quant
from qcc.dialects.reference.interpreter import run


def dynamic(module: ModuleOp, form: str) -> ModuleOp:
    """`module` with scales taken at run time."""
    options = PipelineOptions(dynamic_form=form)
    run_pipeline(module, quantization_passes("dynamic", options))
    return module


@pytest.mark.parametrize("form", DYNAMIC_FORMS)
@bounded
@given(st.data())
def test_same_bits(form: str, data: st.DataObject) -> None:
    model = random_model(data)
    module = dynamic(imported(model), form)
    # Numbers that no calibration has seen: scales are those of these inputs.
    inputs = [
        x * np.float32(37) if x.dtype == np.float32 else x
        for x in model.samples(2)[-1].values()
    ]
    expected = reference(module, inputs)
    for machine in three_machines(data):
        printed = print_for(module, machine.target)
        assert_same_bits(execute(printed, machine, inputs), expected)
    assert_same_bits(Result(run(module, inputs), {}), expected)


@bounded
@given(st.data())
def test_what_is_between_contractions_is_int8(data: st.DataObject) -> None:
    """Only the full form has int8 sums and clips, and it measures no range twice."""
    module = imported(random_model(data))
    full, per_op = (dynamic(module.clone(), form) for form in DYNAMIC_FORMS)
    arithmetic = quant.DynamicBinaryOp | quant.DynamicClipOp | quant.DynamicUnionOp
    assert not any(isinstance(op, arithmetic) for op in per_op.walk())
    casts = [op for op in full.walk() if isinstance(op, quant.DynamicQuantizeCastOp)]
    sources = [(op.input, op.minimum_value, op.maximum_value) for op in casts]
    assert len(set(sources)) == len(sources)
    for op in casts:
        assert not isinstance(op.input.owner, quant.DynamicDequantizeCastOp)
