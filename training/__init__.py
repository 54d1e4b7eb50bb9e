"""
Quantization-aware training of PyTorch models, with the compiler's own numbers.

`prepare` inserts fake quantization where `insert-quantize` would round, `convert`
writes the trained model as QDQ ONNX for `qcc`. Needs torch: `pip install 'qcc[torch]'`.
"""

from __future__ import annotations

from importlib.util import find_spec

from qcc.dialects.errors import QccError

if find_spec("torch") is None:
    raise QccError(
        "qcc.training needs PyTorch",
        why="the package torch is not installed",
        remedy="pip install 'qcc[torch]'",
    )

from qcc.training.convert import convert, export
from qcc.training.prepare import prepare
from qcc.training.prepared_model import PreparedModel

__all__ = ["PreparedModel", "convert", "export", "prepare"]
