"""What a random model is made of: each step adds a node, or a few that go together."""

from __future__ import annotations

from random_arithmetic import (
    activation,
    batch_normalization,
    binary,
    division,
    fully_connected,
    instance_normalization,
    layer_normalization,
    matrix_product,
    parametric_relu,
    reduction,
    softmax,
    square_root,
)
from random_models import Step
from random_movement import (
    concatenation,
    expansion,
    gathering,
    maximum_index,
    padding,
    reshaping,
    selection,
    slicing,
    transposition,
)
from random_spatial import (
    convolution,
    convolution_transpose,
    depth_to_space,
    depthwise,
    global_pooling,
    pooling,
    residual,
    resizing,
)

STEPS: list[Step] = [
    convolution,
    convolution,
    convolution,
    depthwise,
    convolution_transpose,
    residual,
    pooling,
    pooling,
    activation,
    binary,
    binary,
    concatenation,
    slicing,
    padding,
    resizing,
    transposition,
    reshaping,
    reduction,
    matrix_product,
    fully_connected,
    softmax,
    layer_normalization,
    batch_normalization,
    depth_to_space,
    global_pooling,
    division,
    parametric_relu,
    square_root,
    instance_normalization,
    gathering,
    expansion,
    maximum_index,
    selection,
]

MOVES: list[Step] = [
    activation,
    binary,
    concatenation,
    concatenation,
    slicing,
    slicing,
    padding,
    reshaping,
]
"""Steps where tensors are parts of others."""
