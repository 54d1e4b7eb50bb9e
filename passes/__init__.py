"""
Registry of the target-independent passes, one line per pass, and plugin loading.

A pass `some-name` is the class `SomeNamePass` in `passes/some_name.py`. The order in
which passes run is `qcc.compiler.pipeline`'s business, not this file's.

Plugins add passes: an installed package by the entry-point group `qcc.passes` (the
entry's name is the pass's, its object the class), any module by `--pass-plugin`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import cast

from xdsl.passes import ModulePass

from qcc.dialects.errors import QccError

PassFactory = Callable[[], type[ModulePass]]


def _lazy(module: str, name: str) -> PassFactory:
    """A factory that imports `module` only when the pass is asked for."""

    def load() -> type[ModulePass]:
        return cast(type[ModulePass], getattr(importlib.import_module(module), name))

    return load


_PASSES: dict[str, PassFactory] = {
    # float
    "strip-unused": _lazy("qcc.passes.strip_unused", "StripUnusedPass"),
    "fold-constants": _lazy("qcc.passes.fold_constants", "FoldConstantsPass"),
    "fold-batch-norms": _lazy("qcc.passes.fold_batch_norms", "FoldBatchNormsPass"),
    "apply-rules": _lazy("qcc.passes.apply_rules", "ApplyRulesPass"),
    "cse": _lazy("qcc.passes.cse", "CsePass"),
    "name-values": _lazy("qcc.passes.name_values", "NameValuesPass"),
    "dce": _lazy("xdsl.transforms.dead_code_elimination", "DeadCodeElimination"),
    # ranges and quantization
    "equalize-channels": _lazy("qcc.passes.equalize_channels", "EqualizeChannelsPass"),
    "smooth-activations": _lazy(
        "qcc.passes.smooth_activations", "SmoothActivationsPass"
    ),
    "analyze-ranges": _lazy("qcc.passes.analyze_ranges", "AnalyzeRangesPass"),
    "insert-quantize": _lazy("qcc.passes.insert_quantize", "InsertQuantizePass"),
    "keep-float": _lazy("qcc.passes.keep_float", "KeepFloatPass"),
    "insert-dynamic-quantize": _lazy(
        "qcc.passes.insert_dynamic_quantize", "InsertDynamicQuantizePass"
    ),
    "hoist-dynamic-casts": _lazy(
        "qcc.passes.hoist_dynamic_casts", "HoistDynamicCastsPass"
    ),
    "unify-scales": _lazy("qcc.passes.unify_scales", "UnifyScalesPass"),
    "cancel-casts": _lazy("qcc.passes.cancel_casts", "CancelCastsPass"),
    "quantize-constants": _lazy(
        "qcc.passes.quantize_constants", "QuantizeConstantsPass"
    ),
    "round-weights": _lazy("qcc.passes.round_weights", "RoundWeightsPass"),
    "power-of-two-scales": _lazy(
        "qcc.passes.power_of_two_scales", "PowerOfTwoScalesPass"
    ),
    "quantize-weights": _lazy("qcc.passes.quantize_weights", "QuantizeWeightsPass"),
    "dequantize-weights": _lazy(
        "qcc.passes.dequantize_weights", "DequantizeWeightsPass"
    ),
    "shorten-biases": _lazy("qcc.passes.shorten_biases", "ShortenBiasesPass"),
    "lower-to-quant": _lazy("qcc.passes.lower_to_quant", "LowerToQuantPass"),
    "correct-bias": _lazy("qcc.passes.correct_bias", "CorrectBiasPass"),
    # int8
    "quantized-io": _lazy("qcc.passes.quantized_io", "QuantizedIoPass"),
    "fold-zero-points": _lazy("qcc.passes.fold_zero_points", "FoldZeroPointsPass"),
    "fuse-activations": _lazy("qcc.passes.fuse_activations", "FuseActivationsPass"),
    "fuse-residual": _lazy("qcc.passes.fuse_residual", "FuseResidualPass"),
    "lookup-tables": _lazy("qcc.passes.lookup_tables", "LookupTablesPass"),
    "check-integer-only": _lazy(
        "qcc.passes.check_integer_only", "CheckIntegerOnlyPass"
    ),
}


def get_all_passes() -> dict[str, PassFactory]:
    """All passes of `passes/`, by name. Factories keep imports lazy."""
    return dict(_PASSES)


def load_plugins(modules: Sequence[str] = ()) -> dict[str, PassFactory]:
    """
    The passes of plugins, by name: of entry points, then those of `modules`.

    A module is named as in `import`, or by the path of its `.py` file; its passes are
    the subclasses of `ModulePass` that it defines. Raises `QccError` when a module
    cannot be imported or has no pass, and when a pass has the name of another one.
    """
    passes: dict[str, PassFactory] = {}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        _add(passes, entry.name, cast(PassFactory, entry.load), entry.value)
    for name in modules:
        found = _passes_of(_import(name))
        if not found:
            raise QccError(
                f"the pass plugin {name} defines no pass",
                remedy="define a subclass of xdsl.passes.ModulePass with a `name`",
            )
        for each in found:
            _add(passes, each.name, lambda each=each: each, name)
    return passes


ENTRY_POINT_GROUP = "qcc.passes"


def _add(
    passes: dict[str, PassFactory], name: str, factory: PassFactory, plugin: str
) -> None:
    if name in passes or name in _PASSES:
        raise QccError(
            f"the pass plugin {plugin} defines the pass {name}",
            why="there is a pass of this name already",
            remedy="give it another name",
        )
    passes[name] = factory


def _import(name: str) -> ModuleType:
    try:
        if not name.endswith(".py"):
            return importlib.import_module(name)
        path = Path(name)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # Dataclasses look their module up while the class is being made.
        sys.modules.setdefault(path.stem, module)
        spec.loader.exec_module(module)
        return module
    except Exception as error:
        raise QccError(
            f"cannot import the pass plugin {name}",
            why=f"{type(error).__name__}: {error}",
        ) from error


def _passes_of(module: ModuleType) -> list[type[ModulePass]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, ModulePass)
        and value.__module__ == module.__name__
    ]
