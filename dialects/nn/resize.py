"""Resizing of images."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import StringAttr, TensorType
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from qcc.dialects.nn.base import ASSEMBLY, FLOATS, INTS, TENSOR, NNOperation
from qcc.dialects.nn.inference import (
    join_layout,
    require,
    require_float,
    require_length,
    require_positive,
    split_layout,
    static_shape,
)
from qcc.dialects.types import (
    Operand,
    Shape,
    float_array,
    floats,
    int_array,
    ints,
    tensor,
    tensor_type,
)

MODES = ("nearest", "linear")
COORDINATES = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
NEAREST_MODES = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


def resize_shape(
    input: Shape,
    *,
    sizes: Sequence[int],
    scales: Sequence[float],
    mode: str,
    coordinates: str,
    nearest_mode: str,
    layout: str,
) -> Shape:
    """Shape of a resize, whose properties are checked."""
    batch, channels, height, width = split_layout(input, layout)
    require(height > 0 and width > 0, f"cannot resize the empty {list(input)}")
    require_length(sizes, 2, "sizes")
    require_length(scales, 2, "scales")
    require_positive(sizes, "sizes")
    require_positive(scales, "scales")
    for value, what, known in (
        (mode, "mode", MODES),
        (coordinates, "coordinates", COORDINATES),
        (nearest_mode, "nearest_mode", NEAREST_MODES),
    ):
        require(value in known, f'unknown {what} "{value}", expected one of {known}')
    return join_layout(batch, channels, sizes[0], sizes[1], layout)


@irdl_op_definition
class ResizeOp(NNOperation):
    """
    `%y = nn.resize %x {sizes = array<i64: 8, 8>, scales = array<f32: 2.0, 2.0>} : ...`

    The meaning of `coordinates` and `nearest_mode` is that of ONNX Resize. Mode
    `nearest` takes any element type.
    """

    name = "nn.resize"
    input = operand_def(TENSOR)
    sizes = prop_def(INTS)
    scales = prop_def(FLOATS)
    mode = prop_def(StringAttr, default_value=StringAttr("nearest"))
    coordinates = prop_def(StringAttr, default_value=StringAttr("half_pixel"))
    nearest_mode = prop_def(StringAttr, default_value=StringAttr("round_prefer_floor"))
    layout = prop_def(StringAttr, default_value=StringAttr("NCHW"))
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        *,
        sizes: Sequence[int],
        scales: Sequence[float],
        mode: str = "nearest",
        coordinates: str = "half_pixel",
        nearest_mode: str = "round_prefer_floor",
        layout: str = "NCHW",
    ):
        kind = tensor_type(input)
        shape = resize_shape(
            static_shape(kind, "input"),
            sizes=sizes,
            scales=scales,
            mode=mode,
            coordinates=coordinates,
            nearest_mode=nearest_mode,
            layout=layout,
        )
        super().__init__(
            operands=[input],
            properties={
                "sizes": int_array(sizes),
                "scales": float_array(scales),
                "mode": StringAttr(mode),
                "coordinates": StringAttr(coordinates),
                "nearest_mode": StringAttr(nearest_mode),
                "layout": StringAttr(layout),
            },
            result_types=[tensor(kind.element_type, shape)],
        )

    @property
    def size_values(self) -> tuple[int, ...]:
        """Height and width of the output."""
        return ints(self.sizes)

    @property
    def scale_values(self) -> tuple[float, ...]:
        """Output per input size along height and width, float32 values."""
        return floats(self.scales)

    @property
    def mode_value(self) -> str:
        """`nearest` or `linear`."""
        return self.mode.data

    @property
    def layout_value(self) -> str:
        """`NCHW` or `NHWC`."""
        return self.layout.data

    def expected_type(self) -> TensorType[Attribute]:
        kind = tensor_type(self.input)
        if self.mode_value == "linear":
            require_float(kind, "input of a linear resize")
        shape = resize_shape(
            static_shape(kind, "input"),
            sizes=self.size_values,
            scales=self.scale_values,
            mode=self.mode_value,
            coordinates=self.coordinates.data,
            nearest_mode=self.nearest_mode.data,
            layout=self.layout_value,
        )
        return tensor(kind.element_type, shape)
