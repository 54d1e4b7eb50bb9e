"""Random networks: int8 passes keep every bit, and int8 stays close to float."""

import numpy as np
import pytest
from quantization_support import (
    constant,
    module_of,
    op_names,
    quantized,
    signal_to_noise,
)
from xdsl.builder import Builder
from xdsl.ir import SSAValue

from qcc.dialects import nn
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import shape_of

CHANNELS, SIZE = 8, 6
SHAPE = (1, CHANNELS, SIZE, SIZE)


class Network:
    """Appends random ops to a function; all values have the shape `SHAPE`."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.values: list[SSAValue] = []

    def build(self, builder: Builder, x: SSAValue) -> list[SSAValue]:
        self.builder, self.values = builder, [x]
        steps = [
            self.convolution,
            self.convolution,
            self.depthwise,
            self.activation,
            self.activation,
            self.binary,
            self.binary,
            self.pooling,
            self.concatenation,
            self.there_and_back,
            self.matrix_product,
        ]
        for _ in range(14):
            step = steps[self.random.integers(len(steps))]
            value = step()
            assert shape_of(value) == SHAPE, step.__name__
            self.values.append(value)
        return self.values[-2:]

    def pick(self) -> SSAValue:
        """A value, mostly one of the last."""
        back = min(int(self.random.geometric(0.6)), len(self.values))
        return self.values[-back]

    def add(self, op: nn.NNOperation) -> SSAValue:
        return self.builder.insert(op).results[0]

    def constant(self, *shape: int, scale: float = 1.0) -> SSAValue:
        return constant(self.builder, self.random.normal(size=shape) * scale)

    def convolution(self) -> SSAValue:
        kernel, pad = (3, 1) if self.random.integers(2) else (1, 0)
        scale = (CHANNELS * kernel**2) ** -0.5
        weight = self.constant(CHANNELS, CHANNELS, kernel, kernel, scale=scale)
        bias = self.constant(CHANNELS, scale=0.3) if self.random.integers(2) else None
        return self.add(nn.Conv2dOp(self.pick(), weight, bias, pads=(pad,) * 4))

    def depthwise(self) -> SSAValue:
        weight = self.constant(CHANNELS, 1, 3, 3, scale=0.3)
        op = nn.Conv2dOp(self.pick(), weight, groups=CHANNELS, pads=(1, 1, 1, 1))
        return self.add(op)

    def activation(self) -> SSAValue:
        x = self.pick()
        kinds = [
            lambda: nn.ReluOp(x),
            lambda: nn.ReluOp(x),
            lambda: nn.ClipOp(x, min=-0.7, max=1.1),
            lambda: nn.ClipOp(x, min=0.0, max=6.0),
            lambda: nn.SigmoidOp(x),
            lambda: nn.HardSwishOp(x),
            lambda: nn.LeakyReluOp(x, alpha=0.1),
            lambda: nn.MulOp(x, self.constant(1)),
            lambda: nn.TanhOp(x),
        ]
        return self.add(kinds[self.random.integers(len(kinds))]())

    def binary(self) -> SSAValue:
        kinds = (nn.AddOp, nn.AddOp, nn.SubOp, nn.MulOp)
        kind = kinds[self.random.integers(len(kinds))]
        other = self.pick()
        if self.random.integers(4) == 0:
            other = self.constant(CHANNELS, 1, 1)
        elif self.random.integers(4) == 0:
            other = self.add(nn.ReduceMeanOp(other, axes=(2, 3)))
        return self.add(kind(self.pick(), other))

    def pooling(self) -> SSAValue:
        kinds = (nn.MaxPool2dOp, nn.AvgPool2dOp)
        kind = kinds[self.random.integers(2)]
        return self.add(kind(self.pick(), kernel=(3, 3), pads=(1, 1, 1, 1)))

    def concatenation(self) -> SSAValue:
        both = self.add(nn.ConcatOp([self.pick(), self.pick()], axis=1))
        weight = self.constant(CHANNELS, 2 * CHANNELS, 1, 1, scale=0.25)
        return self.add(nn.Conv2dOp(both, weight))

    def there_and_back(self) -> SSAValue:
        flat = self.add(nn.ReshapeOp(self.pick(), (CHANNELS, SIZE * SIZE)))
        turned = self.add(nn.TransposeOp(flat, permutation=(1, 0)))
        back = self.add(nn.TransposeOp(turned, permutation=(1, 0)))
        return self.add(nn.ReshapeOp(back, SHAPE))

    def matrix_product(self) -> SSAValue:
        if self.random.integers(2):
            weight = self.constant(SIZE, SIZE, scale=0.4)
            bias = self.constant(SIZE)
            return self.add(nn.MatMulOp(self.pick(), weight, bias))
        scores = self.add(nn.SoftmaxOp(self.pick(), axis=3))
        return self.add(nn.MatMulOp(scores, self.pick()))


@pytest.mark.parametrize("seed", range(30))
def test_random_network(seed: int):
    module = module_of(Network(seed).build, SHAPE)
    random = np.random.default_rng(seed)
    samples = [random.normal(size=SHAPE).astype(np.float32) for _ in range(3)]
    result = quantized(module, samples)
    names = op_names(result)
    assert {name for name in names if name.startswith("nn.")} <= {
        "nn.max_pool2d",
        "nn.concat",
        "nn.reshape",
        "nn.transpose",
    }
    for sample in samples:
        for exact, got in zip(
            run(module, [sample]), run(result, [sample]), strict=True
        ):
            assert signal_to_noise(exact, got) > 10
