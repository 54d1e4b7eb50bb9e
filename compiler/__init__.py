"""What a user calls: compiling, the command line tools, ONNX import and export."""
