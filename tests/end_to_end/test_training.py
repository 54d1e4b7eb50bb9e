"""Models trained with qcc.training: the library gives what evaluation gave."""

# ruff: noqa: E402 torch is looked for first

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="qcc.training needs torch")

from torch import nn
from torch.nn import functional

import qcc
from qcc.training import convert, export, prepare


def block(inputs, outputs, stride=1, groups=1, size=3, act=nn.ReLU):
    """Convolution, BatchNorm and activation."""
    conv = nn.Conv2d(
        inputs, outputs, size, stride, size // 2, groups=groups, bias=False
    )
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), act())


class Residual(nn.Module):
    """Inverted residual of MobileNetV2."""

    def __init__(self):
        super().__init__()
        self.stem = block(3, 8, act=nn.ReLU6)
        self.expand = block(8, 16, size=1, act=nn.ReLU6)
        self.depth = block(16, 16, groups=16, act=nn.ReLU6)
        self.project = block(16, 8, size=1, act=nn.Identity)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.stem(x)
        x = x + self.project(self.depth(self.expand(x)))
        x = functional.adaptive_avg_pool2d(x, 1)
        return self.head(torch.flatten(x, 1))


class Dense(nn.Module):
    """Concatenation, BatchNorm before ReLU, pooling; DenseNet."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3)
        self.norm = nn.BatchNorm2d(6)
        self.grow = nn.Conv2d(6, 4, 3, padding=1)
        self.join = nn.BatchNorm2d(10)
        self.head = nn.Linear(10, 3)

    def forward(self, x):
        x = self.stem(x)
        x = torch.cat([x, self.grow(functional.relu(self.norm(x)))], dim=1)
        x = functional.max_pool2d(functional.relu(self.join(x)), 2)
        x = functional.avg_pool2d(x, 2)
        return self.head(x.view(x.size(0), -1))


class Excitation(nn.Module):
    """Squeeze and excitation, hard swish; MobileNetV3."""

    def __init__(self):
        super().__init__()
        self.stem = block(3, 8, act=nn.Hardswish)
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.excite = nn.Conv2d(4, 8, 1)
        self.gate = nn.Hardsigmoid()
        self.last = block(8, 6, act=nn.SiLU)

    def forward(self, x):
        x = self.stem(x)
        s = functional.adaptive_avg_pool2d(x, 1)
        s = self.gate(self.excite(functional.relu(self.squeeze(s))))
        return torch.sigmoid(self.last(x * s).mean(dim=[2, 3]))


class Shuffle(nn.Module):
    """Split, channel shuffle; ShuffleNet."""

    def __init__(self):
        super().__init__()
        self.stem = block(3, 8)
        self.branch = block(4, 4, groups=4)

    def forward(self, x):
        a, b = self.stem(x).chunk(2, dim=1)
        x = torch.cat((a, self.branch(b)), dim=1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        return x[:, 1:, ::2] * 0.5


class Decoder(nn.Module):
    """Transposed convolution, resizing, padding, skip connection; U-Net."""

    def __init__(self):
        super().__init__()
        self.down = block(3, 8, stride=2)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.up_norm = nn.BatchNorm2d(4)
        self.last = nn.Conv2d(7, 2, 3)

    def forward(self, x):
        y = torch.relu(self.up_norm(self.up(self.down(x))))
        y = functional.interpolate(y, scale_factor=2, mode="nearest")
        y = functional.interpolate(y, size=(8, 8), mode="bilinear")
        y = torch.cat([functional.pad(x, (1, 1, 1, 1)), functional.pad(y, [1] * 4)], 1)
        return self.last(y)


class Tokens(nn.Module):
    """Linear layers of rank 3, layer normalization, attention."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 4, stride=4)
        self.position = nn.Parameter(torch.randn(1, 4, 8) / 4)
        self.norm = nn.LayerNorm(8)
        self.query = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2) + self.position
        q, k, v = self.query(self.norm(x)).chunk(3, dim=-1)
        weights = torch.softmax(q @ k.transpose(1, 2) * 0.35, dim=-1)
        x = x + self.out(torch.matmul(weights, v))
        return functional.gelu(x).mean(1), x


