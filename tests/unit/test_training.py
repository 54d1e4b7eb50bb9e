"""qcc.training: the numbers of fake quantization, the schedule, the errors."""

# ruff: noqa: E402 torch is looked for first

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="qcc.training needs torch")

from torch import nn

from qcc.dialects.errors import QccError
from qcc.dialects.quant import UniformType
from qcc.dialects.reference import numbers
from qcc.passes.ranges import activation_type
from qcc.training import prepare
from qcc.training.fake_quantize import RangeObserver, fake_quantize
from qcc.training.layers import QuantizedLayer


class Small(nn.Module):
    """A convolution with BatchNorm and ReLU, a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 2)

    def forward(self, image):
        x = torch.relu(self.norm(self.conv(image)))
        return self.head(x.mean(dim=(2, 3)))


def small(**options):
    """A prepared `Small` with a fixed seed."""
    torch.manual_seed(0)
    return prepare(Small(), torch.zeros(1, 3, 8, 8), **options)


def images(count=4, seed=1):
    """Random images."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, 8, 8, generator=generator)


@pytest.mark.parametrize("bounds", [(-1.0, 1.0), (0.0, 6.0), (-0.3, 7.1), (0.0, 0.0)])
def test_rounds_as_the_reference(bounds):
    kind = activation_type(bounds)
    rng = np.random.default_rng(3)
    ties = (np.arange(-300, 300) + 0.5) * np.float32(kind.scale)
    special = [np.inf, -np.inf, 0.0, -0.0, 1e30]
    x = np.concatenate([rng.normal(0, 3, 20_000), ties, special]).astype(np.float32)
    expected = numbers.dequantize_from(numbers.quantize_to(x, kind), kind)
    rounded = fake_quantize(torch.from_numpy(x), kind).numpy()
    np.testing.assert_array_equal(rounded, expected)
    assert np.isfinite(rounded).all()


def test_rounds_channels_as_the_reference():
    scales = [0.1, 0.003, 7.0]
    kind = UniformType.per_axis(scales, 1, minimum=-127, maximum=127)
    x = np.random.default_rng(4).normal(0, 9, (5, 3, 2)).astype(np.float32)
    expected = numbers.dequantize_from(numbers.quantize_to(x, kind), kind)
    rounded = fake_quantize(torch.from_numpy(x), kind).numpy()
    np.testing.assert_array_equal(rounded, expected)


def test_gradient_passes_where_nothing_saturates():
    kind = UniformType.per_tensor(0.1, 28)  # [-15.6, 9.9]
    x = torch.tensor([-20.0, -15.6, -3.14, 0.0, 9.9, 10.1], requires_grad=True)
    fake_quantize(x, kind).sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 1, 0]


def test_range_is_a_moving_average():
    observer = RangeObserver(("x", "y"), averaging=0.25)
    assert not observer.is_known()
    observer(torch.tensor([-1.0, 4.0]), 0)
    observer(torch.tensor([-3.0, 2.0, torch.inf]), 0)
    observer(torch.tensor([0.5]), 1)
    low, high = -1 + 0.25 * -2, 4 + 0.25 * -2
    assert observer.kind() == activation_type((low, high))
    observer.observing = False
    observer(torch.tensor([100.0]), 0)
    assert observer.kind() == activation_type((low, high))


def test_weights_and_biases_are_those_of_the_exported_integers():
    model = small()
    model(images())
    model.exact_evaluation = False
    model.eval()
    seen = {}

    def remember(name):
        def hook(module, inputs, output):
            seen[name] = inputs[0]

        return hook

    layers = {
        name: module
        for name, module in model.graph_module.named_modules()
        if isinstance(module, QuantizedLayer)
    }
    assert len(layers) == 2
    for name, layer in layers.items():
        layer.register_forward_hook(remember(name))
    model(images())
    for name, layer in layers.items():
        stored, kind, bias = layer.integers(layer.input_scale)
        weight = torch.from_numpy(numbers.dequantize_from(stored, kind))
        reals = bias * np.array(kind.scales) * layer.input_scale
        expected = layer._apply(seen[name], weight, torch.from_numpy(reals).float())
        torch.testing.assert_close(layer(seen[name]), expected, rtol=1e-6, atol=1e-6)


def test_rounding_starts_after_the_delay():
    torch.manual_seed(0)
    plain = Small()
    model = prepare(plain, torch.zeros(1, 3, 8, 8), quant_delay=2)
    for step in range(4):
        same = torch.equal(model(images(seed=step)), plain(images(seed=step)))
        assert same == (step < 2)


def test_batch_statistics_are_followed_then_frozen():
    model = small(freeze_delay=2)
    layer = next(m for m in model.modules() if isinstance(m, QuantizedLayer))
    means = []
    for step in range(4):
        model(images(seed=step) + step)
        means.append(layer.norm.running_mean.clone())
    assert not torch.equal(means[0], means[1])
    assert torch.equal(means[1], means[3])


def test_training_rounds_what_a_frozen_graph_rounds():
    """Rounding before BatchNorm is rounding folded weights, up to float32 rounding."""
    model = small()
    x = images(64)
    for _ in range(300):
        model(x)
    follows = model(x)
    model.freeze()
    torch.testing.assert_close(follows, model(x), rtol=0.02, atol=0.02)


def test_every_parameter_gets_a_gradient():
    model = small()
    model(images()).square().sum().backward()
    gradients = {n: p.grad for n, p in model.named_parameters()}
    assert len(gradients) == 5
    assert all(g is not None and bool(g.any()) for g in gradients.values())


def test_state_is_saved_and_loaded():
    model = small()
    model(images())
    other = small()
    other.load_state_dict(model.state_dict())
    assert other.types() == model.types()
    assert torch.equal(other.eval()(images()), model.eval()(images()))


def test_known_ranges_of_inputs_are_taken():
    model = small(input_ranges={"image": (0, 255)})
    model(images())
    assert model.types()["image"] == activation_type((0, 255))
    with pytest.raises(QccError, match="no input 'picture'"):
        small(input_ranges={"picture": (0, 1)})


def test_the_given_model_stays_as_it_is():
    plain = Small()
    before = {name: value.clone() for name, value in plain.state_dict().items()}
    model = prepare(plain, torch.zeros(1, 3, 8, 8))
    model(images())
    assert all(torch.equal(before[n], v) for n, v in plain.state_dict().items())


def test_without_a_batch_there_is_no_range():
    with pytest.raises(QccError, match="a range is missing"):
        small().eval()(images())


class Branches(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


class Sorts(nn.Module):
    def forward(self, x):
        return torch.sort(x)[0]


class Reflects(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")

    def forward(self, x):
        return self.conv(x)


class Normalizes(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3, track_running_stats=False)

    def forward(self, x):
        return self.norm(x)


class Divides(nn.Module):
    def forward(self, x):
        return torch.relu(x) / (torch.sigmoid(x) + 1)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Branches(), "no static graph"),
        (Sorts(), "cannot be written as ONNX"),
        (Divides(), "would run in float"),
        (Reflects(), "pads with mode"),
        (Normalizes(), "cannot be folded"),
        (nn.Linear(7, 2), "cannot be run on the example inputs"),
    ],
)
def test_what_cannot_be_prepared_is_said(model, message):
    with pytest.raises(QccError, match=message):
        prepare(model, torch.zeros(1, 3, 8, 8))


def test_float_operations_are_allowed_where_asked():
    model = prepare(Divides(), torch.zeros(1, 3, 8, 8), int8_only=False)
    model(images(1))
    assert torch.isfinite(model.eval()(images(1))).all()
