"""
qcc: a quantizing compiler from ONNX to small, exact int8 libraries.

`import qcc` is light: the compiler is loaded when `compile` is first used, and
`InferenceSession` needs numpy only.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qcc.compiler.api import compile
    from qcc.compiler.diagnostics import QccError
    from qcc.runtime.session import InferenceSession

__all__ = ["InferenceSession", "QccError", "compile"]

_HOMES = {
    "compile": "qcc.compiler.api",
    "QccError": "qcc.compiler.diagnostics",
    "InferenceSession": "qcc.runtime.session",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'qcc' has no attribute {name!r}")
