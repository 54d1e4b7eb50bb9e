"""From nn (and QDQ) back to ONNX."""
