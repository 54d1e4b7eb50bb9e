"""
Trains a small CNN on scikit-learn's handwritten digits and writes the example's files.

    pip install torch scikit-learn onnx
    python examples/digits/train.py

`digits.onnx` is the float model, `calibration.npz` holds 100 training images for
calibration, `test.npz` the 360 test images with their labels. Images are 1x8x8 with
values 0..16, the data set's own; normalization is part of the model. One thread and a
fixed seed make the result repeatable on one machine and one version of torch.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

HERE = Path(__file__).resolve().parent


class Network(nn.Module):
    """Three 3x3 convolutions with a residual connection, and one depthwise."""

    def __init__(self):
        super().__init__()
        self.stem, self.stem_norm = nn.Conv2d(1, 16, 3, padding=1, bias=False), norm(16)
        self.body, self.body_norm = (
            nn.Conv2d(16, 16, 3, padding=1, bias=False),
            norm(16),
        )
        self.depth = nn.Conv2d(16, 16, 3, stride=2, padding=1, groups=16, bias=False)
        self.depth_norm = norm(16)
        self.point, self.point_norm = nn.Conv2d(16, 32, 1, bias=False), norm(32)
        self.head = nn.Linear(32, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (n, 10) of images (n, 1, 8, 8) with values 0..16."""
        x = torch.relu(self.stem_norm(self.stem(images / 16)))
        x = torch.relu(x + self.body_norm(self.body(x)))
        x = nn.functional.max_pool2d(x, 2, stride=1)
        x = torch.relu(self.depth_norm(self.depth(x)))
        x = torch.relu(self.point_norm(self.point(x)))
        return self.head(x.mean(dim=(2, 3)))


def norm(channels: int) -> nn.BatchNorm2d:
    """Batch normalization with a short memory, for a short training."""
    return nn.BatchNorm2d(channels, momentum=0.05)


def train(images: torch.Tensor, labels: torch.Tensor) -> Network:
    """Trains for 60 epochs with shifts of one pixel as augmentation."""
    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-2)
    epochs, batch = 60, 64
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for start in range(0, len(order), batch):
            pick = order[start : start + batch]
            shift = torch.randint(-1, 2, (2,)).tolist()
            moved = torch.roll(images[pick], shift, dims=(2, 3))
            loss = nn.functional.cross_entropy(network(moved), labels[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return network.eval()


def export(network: Network) -> onnx.ModelProto:
    """The network as ONNX, batch normalization and all, with softmax at the end."""
    nodes: list[onnx.NodeProto] = []
    tensors: list[onnx.TensorProto] = []

    def constant(name: str, value: Any) -> str:
        array = np.asarray(value, np.float32)
        tensors.append(numpy_helper.from_array(array, name))
        return name

    def add(op: str, output: str, *inputs: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(op, inputs, [output], output, **attributes))
        return output

    def conv(name: str, x: str, conv: nn.Conv2d, norm: nn.BatchNorm2d) -> str:
        weight = constant(f"{name}/weight", conv.weight.detach().numpy())
        pad = int(conv.padding[0])  # pyright: ignore[reportArgumentType]
        y = add(
            "Conv",
            f"{name}/conv",
            x,
            weight,
            strides=list(conv.stride),
            pads=[pad] * 4,
            group=conv.groups,
        )
        values = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
        parts = ("scale", "bias", "mean", "variance")
        names = [
            constant(f"{name}/{part}", value.detach().numpy())
            for part, value in zip(parts, values, strict=True)
            if value is not None
        ]
        return add("BatchNormalization", f"{name}/norm", y, *names, epsilon=norm.eps)

    x = add("Div", "normalize", "image", constant("sixteen", 16))
    x = add("Relu", "stem", conv("stem", x, network.stem, network.stem_norm))
    y = conv("body", x, network.body, network.body_norm)
    x = add("Relu", "body", add("Add", "body/add", x, y))
    x = add("MaxPool", "pool", x, kernel_shape=[2, 2], strides=[1, 1])
    x = add("Relu", "depth", conv("depth", x, network.depth, network.depth_norm))
    x = add("Relu", "point", conv("point", x, network.point, network.point_norm))
    x = add("Flatten", "flat", add("GlobalAveragePool", "mean", x))
    weight = constant("head/weight", network.head.weight.detach().numpy())
    bias = constant("head/bias", network.head.bias.detach().numpy())
    x = add("Gemm", "logits", x, weight, bias, transB=1)
    add("Softmax", "probabilities", x, axis=1)
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 10])],
        tensors,
    )
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Trains, prints the accuracy, writes the three files."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    data = load_digits()
    images = data.images.astype(np.float32)[:, None]
    split = train_test_split(
        images, data.target, test_size=360, random_state=0, stratify=data.target
    )
    x, test_x, y, test_y = split
    network = train(torch.from_numpy(x), torch.from_numpy(y))
    with torch.no_grad():
        guess = network(torch.from_numpy(test_x)).argmax(1).numpy()
    print(f"test accuracy {np.mean(guess == test_y):.4f} on {len(test_y)} images")
    onnx.save(export(network), HERE / "digits.onnx")
    np.savez_compressed(HERE / "calibration.npz", image=x[:100])
    labels = test_y.astype(np.int64)
    np.savez_compressed(HERE / "test.npz", image=test_x, label=labels)


if __name__ == "__main__":
    main()
