"""torch operations as ONNX nodes, one function each, one file per family."""
