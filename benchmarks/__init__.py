"""Measurements: not part of the package, run from the project's root."""
