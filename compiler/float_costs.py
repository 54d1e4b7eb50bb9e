"""
The cost model says which layers are better left in float: `--keep-float auto`.

Every layer is int8 or float, with the costs of `codegen/op_costs.py`; where an int8
value is read as float, or the other way round, a cast costs as well. The cheapest
choice for the whole model is a minimum cut, which also knows when a float layer between
int8 ones is not worth its casts. One choice is made for all targets of a library: the
sum of the shares that each target spends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from qcc.codegen.op_costs import Cost, cast_cost, op_cost
from qcc.codegen.targets import Target
from qcc.compiler.minimum_cut import Network
from qcc.compiler.pipeline import PipelineOptions
from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function
from qcc.dialects.types import size_of
from qcc.passes.layers import Layer, layers
from qcc.passes.quantizable import (
    Form,
    activations,
    constant_array,
    form_of,
    single_user,
)

AUTO = "auto"
"""In place of names: the cost model chooses."""

REASON = "int8 would be slower"

MARGIN = 1.2
"""Float must be faster by this factor: the costs are those of one machine and size."""


def layer_cost(layer: Layer, target: Target) -> Cost:
    """What a layer costs as int8 and as float, in the units of `target`."""
    costs = [op_cost(op, target) for op in layer.ops]
    # Activations are fused, chains of functions are one table; residual additions run
    # with the convolution.
    int8 = 0.0 if _is_residual(layer.op) else costs[0].int8
    return Cost(int8, sum(cost.float for cost in costs))


def _is_residual(op: Operation) -> bool:
    if not isinstance(op, nn.AddOp):
        return False
    return any(
        isinstance(value.owner, nn.Conv2dOp) and single_user(value) is op
        for value in op.operands
    )


def layer_costs(
    module: ModuleOp, targets: Sequence[Target]
) -> Callable[[Layer], float]:
    """What layers of a float model cost more in float, in shares of the int8 model."""
    found = layers(model_function(module))
    totals = [
        max(sum(layer_cost(layer, target).int8 for layer in found), 1e-30)
        for target in targets
    ]

    def cost(layer: Layer) -> float:
        costs = [layer_cost(layer, target) for target in targets]
        extra = [(c.float - c.int8) / t for c, t in zip(costs, totals, strict=True)]
        return sum(extra) / len(extra)

    return cost


def slower_in_int8(
    module: ModuleOp,
    targets: Sequence[Target],
    *,
    float_outputs: bool = False,
    float_io: bool = True,
) -> list[str]:
    """
    The names of the layers that had better stay float, in order.

    `module` is the float model, with names; nothing is known of its ranges. `float_io`:
    inputs and outputs of the library are float.
    """
    func = model_function(module)
    found = layers(func, float_outputs=float_outputs)
    graph = _Graph(func, found, targets, float_io=float_io)
    kept = graph.floats()
    return [layer.name for index, layer in enumerate(found) if index in kept]


def keep_slow_layers(
    module: ModuleOp, pipeline: PipelineOptions, mode: str, targets: Sequence[Target]
) -> PipelineOptions:
    """The pipeline that keeps those layers in float; QccError in other modes."""
    if mode != "static":
        raise QccError(
            "the cost model cannot choose layers to keep in float",
            why=f"it compares them with static int8, and the mode is {mode}",
            remedy="give --calibrate or --ranges, or name layers by --keep-float",
        )
    names = slower_in_int8(
        module,
        targets,
        float_outputs=pipeline.float_outputs,
        float_io=pipeline.io == "float",
    )
    kept = {**dict.fromkeys(names, REASON), **pipeline.keep_float}
    return replace(pipeline, keep_float=kept)


@dataclass(frozen=True)
class _Graph:
    """The choice as a network: what is on the side of the sink stays float."""

    func: FuncOp
    layers: Sequence[Layer]
    targets: Sequence[Target]
    float_io: bool

    def floats(self) -> set[int]:
        """The numbers of the layers that stay float."""
        network = Network()
        network.add("int8", "float", 0.0)
        costs = [[layer_cost(each, t) for each in self.layers] for t in self.targets]
        shares = [1 / max(sum(c.int8 for c in row), 1e-30) for row in costs]
        for index in range(len(self.layers)):
            pairs = [
                (row[index].int8 * share, row[index].float * share)
                for row, share in zip(costs, shares, strict=True)
            ]
            network.add(("layer", index), "float", sum(int8 for int8, _ in pairs))
            network.add("int8", ("layer", index), MARGIN * sum(f for _, f in pairs))
        cast = MARGIN * sum(
            cast_cost(target) * share
            for target, share in zip(self.targets, shares, strict=True)
        )
        nodes = self._nodes()
        for value in [*self.func.args, *(r for op in nodes for r in op.results)]:
            self._add_casts(network, value, nodes, cast * size_of(value))
        side = network.sink_side("int8", "float")
        return {i for i in range(len(self.layers)) if ("layer", i) in side}

    def _nodes(self) -> dict[Operation, object]:
        """The node of each op: its layer's, its own if it moves data, else fixed."""
        nodes: dict[Operation, object] = {}
        for number, op in enumerate(self.func.body.walk()):
            movable = form_of(op) in (Form.MOVEMENT, Form.INDEX)
            nodes[op] = ("movement", number) if movable else "float"
        for index, layer in enumerate(self.layers):
            nodes |= dict.fromkeys(layer.ops, ("layer", index))
        return nodes

    def _add_casts(
        self,
        network: Network,
        value: SSAValue,
        nodes: dict[Operation, object],
        cost: float,
    ) -> None:
        """Between what makes a value and what reads it; each kind of cast once."""
        outside = "float" if self.float_io else "int8"
        if constant_array(value) is not None:
            return
        maker = outside if isinstance(value, BlockArgument) else nodes[value.owner]  # pyright: ignore[reportArgumentType]
        readers: set[object] = set()
        for use in value.uses:
            user = use.operation
            if isinstance(user, ReturnOp):
                readers.add(outside)
            elif nodes[user] == "float" or use.index in activations(user):
                readers.add(nodes[user])
        readers.discard(maker)
        if not readers:
            return
        down, up = ("dequantize", value), ("quantize", value)
        network.add(maker, down, cost)
        network.add(up, maker, cost)
        for reader in sorted(readers, key=repr):
            network.add(down, reader)
            network.add(reader, up)
