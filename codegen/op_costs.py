"""
What operations cost in int8 and in float on each target, before anything is lowered.

Measured with `python -m benchmarks.op_costs` per unit of work (a multiply-accumulate of
a convolution or product, else an element): nanoseconds on one core of a server for
x86-64, executed instructions for Arm. Only the two numbers of one row and target are
ever compared. Float convolutions and products are slow because they are exact: products
are added in double, in one order everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.ir import Operation, SSAValue

from qcc.codegen.targets import TARGETS, Target
from qcc.dialects import nn
from qcc.dialects.types import shape_of, size_of


@dataclass(frozen=True)
class Cost:
    """Of one op, in the units of its target."""

    int8: float
    float: float


# Per target: int8, float.
_NANOSECONDS = """
                       portable        x86-64     x86-64-v3    avx512vnni           amx
conv2d              0.104 0.208  0.0337 0.209  0.0136 0.156 0.0026 0.0836 0.0007 0.0827
depthwise           0.442 0.513   0.154 0.512  0.0502 0.269  0.0229 0.234  0.0251 0.244
conv_transpose2d    0.263 0.243   0.263 0.244   0.133 0.173   0.112 0.107   0.115 0.109
matmul              0.107 0.232  0.0324 0.231   0.0129 0.16 0.0024 0.0926 0.0007 0.0923
add                0.934 0.0879  0.366 0.0883    0.19 0.112   0.188 0.108   0.183 0.125
mul                 2.92 0.0901  0.286 0.0883   0.148 0.115   0.144 0.105   0.143 0.125
avg_pool2d            1.79 2.74     1.79 2.74    0.799 1.26    0.793 1.22    0.793 1.13
reduce             0.0768 0.195   0.069 0.195  0.0707 0.154   0.0383 0.09 0.0367 0.0811
softmax               5.98 8.69     5.99 8.68    0.661 8.44     0.424 9.1     0.413 9.1
layer_norm            3.61 5.13      3.6 5.16     1.03 4.88    0.984 5.17    0.899 5.03
resize                2.19 2.09      2.2 2.09     1.14 1.09        0.63 1    0.629 1.02
sigmoid              0.456 8.46    0.445 8.46    0.171 8.44   0.0923 8.28   0.0933 8.47
tanh                 0.445 8.63    0.445 8.62    0.173 8.58   0.0922 8.49   0.0928 8.63
erf                  0.446 6.05    0.444 6.04    0.171 6.04   0.0921 6.03   0.0931 6.03
gelu                 0.456 7.75    0.445 7.56    0.173 7.47    0.0922 7.3   0.0925 7.49
exp                  0.456 5.76    0.444 5.76    0.173 5.83     0.09 5.81      0.0934 6
softplus             0.456 25.5    0.445 25.5    0.172 25.4   0.0923 24.8   0.0927 25.4
hard_swish          0.445 0.901   0.455 0.901   0.172 0.894  0.0912 0.216  0.0929 0.216
leaky_relu           0.445 3.45    0.446 3.43    0.171 3.37   0.0935 0.11 0.0928 0.0985
elu                  0.445 5.43    0.444 5.39    0.171 5.42   0.0913 5.54   0.0957 5.54
abs                0.481 0.0765  0.445 0.0757  0.171 0.0917 0.0912 0.0912 0.0925 0.0892
relu                5.24 0.0968  0.237 0.0932   0.119 0.076  0.118 0.0996  0.133 0.0779
cast                     1.06 0       0.147 0       0.131 0       0.104 0       0.106 0
"""

_INSTRUCTIONS = """
                           armv8  armv8+dotprod     armv8+i8mm
