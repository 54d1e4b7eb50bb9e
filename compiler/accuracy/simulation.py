"""
What a model gives on samples: in onnxruntime, float or with casts, or compiled.

With casts (QDQ) onnxruntime computes in float what integers stand for, which is quick
to build; the compiled model has the very bits that every target gives.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr

from qcc.codegen.products import make_product
from qcc.codegen.targets import Target, native_target
from qcc.codegen.toolchain import find_compiler
from qcc.compiler.calibration.samples import Sample
from qcc.compiler.onnx_export import export_model
from qcc.compiler.onnx_session import OnnxSession
from qcc.compiler.refinement.observation import in_order
from qcc.dialects.naming import model_function
from qcc.runtime.session import InferenceSession

Array = NDArray[Any]


def output_names(module: ModuleOp) -> list[str]:
    """The names of the model's outputs."""
    names = model_function(module).attributes["output_names"]
    assert isinstance(names, ArrayAttr)
    return [name.data for name in cast("ArrayAttr[StringAttr]", names).data]


def simulate(module: ModuleOp, samples: Iterable[Sample]) -> Iterator[list[Array]]:
    """All outputs of a float or QDQ module for each sample, in onnxruntime."""
    session = OnnxSession(export_model(module), optimize=False)
    return in_order(session.run, samples)


@contextmanager
def native_session(
    module: ModuleOp, *, target: Target | None = None, keep_tensors: bool = False
) -> Generator[InferenceSession]:
    """
    A quant module compiled for this machine; it is changed in place.

    `target` is one that runs here, the best if it is None. QccError where there is no C
    compiler.
    """
    # It holds the budget with what is here.
    from qcc.compiler.api import Options, generate

    target = target or native_target()
    compiler = find_compiler(target)
    options = Options(keep_tensors=keep_tensors)
    printed = generate(module, [target], "model", options)
    with tempfile.TemporaryDirectory(prefix="qcc-") as folder:
        path = Path(folder) / "model.so"
        for name, data in make_product(printed, path, compiler).items():
            path.with_name(name).write_bytes(data)
        session = InferenceSession(path)
        try:
            yield session
        finally:
            session.close()
