"""Import of ONNX models: `import_model` gives an `nn` module."""

from qcc.compiler.onnx_import.importer import import_model

__all__ = ["import_model"]
