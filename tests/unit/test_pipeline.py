"""The list of passes per mode, and how it runs."""

import numpy as np
import pytest
from quantization_support import calibrated, module_of, op_names

from qcc.compiler.diagnostics import QccError
from qcc.compiler.pipeline import (
    MODES,
    PipelineOptions,
    build_pipeline,
    quantization_passes,
    run_pipeline,
)
from qcc.dialects import nn
from qcc.dialects.reference.interpreter import run
from qcc.passes import get_all_passes
from qcc.passes.analyze_ranges import AnalyzeRangesPass
from qcc.passes.statistics import use


def names(mode: str, options: PipelineOptions | None = None) -> list[str]:
    return [each.name for each in build_pipeline(mode, options or PipelineOptions())]


def test_static_mode_in_order():
    assert names("static") == [
        "strip-unused",
        "fold-constants",
        "fold-batch-norms",
        "apply-rules",
        "cse",
        "dce",
        "name-values",
        "cancel-casts",
        "equalize-channels",
        "smooth-activations",
        "analyze-ranges",
        "insert-quantize",
        "unify-scales",
        "cancel-casts",
        "round-weights",
        "quantize-constants",
        "correct-bias",
        "lower-to-quant",
        "fold-zero-points",
        "fuse-activations",
        "fuse-residual",
        "lookup-tables",
    ]


def test_every_pass_is_registered_under_its_name():
    known = get_all_passes()
    options = PipelineOptions(int8_only=True)
    for mode in MODES:
        for each in build_pipeline(mode, options):
            assert known[each.name]() is type(each)


def test_dynamic_mode_quantizes_what_the_model_leaves_float():
    passes = names("dynamic")
    assert "analyze-ranges" not in passes
    assert passes.index("insert-dynamic-quantize") > passes.index("lower-to-quant")


def test_int8_only_is_checked_last():
    assert names("static", PipelineOptions(int8_only=True))[-1] == "check-integer-only"


def test_an_unknown_mode_is_an_error():
    with pytest.raises(QccError, match="unknown mode"):
        build_pipeline("int4")


def test_declared_input_ranges_reach_the_analysis():
    options = PipelineOptions(input_ranges={"a=b": (-1.5, 2.0)})
    (analysis,) = (
        each
        for each in quantization_passes("static", options)
        if isinstance(each, AnalyzeRangesPass)
    )
    assert analysis.input_ranges == ("a=b=-1.5:2.0",)


def test_a_range_of_an_unknown_input_is_an_error():
    module = module_of(lambda b, x: b.insert(nn.TanhOp(x)).results, (4,))
    with pytest.raises(QccError, match='there is no input "y"'):
        run_pipeline(module, [AnalyzeRangesPass(input_ranges=("y=0:1",))])


def test_the_callback_sees_every_pass_and_the_result_runs():
    module = module_of(lambda b, x: b.insert(nn.TanhOp(x)).results, (4,))
    x = np.array([-1.0, 0.0, 0.5, 1.0], np.float32)
    (exact,) = run(module, [x])
    seen: list[str] = []
    with use(calibrated(module, [x])):
        run_pipeline(module, build_pipeline(), lambda each, _: seen.append(each.name))
    assert seen == names("static")
    assert op_names(module) == [
        "quant.qcast",
        "quant.lookup",
        "quant.dcast",
        "func.return",
    ]
    (got,) = run(module, [x])
    np.testing.assert_allclose(got, exact, atol=0.01)
