"""
Registry of the target-independent passes, one line per pass, and plugin loading.

A pass `some-name` is the class `SomeNamePass` in `passes/some_name.py`. The order in
which passes run is `qcc.compiler.pipeline`'s business, not this file's.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from xdsl.passes import ModulePass

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
    "dce": _lazy("xdsl.transforms.dead_code_elimination", "DeadCodeElimination"),
    # ranges and quantization
    # int8
}


def get_all_passes() -> dict[str, PassFactory]:
    """All passes of `passes/`, by name. Factories keep imports lazy."""
    return dict(_PASSES)
