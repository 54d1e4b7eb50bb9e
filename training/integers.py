"""
What the compiled model computes, in Python: the integers of its `quant` ops.

The exported model goes through the compiler's own passes; the numpy reference, which
defines every bit of the library, computes the result.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import PipelineOptions, build_pipeline, run_pipeline
from qcc.dialects.reference.interpreter import run


class IntegerModel:
    """The int8 form of one exported model, for the shapes of its inputs."""

    def __init__(self, model: bytes, *, int8_only: bool):
        """`model` is QDQ ONNX. QccError where `int8_only` forbids a float operation."""
        self._module = import_model(model)
        options = PipelineOptions(int8_only=int8_only)
        run_pipeline(self._module, build_pipeline("static", options))

    def run(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """The outputs, on the device of the first input."""
        arrays = [np.ascontiguousarray(x.detach().cpu().numpy()) for x in inputs]
        device = inputs[0].device if inputs else torch.device("cpu")
        return [torch.from_numpy(y).to(device) for y in run(self._module, arrays)]