class Sound(nn.Module):
    """One-dimensional convolutions, leaky ReLU, tanh."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(3, 6, 5, stride=2, padding="valid")
        self.norm = nn.BatchNorm1d(6)
        self.second = nn.Conv1d(6, 4, 3, padding="same", dilation=2)

    def forward(self, x):
        x = x.flatten(2)
        x = functional.leaky_relu(self.norm(self.first(x)), 0.1)
        return torch.tanh(self.second(x)) - 0.25


MODELS = (Residual, Dense, Excitation, Shuffle, Decoder, Tokens, Sound)


@pytest.mark.parametrize("kind", MODELS)
def test_every_output_element_is_that_of_evaluation(kind, tmp_path):
    torch.manual_seed(7)
    model = prepare(kind(), torch.zeros(1, 3, 8, 8), quant_delay=2)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    for _ in range(6):
        optimizer.zero_grad()
        results = model(2 * torch.randn(8, 3, 8, 8))
        results = results if isinstance(results, tuple) else (results,)
        sum(result.square().mean() for result in results).backward()
        optimizer.step()
    model.eval()
    inputs = 2 * torch.randn(16, 3, 8, 8)
    batched = model(inputs)
    batched = batched if isinstance(batched, tuple) else (batched,)
    convert(model, tmp_path / "model.onnx")
    qcc.compile(tmp_path / "model.onnx", tmp_path / "model.so", int8_only=True)
    session = qcc.InferenceSession(tmp_path / "model.so")
    for index, image in enumerate(inputs):
        outputs = session.run(None, {"x": image[None].numpy()})
        for output, expected in zip(outputs, batched, strict=True):
            expected = expected[index : index + 1].numpy()
            assert len(np.unique(expected)) > 1
            np.testing.assert_array_equal(output, expected)


@pytest.mark.parametrize("kind", MODELS)
def test_fake_quantization_sees_the_integers(kind):
    """In float32 nearly every element is on the same step of the int8 grid."""
    torch.manual_seed(3)
    model = prepare(kind(), torch.zeros(4, 3, 8, 8))
    inputs = 2 * torch.randn(4, 3, 8, 8)
    model(inputs)
    model.eval()
    exact = model(inputs)
    model.exact_evaluation = False
    with torch.no_grad():
        simulated = model(inputs)
    names = [node.name for node in model.graph_module.graph.nodes]
    assert names
    pairs = [(exact, simulated)] if torch.is_tensor(exact) else zip(exact, simulated)
    for a, b in pairs:
        steps = np.unique(np.diff(np.unique(a.numpy())))
        differs = np.abs(a.numpy() - b.numpy())
        assert (differs > 0).mean() < 0.1
        assert differs.max() <= 3.01 * steps.max()


@pytest.mark.parametrize("kind", MODELS)
def test_a_float_model_is_exported(kind):
    torch.manual_seed(5)
    model = kind().eval()
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(norm.running_mean, -1, 1)
            nn.init.uniform_(norm.running_var, 0.5, 2)
    x = torch.randn(1, 3, 8, 8)
    proto = export(model, torch.zeros(1, 3, 8, 8)).SerializeToString()
    session = onnxruntime.InferenceSession(proto, providers=["CPUExecutionProvider"])
    results = session.run(None, {"x": x.numpy()})
    with torch.no_grad():
        expected = model(x)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for actual, wanted in zip(results, expected, strict=True):
        np.testing.assert_allclose(actual, wanted.numpy(), rtol=1e-4, atol=1e-5)


def test_the_example_of_the_documentation(tmp_path, monkeypatch):
    """The code of docs/training.md, which ends in an assertion."""
    text = Path(__file__).parents[2] / "docs" / "training.md"
    (code,) = re.findall(r"```python\n(.*?)```", text.read_text("utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    names: dict[str, object] = {}
    exec(compile(code, "docs/training.md", "exec"), names)
    assert (tmp_path / "model.so").exists()
    assert names["logits"].shape == (1, 2)
