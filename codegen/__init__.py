"""Code generation: from a quant module to C, weights and compiled products."""
