"""
LSTM, GRU and RNN, unrolled: one product of the inputs of all steps, then each step.

Shapes are known when compiling, so the number of steps is too. All products use the
same constants, which are stored once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.recurrent_activations import Activation, activations
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.dialects import nn
from qcc.dialects.types import shape_of

Floats = NDArray[np.float32]

MOST_STEPS = 512
"""Steps of all directions of a node; more would make a program of absurd size."""


@dataclass(frozen=True)
class _Direction:
    """One direction of a node: constants, first states, functions."""

    node: Node
    weights: Floats
    """[inputs, gates * hidden]."""
    recurrence: Floats
    """[hidden, gates * hidden]."""
    input_bias: Floats
    recurrence_bias: Floats
    peepholes: Floats | None
    state: SSAValue | None
    """[batch, hidden]; zeros if it is absent."""
    cell: SSAValue | None
    functions: tuple[Activation, ...]
    clip: float

    @property
    def hidden(self) -> int:
        """Elements of a state."""
        return self.recurrence.shape[0]

    def product(self, lhs: SSAValue, rhs: Floats, bias: Floats | None) -> SSAValue:
        """lhs · rhs + bias."""
        constants = [self.node.constant_value(rhs)]
        if bias is not None and np.any(bias):
            constants.append(self.node.constant_value(bias))
        return self.node.emit(nn.MatMulOp(lhs, *constants))

    def gates(self, value: SSAValue, first: int, count: int = 1) -> SSAValue:
        """Some of the gates that lie side by side in [batch, gates * hidden]."""
        begin, width = first * self.hidden, count * self.hidden
        shape = shape_of(value)
        if width == shape[1]:
            return value
        return self.node.emit(
            nn.SliceOp(value, starts=[0, begin], sizes=[shape[0], width])
        )

    def add(self, lhs: SSAValue, rhs: SSAValue | None) -> SSAValue:
        """The sum; of a state that is still 0, the other."""
        return lhs if rhs is None else self.node.emit(nn.AddOp(lhs, rhs))

    def mul(self, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        """The product of elements."""
        return self.node.emit(nn.MulOp(lhs, rhs))

    def call(self, function: int, value: SSAValue) -> SSAValue:
        """An activation function, of clipped values if the node clips."""
        if self.clip > 0:
            value = self.node.emit(nn.ClipOp(value, min=-self.clip, max=self.clip))
        return self.functions[function](value)

    def peephole(self, gate: int, cell: SSAValue | None) -> SSAValue | None:
        """What the cell adds to a gate (i, o, f), if anything."""
        if self.peepholes is None or cell is None:
            return None
        part = self.peepholes[gate * self.hidden : (gate + 1) * self.hidden]
        return self.mul(cell, self.node.constant_value(part))


_Step = Callable[
    [_Direction, SSAValue, SSAValue | None, SSAValue | None],
    tuple[SSAValue, SSAValue | None],
]
"""From x·W + biases [batch, gates * hidden], state and cell to the next two."""


@onnx_op("LSTM", since=7)
def lstm(node: Node) -> list[SSAValue]:
    """Y, the last states and the last cells."""
    return _recurrent(node, 4, ("Sigmoid", "Tanh", "Tanh"), _lstm_step)


@onnx_op("GRU", since=7)
def gru(node: Node) -> list[SSAValue]:
    """Y and the last states."""
    return _recurrent(node, 3, ("Sigmoid", "Tanh"), _gru_step)[:2]


@onnx_op("RNN", since=7)
def rnn(node: Node) -> list[SSAValue]:
    """Y and the last states."""
    return _recurrent(node, 1, ("Tanh",), _rnn_step)[:2]


def _lstm_step(
    d: _Direction, inputs: SSAValue, state: SSAValue | None, cell: SSAValue | None
) -> tuple[SSAValue, SSAValue | None]:
    """Gates are i, o, f, c."""
    if state is not None:
        inputs = d.add(inputs, d.product(state, d.recurrence, None))
    coupled = d.node.integer("input_forget", 0) != 0
    if d.peepholes is None and not coupled:
        sigmoids = d.call(0, d.gates(inputs, 0, 3))
        i, o, f = (d.gates(sigmoids, gate) for gate in range(3))
    else:
        i = d.call(0, d.add(d.gates(inputs, 0), d.peephole(0, cell)))
        o = None  # looks at the new cell
        if coupled:
            f = d.node.emit(nn.SubOp(d.node.scalar(1.0), i))
        else:
            f = d.call(0, d.add(d.gates(inputs, 2), d.peephole(2, cell)))
    update = d.mul(i, d.call(1, d.gates(inputs, 3)))
    cell = update if cell is None else d.node.emit(nn.AddOp(d.mul(f, cell), update))
    if o is None:
        o = d.call(0, d.add(d.gates(inputs, 1), d.peephole(1, cell)))
    return d.mul(o, d.functions[2](cell)), cell


def _gru_step(
    d: _Direction, inputs: SSAValue, state: SSAValue | None, cell: SSAValue | None
) -> tuple[SSAValue, SSAValue | None]:
    """Gates are z, r, h."""
    hidden = d.hidden
    after = d.node.integer("linear_before_reset", 0) != 0
    bias = d.recurrence_bias if after else None
    if state is None:
        z = d.call(0, d.gates(inputs, 0))
        candidate = d.gates(inputs, 2)
        if after and bias is not None and np.any(bias[2 * hidden :]):
            r = d.call(0, d.gates(inputs, 1))
            constant = d.node.constant_value(bias[2 * hidden :])
            candidate = d.add(candidate, d.mul(r, constant))
        candidate = d.call(1, candidate)
        rest = d.node.emit(nn.SubOp(d.node.scalar(1.0), z))
        return d.mul(rest, candidate), None
    if after:
        own = d.product(state, d.recurrence, _only(bias, 2 * hidden))
        gates = d.call(0, d.add(d.gates(inputs, 0, 2), d.gates(own, 0, 2)))
        z, r = d.gates(gates, 0), d.gates(gates, 1)
        candidate = d.mul(r, d.gates(own, 2))
    else:
        own = d.product(state, d.recurrence[:, : 2 * hidden], None)
        gates = d.call(0, d.add(d.gates(inputs, 0, 2), own))
        z, r = d.gates(gates, 0), d.gates(gates, 1)
        candidate = d.product(d.mul(r, state), d.recurrence[:, 2 * hidden :], None)
    candidate = d.call(1, d.add(d.gates(inputs, 2), candidate))
    # (1 - z) h + z H as h + z (H - h): one product less.
    difference = d.node.emit(nn.SubOp(state, candidate))
    return d.node.emit(nn.AddOp(candidate, d.mul(z, difference))), None


def _only(bias: Floats | None, first: int) -> Floats | None:
    """A bias whose entries before `first` are in the inputs already."""
    if bias is None:
        return None
    result = bias.copy()
    result[:first] = 0
    return result


def _rnn_step(
    d: _Direction, inputs: SSAValue, state: SSAValue | None, cell: SSAValue | None
) -> tuple[SSAValue, SSAValue | None]:
    if state is not None:
        inputs = d.add(inputs, d.product(state, d.recurrence, None))
    return d.call(0, inputs), None


def _recurrent(
    node: Node, gates: int, names: Sequence[str], step: _Step
) -> list[SSAValue]:
    """Y, Y_h and Y_c in the layout of the node."""
    batch_first = node.integer("layout", 0) != 0
    x = node.floating(0)
    if len(shape_of(x)) != 3:
        raise node.error(f"its input has {len(shape_of(x))} axes instead of 3")
    if batch_first:
        x = node.emit(nn.TransposeOp(x, permutation=(1, 0, 2)))
    length, batch, _ = shape_of(x)
    directions = _directions(node, gates, names, batch_first)
    if length * len(directions) > MOST_STEPS:
        raise node.error(
            f"it has {length} steps, which would all be unrolled",
            f"compile it for at most {MOST_STEPS} steps (--shape), with its states as "
            "inputs and outputs of the model",
        )
    _check_lengths(node, length, batch)
    forward = node.text("direction", "forward") != "reverse"
    rows: list[list[SSAValue]] = []
    states: list[SSAValue] = []
    cells: list[SSAValue] = []
    for number, direction in enumerate(directions):
        order = range(length) if forward and number == 0 else range(length)[::-1]
        row, state, cell = _run(direction, x, order, step)
        rows.append(row)
        states.append(state)
        cells.append(state if cell is None else cell)
    y = _whole(node, rows, batch, directions[0].hidden, batch_first)
    return [y, *(_joined(node, each, batch_first) for each in (states, cells))]


def _run(
    d: _Direction, x: SSAValue, order: Sequence[int], step: _Step
) -> tuple[list[SSAValue], SSAValue, SSAValue | None]:
    """The state after each step, by position; the last state and cell."""
    length, batch, size = shape_of(x)
    bias = d.input_bias + d.recurrence_bias
    if step is _gru_step and d.node.integer("linear_before_reset", 0) != 0:
        bias[2 * d.hidden :] = d.input_bias[2 * d.hidden :]
    rows = d.node.emit(nn.ReshapeOp(x, (length * batch, size)))
    inputs = d.product(rows, d.weights, bias)
    width = shape_of(inputs)[1]
    state, cell = d.state, d.cell
    result: dict[int, SSAValue] = {}
    for position in order:
        part = inputs
        if length > 1:
            starts, sizes = [position * batch, 0], [batch, width]
            part = d.node.emit(nn.SliceOp(inputs, starts=starts, sizes=sizes))
        state, cell = step(d, part, state, cell)
        result[position] = state
    assert state is not None
    return [result[position] for position in range(length)], state, cell


def _whole(
    node: Node,
    rows: Sequence[Sequence[SSAValue]],
    batch: int,
    hidden: int,
    batch_first: bool,
) -> SSAValue:
    """[steps, directions, batch, hidden], or [batch, steps, directions, hidden]."""
    parts = [
        node.emit(nn.ReshapeOp(state, (1, 1, batch, hidden)))
        for states in zip(*rows, strict=True)
        for state in states
    ]
    whole = parts[0] if len(parts) == 1 else node.emit(nn.ConcatOp(parts, axis=0))
    shape = (len(rows[0]), len(rows), batch, hidden)
    whole = node.emit(nn.ReshapeOp(whole, shape))
    if batch_first:
        whole = node.emit(nn.TransposeOp(whole, permutation=(2, 0, 1, 3)))
    return whole


def _joined(node: Node, states: Sequence[SSAValue], batch_first: bool) -> SSAValue:
    """[directions, batch, hidden], or [batch, directions, hidden]."""
    axis = 1 if batch_first else 0
    parts: list[SSAValue] = []
    for state in states:
        batch, hidden = shape_of(state)
        shape = (batch, 1, hidden) if batch_first else (1, batch, hidden)
        parts.append(node.emit(nn.ReshapeOp(state, shape)))
    return parts[0] if len(parts) == 1 else node.emit(nn.ConcatOp(parts, axis=axis))


def _check_lengths(node: Node, length: int, batch: int) -> None:
    if not node.has(4):
        return
    lengths = node.constant_integers(4, "sequence_lens")
    if lengths != (length,) * batch:
        raise node.error(
            f"its sequences end at {lengths}, not all at {length}",
            "compile for sequences of one length",
        )


def _directions(
    node: Node, gates: int, names: Sequence[str], batch_first: bool
) -> list[_Direction]:
    """The directions of a node, forward first."""
    direction = node.text("direction", "forward")
    counts = {"forward": 1, "reverse": 1, "bidirectional": 2}
    if direction not in counts:
        raise node.error(f"its direction {direction!r} is unknown")
    count = counts[direction]
    weights, recurrence = (
        node.constant(index, role).astype(np.float32)
        for index, role in ((1, "W"), (2, "R"))
    )
    hidden = node.integer("hidden_size", recurrence.shape[-1])
    inputs = node.shape(0)[2]
    _check_shape(node, "W", weights, (count, gates * hidden, inputs))
    _check_shape(node, "R", recurrence, (count, gates * hidden, hidden))
    bias = np.zeros((count, 2 * gates * hidden), np.float32)
    if node.has(3):
        bias = node.constant(3, "B").astype(np.float32)
        _check_shape(node, "B", bias, (count, 2 * gates * hidden))
    peepholes = None
    if gates == 4 and node.has(7):
        peepholes = node.constant(7, "P").astype(np.float32)
        _check_shape(node, "P", peepholes, (count, 3 * hidden))
    functions = list(activations(node, names, count))
    states = _states(node, 5, count, hidden, batch_first)
    cells = _states(node, 6, count, hidden, batch_first) if gates == 4 else None
    return [
        _Direction(
            node,
            np.ascontiguousarray(weights[number].T),
            np.ascontiguousarray(recurrence[number].T),
            bias[number, : gates * hidden],
            bias[number, gates * hidden :],
            None if peepholes is None else peepholes[number],
            None if states is None else states[number],
            None if cells is None else cells[number],
            tuple(functions[number * len(names) : (number + 1) * len(names)]),
            node.real("clip", 0.0),
        )
        for number in range(count)
    ]


def _check_shape(
    node: Node, name: str, array: Floats, expected: tuple[int, ...]
) -> None:
    if array.shape != expected:
        raise node.error(f"its {name} has the shape {array.shape}, not {expected}")


def _states(
    node: Node, index: int, count: int, hidden: int, batch_first: bool
) -> list[SSAValue] | None:
    """The first states [batch, hidden] of each direction; None if they are 0."""
    known = node.known(index)
    if not node.has(index) or (known is not None and not np.any(known)):
        return None
    value = node.floating(index)
    batch = node.shape(0)[0 if batch_first else 1]
    expected = (batch, count, hidden) if batch_first else (count, batch, hidden)
    if shape_of(value) != expected:
        raise node.error(f"its states have the shape {shape_of(value)}, not {expected}")
    if batch_first:
        value = node.emit(nn.TransposeOp(value, permutation=(1, 0, 2)))
    sizes = [1, batch, hidden]
    parts = [value]
    if count > 1:
        parts = [
            node.emit(nn.SliceOp(value, starts=[number, 0, 0], sizes=sizes))
            for number in range(count)
        ]
    return [node.emit(nn.ReshapeOp(part, (batch, hidden))) for part in parts]
