"""Calibration: samples of the inputs in, statistics of every float value out."""
