"""
The list of passes, in order, per mode: read it from top to bottom.

Between any two of them the module can be printed, verified and interpreted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.func import Func
from xdsl.passes import ModulePass
from xdsl.transforms.dead_code_elimination import DeadCodeElimination

from qcc.compiler.diagnostics import QccError
from qcc.dialects import get_all_dialects
from qcc.passes.analyze_ranges import AnalyzeRangesPass
from qcc.passes.apply_rules import ApplyRulesPass
from qcc.passes.cancel_casts import CancelCastsPass
from qcc.passes.check_integer_only import CheckIntegerOnlyPass
from qcc.passes.correct_bias import CorrectBiasPass
from qcc.passes.cse import CsePass
from qcc.passes.dequantize_weights import DequantizeWeightsPass
from qcc.passes.equalize_channels import EqualizeChannelsPass
from qcc.passes.fold_batch_norms import FoldBatchNormsPass
from qcc.passes.fold_constants import FoldConstantsPass
from qcc.passes.fold_zero_points import FoldZeroPointsPass
from qcc.passes.fuse_activations import FuseActivationsPass
from qcc.passes.fuse_residual import FuseResidualPass
from qcc.passes.hoist_dynamic_casts import HoistDynamicCastsPass
from qcc.passes.insert_dynamic_quantize import InsertDynamicQuantizePass
from qcc.passes.insert_quantize import InsertQuantizePass
from qcc.passes.keep_float import KeepFloatPass
from qcc.passes.lookup_tables import LookupTablesPass
from qcc.passes.lower_to_quant import LowerToQuantPass
from qcc.passes.name_values import NameValuesPass
from qcc.passes.power_of_two_scales import PowerOfTwoScalesPass
from qcc.passes.quantize_constants import QuantizeConstantsPass
from qcc.passes.quantize_weights import QuantizeWeightsPass
from qcc.passes.quantized_io import QuantizedIoPass
from qcc.passes.round_weights import RoundWeightsPass
from qcc.passes.shorten_biases import ShortenBiasesPass
from qcc.passes.smooth_activations import SmoothActivationsPass
from qcc.passes.strip_unused import StripUnusedPass
from qcc.passes.unify_scales import UnifyScalesPass

MODES = ("static", "dynamic", "weights", "round", "float")

DYNAMIC_FORMS = ("full", "per-op")
"""Of mode dynamic: tensors stay int8 between ops, or only inside of contractions."""

AfterEach = Callable[[ModulePass, ModuleOp], None]


@dataclass(frozen=True)
class PipelineOptions:
    """What a user can change about the passes."""

    rules: Sequence[str] = ()
    """Files of rewrite rules, applied before the built-in ones."""

    extra: Sequence[ModulePass] = ()
    """Passes of plugins, run on the float model after the built-in ones."""

    input_ranges: Mapping[str, tuple[float, float]] = field(
        default_factory=dict[str, tuple[float, float]]
    )
    """Minimum and maximum of inputs, where the user knows them."""

    int8_only: bool = False
    """Fail when an op would stay in float."""

    io: str = "float"
    """Type of quantized inputs and outputs: float, int8 or uint8."""

    float_outputs: bool = False
    """Let the last addition or product before an output stay float."""

    dynamic_form: str = "full"
    """One of `DYNAMIC_FORMS`."""

    keep_float: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of ops (nodes or tensors) that stay float, and why."""

    weights: str = "int8"
    """Of mode weights: int8 or int4."""

    scales: str = "float"
    """Of mode static: float, or pow2 for powers of two."""


DEFAULTS = PipelineOptions()


def float_passes(options: PipelineOptions = DEFAULTS) -> list[ModulePass]:
    """The simplest float model that computes the same; calibration runs this one."""
    return [
        StripUnusedPass(),
        FoldConstantsPass(),
        FoldBatchNormsPass(),
        ApplyRulesPass(files=tuple(options.rules)),
        CsePass(),
        DeadCodeElimination(),
        *options.extra,
        NameValuesPass(),
    ]