conv2d                0.261 3.82    0.0996 3.82    0.0768 3.82
depthwise               1.6 6.15       1.6 6.15       1.6 6.17
conv_transpose2d       2.44 4.12      2.44 4.12      2.44 4.12
matmul                0.252 3.89    0.0865 3.89    0.0637 3.89
add                    4.41 1.75      4.41 1.75      4.41 1.75
mul                    3.28 1.75      3.28 1.75      3.28 1.75
avg_pool2d             21.1 27.5      21.1 27.5      21.1 27.6
reduce                 0.605 3.2      0.605 3.2      0.605 3.2
softmax                27.2 31.3      27.2 31.3      27.2 31.3
layer_norm             33.1 36.9      33.1 36.9      33.1 36.9
resize                 17.3 19.8      17.3 19.8      17.3 19.8
sigmoid                7.16 53.5      7.16 53.5      7.16 53.5
tanh                   7.16 49.8      7.16 49.8      7.16 49.8
erf                    7.16 50.1      7.16 50.1      7.16 50.1
gelu                   7.16 58.2      7.16 58.2      7.16 58.2
exp                      7.16 50        7.16 50        7.16 50
softplus                7.16 144       7.16 144       7.16 144
hard_swish             7.16 13.3      7.16 13.3      7.16 13.3
leaky_relu                7.16 8         7.16 8         7.16 8
elu                    7.16 32.2      7.16 32.2      7.16 32.2
abs                     7.16 1.5       7.16 1.5       7.16 1.5
relu                   2.91 1.75      2.91 1.75      2.91 1.75
cast                      1.86 0         1.86 0         1.86 0
"""


def _parsed(text: str) -> dict[str, dict[str, Cost]]:
    head, *lines = text.strip().splitlines()
    table: dict[str, dict[str, Cost]] = {}
    for line in lines:
        row, *numbers = line.split()
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        costs = [Cost(float(int8), float(real)) for int8, real in pairs]
        table[row] = dict(zip(head.split(), costs, strict=True))
    return table


_X86, _ARM = _parsed(_NANOSECONDS), _parsed(_INSTRUCTIONS)
_TABLE = {row: _X86[row] | _ARM[row] for row in _X86}

_BY_ISA = {target.isas[0]: name for name, target in TARGETS.items()}

CAST = "cast"

_ROWS: dict[type[Operation], str] = {
    nn.Conv2dOp: "conv2d",
    nn.ConvTranspose2dOp: "conv_transpose2d",
    nn.MatMulOp: "matmul",
    nn.AddOp: "add",
    nn.SubOp: "add",
    nn.MulOp: "mul",
    nn.AvgPool2dOp: "avg_pool2d",
    nn.ReduceMeanOp: "reduce",
    nn.ReduceSumOp: "reduce",
    nn.SoftmaxOp: "softmax",
    nn.LayerNormOp: "layer_norm",
    nn.ResizeOp: "resize",
    nn.SigmoidOp: "sigmoid",
    nn.SiluOp: "sigmoid",
    nn.TanhOp: "tanh",
    nn.ErfOp: "erf",
    nn.GeluOp: "gelu",
    nn.ExpOp: "exp",
    nn.LogOp: "exp",
    nn.PowOp: "exp",
    nn.SoftplusOp: "softplus",
    nn.HardSwishOp: "hard_swish",
    nn.HardSigmoidOp: "hard_swish",
    nn.LeakyReluOp: "leaky_relu",
    nn.PReluOp: "leaky_relu",
    nn.EluOp: "elu",
    nn.ReluOp: "relu",
    nn.ClipOp: "relu",
}

_OTHER = "abs"
"""Any other elementwise function, and arithmetic with a scalar: a table in int8."""

POOL_WINDOW = 4
"""Elements of the window that the row `avg_pool2d` was measured with."""


def op_cost(op: Operation, target: Target) -> Cost:
    """The cost of an `nn` op that has an int8 form."""
    row = "depthwise" if _is_depthwise(op) else _ROWS.get(type(op), _OTHER)
    if row in ("add", "mul") and any(_is_scalar(value) for value in op.operands):
        row = _OTHER
    unit, work = _unit(row, target), work_of(op)
    return Cost(unit.int8 * work, unit.float * work)


def cast_cost(target: Target) -> float:
    """Of quantizing or dequantizing one element."""
    return _unit(CAST, target).int8


def _unit(row: str, target: Target) -> Cost:
    """As measured on the target, or on the best one whose kernels it has, too."""
    for isa in target.isas:
        name = _BY_ISA.get(isa)
        if name in _TABLE[row]:
            return _TABLE[row][name]
    raise AssertionError(f"no cost of {row} on {target.name}")


def work_of(op: Operation) -> int:
    """How many units of work an op does."""
    result = size_of(op.results[0])
    if isinstance(op, nn.Conv2dOp):
        return result * prod(shape_of(op.weight)[1:])
    if isinstance(op, nn.ConvTranspose2dOp):
        return size_of(op.input) * prod(shape_of(op.weight)[1:])
    if isinstance(op, nn.MatMulOp):
        return result * shape_of(op.lhs)[-1]
    if isinstance(op, nn.ReduceMeanOp | nn.ReduceSumOp):
        return size_of(op.input)
    if isinstance(op, nn.AvgPool2dOp):
        return max(result * prod(op.kernel_values) // POOL_WINDOW, 1)
    return result


def _is_depthwise(op: Operation) -> bool:
    return isinstance(op, nn.Conv2dOp) and op.group_count == shape_of(op.weight)[0] > 1


def _is_scalar(value: SSAValue) -> bool:
    return isinstance(value.owner, nn.ConstantOp) and size_of(value) == 1
