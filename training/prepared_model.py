"""What `prepare` gives: fake quantization in training, integers in evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from qcc.dialects.errors import QccError
from qcc.dialects.quant import UniformType
from qcc.training.fake_quantize import RangeObserver
from qcc.training.integers import IntegerModel
from qcc.training.layers import QuantizedLayer
from qcc.training.onnx_writer import Written, write


class PreparedModel(nn.Module):
    """
    A model in quantization-aware training.

    In training mode it computes in float32 and rounds weights and activations to their
    int8 grids, with straight-through gradients. In evaluation mode it computes the
    integers of the compiled model (`qcc.dialects.reference`): every output element is
    that of the library. With `exact_evaluation = False` evaluation is fake
    quantization too: quicker, on any device, now and then one step of a scale off.
    """

    steps: Tensor

    def __init__(
        self,
        graph: fx.GraphModule,
        example_inputs: Sequence[Tensor],
        *,
        quant_delay: int,
        freeze_delay: int | None,
        int8_only: bool,
    ):
        """Made by `prepare`."""
        super().__init__()
        self.graph_module = graph
        self.quant_delay = quant_delay
        self.freeze_delay = freeze_delay
        self.exact_evaluation = True
        self._int8_only = int8_only
        self._example_inputs = [torch.zeros_like(x) for x in example_inputs]
        self._integers: dict[bytes, IntegerModel] = {}
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.training = graph.training

    def forward(self, *inputs: Tensor) -> Any:
        """The model's result; in training mode one step of the schedule."""
        if not self.training:
            self._check_ranges()
            if self.exact_evaluation:
                return self._run_integers(inputs)
            self._set(quantizing=True, observing=False, frozen=True)
            return self.graph_module(*inputs)
        step = int(self.steps)
        frozen = self.freeze_delay is not None and step >= self.freeze_delay
        quantizing = step >= self.quant_delay
        self._set(quantizing=quantizing, observing=not frozen, frozen=frozen)
        self.steps += 1
        return self.graph_module(*inputs)

    def freeze(self) -> None:
        """From now on statistics of BatchNorm and ranges stay as they are."""
        self.freeze_delay = 0

    def types(self) -> Mapping[str, UniformType]:
        """The int8 type of every tensor that is rounded, by its name in the graph."""
        self._check_ranges()
        return {
            name: observer.kind()
            for observer in self._observers()
            for name in observer.all_tensors
        }

    def written(self, inputs: Sequence[Tensor] | None = None) -> Written:
        """The QDQ model for `inputs` of these shapes, else those of the examples."""
        shapes = self._example_inputs if inputs is None else inputs
        device = self.steps.device
        examples = [torch.zeros_like(x, device=device) for x in shapes]
        return write(self.graph_module, examples, self.types())

    def _observers(self) -> Iterator[RangeObserver]:
        for module in self.graph_module.modules():
            if isinstance(module, RangeObserver):
                yield module

    def _set(self, *, quantizing: bool, observing: bool, frozen: bool) -> None:
        for module in self.graph_module.modules():
            if isinstance(module, RangeObserver):
                module.quantizing, module.observing = quantizing, observing
            elif isinstance(module, QuantizedLayer):
                module.quantizing, module.norm_frozen = quantizing, frozen

    def _check_ranges(self) -> None:
        for observer in self._observers():
            if not observer.is_known():
                raise QccError(
                    "a range is missing",
                    tensor=observer.tensors[0],
                    why="no batch has gone through the model in training mode",
                    remedy="call the model in training mode at least once",
                )

    def _run_integers(self, inputs: Sequence[Tensor]) -> Any:
        self._set(quantizing=False, observing=False, frozen=True)
        model = self.written(inputs).model.SerializeToString()
        digest = hashlib.sha256(model).digest()
        if digest not in self._integers:
            # Those of older weights are of no more use.
            self._integers = {digest: IntegerModel(model, int8_only=self._int8_only)}
        results = iter(self._integers[digest].run(inputs))
        *_, output = self.graph_module.graph.nodes
        return fx.map_arg(output.args[0], lambda _: next(results))  # pyright: ignore
