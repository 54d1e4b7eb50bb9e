"""Running an ONNX model in onnxruntime, the float reference of calibration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import onnx
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from qcc.dialects.errors import QccError

Array = NDArray[Any]

_ERRORS_ONLY = 3

_MANY_NODES = 5000
"""From here on optimizing takes longer than it saves: its time grows quadratically."""


class OnnxSession:
    """
    One model, ready to run on the CPU; `run` may be called from several threads.

    Each run takes `threads` threads. With one, results do not depend on the machine's
    number of processors. Without `optimize` each node does exactly what it says:
    otherwise onnxruntime rounds differently in quantized models.
    """

    def __init__(
        self, model: onnx.ModelProto, *, threads: int = 1, optimize: bool = True
    ) -> None:
        """QccError where onnxruntime does not take the model."""
        options = cast("Any", onnxruntime).SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        if not optimize or len(model.graph.node) > _MANY_NODES:
            levels = cast("Any", onnxruntime).GraphOptimizationLevel
            options.graph_optimization_level = levels.ORT_DISABLE_ALL
        try:
            self._session: Any = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        # The exceptions of onnxruntime have no public base class.
        except Exception as error:
            raise QccError(
                "onnxruntime does not take the float model", why=str(error)
            ) from None

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """All outputs in the model's order; QccError where onnxruntime fails."""
        try:
            return self._session.run(None, dict(feeds))
        except Exception as error:
            raise QccError(
                "onnxruntime fails to run the float model", why=str(error)
            ) from None
