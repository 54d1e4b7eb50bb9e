"""
Models that PyTorch trained with its own fake quantization and exported by itself.

Both of its exporters: that of TorchScript, and that of torch.export (needs onnxscript).
"""

# ruff: noqa: E402 torch is looked for first

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="exports from PyTorch need torch")
quantization = pytest.importorskip("torch.ao.quantization")

from torch import nn
from torch.nn import functional

import qcc
from qcc.compiler.api import Options, compile_with

pytestmark = pytest.mark.filterwarnings("ignore")


class Network(nn.Module):
    """Convolutions with BatchNorm, one of them depthwise, residual, pooling, linear."""

    def __init__(self):
        super().__init__()
        self.quantize = quantization.QuantStub()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(8)
        self.stem_relu = nn.ReLU()
        self.depth = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.depth_norm = nn.BatchNorm2d(8)
        self.add = nn.quantized.FloatFunctional()
        self.pooled = quantization.QuantStub()
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.quantize(x)
        x = self.stem_relu(self.stem_norm(self.stem(x)))
        x = self.add.add_relu(x, self.depth_norm(self.depth(x)))
        x = self.pooled(functional.adaptive_avg_pool2d(x, 1))
        return self.head(torch.flatten(x, 1))


class Numbers(nn.Module):
    """
    A FakeQuantize with fixed parameters.

    torch.export stops at the tests of tensors that the original makes.
    """

    def __init__(self, trained):
        super().__init__()
        self.bounds = trained.quant_min, trained.quant_max
        self.axis = trained.ch_axis if trained.is_per_channel else None
        if self.axis is None:
            self.scale = float(trained.scale)
            self.zero_point = int(trained.zero_point)
        else:
            self.register_buffer("scale", trained.scale.clone())
            self.register_buffer("zero_point", trained.zero_point.clone())

    def forward(self, x):
        parameters = self.scale, self.zero_point
        if self.axis is None:
            round_all = torch.fake_quantize_per_tensor_affine
            return round_all(x, *parameters, *self.bounds)
        round_rows = torch.fake_quantize_per_channel_affine
        return round_rows(x, *parameters, self.axis, *self.bounds)


def _fix(module):
    for name, child in list(module.named_children()):
        if isinstance(child, quantization.FakeQuantize):
            setattr(module, name, Numbers(child))
        else:
            _fix(child)


def _trained(per_channel):
    """The network after some steps of training, for evaluation."""
    torch.manual_seed(3)
    activations = quantization.FakeQuantize.with_args(
        observer=quantization.MovingAverageMinMaxObserver,
        quant_min=-128,
        quant_max=127,
        dtype=torch.qint8,
    )
    observer, scheme = (
        (
            quantization.MovingAveragePerChannelMinMaxObserver,
            torch.per_channel_symmetric,
        )
        if per_channel
        else (quantization.MovingAverageMinMaxObserver, torch.per_tensor_symmetric)
    )
    weights = quantization.FakeQuantize.with_args(
        observer=observer,
        quant_min=-128,
        quant_max=127,
        dtype=torch.qint8,
        qscheme=scheme,
    )
    model = Network().train()
    model.qconfig = quantization.QConfig(activations, weights)
    groups = [["stem", "stem_norm", "stem_relu"], ["depth", "depth_norm"]]
    model = quantization.prepare_qat(quantization.fuse_modules_qat(model, groups))
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    for _ in range(12):
        x, labels = torch.randn(16, 3, 9, 9), torch.randint(0, 10, (16,))
        optimizer.zero_grad()
        functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
    return model.apply(quantization.disable_observer).eval()


@pytest.mark.parametrize("per_channel", [True, False], ids=["channels", "tensors"])
@pytest.mark.parametrize("by_export", [False, True], ids=["torchscript", "export"])
def test_fake_quantize(tmp_path: Path, by_export: bool, per_channel: bool) -> None:
    if by_export and importlib.util.find_spec("onnxscript") is None:
        pytest.skip("PyTorch's new exporter needs onnxscript")
    model = _trained(per_channel)
    images = torch.randn(64, 3, 9, 9)
    with torch.no_grad():
        expected = np.concatenate([model(image[None]).numpy() for image in images])
    scale = float(model.head.activation_post_process.scale)
    if by_export:
        _fix(model)
    path = tmp_path / "model.onnx"
    torch.onnx.export(
        model,
        (images[:1],),
        str(path),
        dynamo=by_export,
        opset_version=18 if by_export else 17,
        input_names=["x"],
        output_names=["y"],
    )
    assert any(n.op_type == "QuantizeLinear" for n in onnx.load(path).graph.node)
    library = tmp_path / "model.so"
    report = compile_with(path, library, Options(int8_only=True, target="portable"))
    assert ("mode", "static") in report.rows
    session = qcc.InferenceSession(library)
    results = np.concatenate(
        [session.run(None, {"x": image[None]})[0] for image in images.numpy()]
    )
    steps = np.abs(results - expected) / scale
    # Float sums fall on the other side of a tie now and then.
    assert np.max(steps) < 1.01
    assert np.mean(steps > 0.01) < 0.01
