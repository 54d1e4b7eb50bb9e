"""What ships with a model: C headers, micro-kernels, and the Python session."""
