"""From nn (and QDQ) back to ONNX: for calibration, and as a product."""

from qcc.compiler.onnx_export.exporter import export_model

__all__ = ["export_model"]