def qdq_passes(
    mode: str = "static", options: PipelineOptions = DEFAULTS
) -> list[ModulePass]:
    """
    Casts around float ops: what integers will stand for, in the form of QDQ models.

    Mode `static` chooses types from ranges; in every mode a model's own casts stay.
    """
    declared = tuple(
        f"{name}={float(low)}:{float(high)}"
        for name, (low, high) in options.input_ranges.items()
    )
    kinds = {"weights": options.weights, "round": "coarse"}
    power_of_two = [PowerOfTwoScalesPass()] if options.scales == "pow2" else []
    choose_types: list[ModulePass] = [
        CancelCastsPass(),
        EqualizeChannelsPass(),
        SmoothActivationsPass(),
        AnalyzeRangesPass(declared, derive_outputs=options.int8_only),
        InsertQuantizePass(float_outputs=options.float_outputs),
        UnifyScalesPass(),
        *power_of_two,
    ]
    return [
        *_keep_float(options.keep_float),
        *(choose_types if mode == "static" else []),
        CancelCastsPass(),
        # Integers are decided for other scales than powers of two.
        RoundWeightsPass(integers=options.scales != "pow2"),
        *power_of_two,
        QuantizeConstantsPass(),
        *([QuantizeWeightsPass(type=kinds[mode])] if mode in kinds else []),
        CorrectBiasPass(),
        *([ShortenBiasesPass()] if kinds.get(mode) == "int4" else []),
        *([DequantizeWeightsPass()] if mode == "round" else []),
    ]


def _keep_float(names: Mapping[str, str]) -> list[ModulePass]:
    """One pass per reason, in the order of the first name of each."""
    return [
        KeepFloatPass(tuple(n for n, why in names.items() if why == reason), reason)
        for reason in dict.fromkeys(names.values())
    ]


def _dynamic(form: str) -> list[ModulePass]:
    """Scales taken at run time."""
    hoist = [HoistDynamicCastsPass()] if form == "full" else []
    return [InsertDynamicQuantizePass(), *hoist]


def quantization_passes(
    mode: str = "static", options: PipelineOptions = DEFAULTS
) -> list[ModulePass]:
    """
    From the float model to integers, for a mode of `MODES`.

    A model that comes with casts of its own (QDQ) keeps its types in every mode: what
    they wrap becomes integer, in mode `float` too.
    """
    keep_every_bit: list[ModulePass] = [
        FoldZeroPointsPass(),
        FuseActivationsPass(),
        FuseResidualPass(),
        LookupTablesPass(),
    ]
    return [
        *qdq_passes(mode, options),
        LowerToQuantPass(),
        *(_dynamic(options.dynamic_form) if mode == "dynamic" else []),
        *keep_every_bit,
        *([] if options.io == "float" else [QuantizedIoPass(type=options.io)]),
        *([CheckIntegerOnlyPass()] if options.int8_only else []),
    ]


def build_pipeline(
    mode: str = "static", options: PipelineOptions = DEFAULTS
) -> list[ModulePass]:
    """All target-independent passes of a mode, in order; QccError for other modes."""
    if mode not in MODES:
        raise QccError(f'unknown mode "{mode}"', remedy=f"one of: {', '.join(MODES)}")
    return [*float_passes(options), *quantization_passes(mode, options)]


def make_context() -> Context:
    """An xDSL context with every dialect of qcc."""
    context = Context()
    for dialect in (Builtin, Func):
        context.load_dialect(dialect)
    for name, factory in get_all_dialects().items():
        context.register_dialect(name, factory)
    return context


def run_pipeline(
    module: ModuleOp,
    passes: Sequence[ModulePass],
    after_each: AfterEach | None = None,
) -> None:
    """
    Runs `passes` on `module`, in place, and verifies it after each of them.

    `after_each(pass, module)` is called after each pass. Ranges come from
    `qcc.passes.statistics.current()`.
    """
    context = make_context()
    for each in passes:
        each.apply(context, module)
        module.verify()
        if after_each is not None:
            after_each(each, module)
