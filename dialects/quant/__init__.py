"""The `quant` dialect: quantized types, casts and integer ops (`docs/dialects.md`)."""

from xdsl.ir import Dialect

from qcc.dialects.quant.casts import (
    DequantizeCastOp,
    QuantizeCastOp,
    RequantizeOp,
    StorageCastOp,
)
from qcc.dialects.quant.contraction import Conv2dOp, ConvTranspose2dOp, MatMulOp
from qcc.dialects.quant.dynamic import (
    DynamicConv2dOp,
    DynamicMatMulOp,
    DynamicQuantizeOp,
)
from qcc.dialects.quant.dynamic_arithmetic import (
    DynamicAddOp,
    DynamicAvgPool2dOp,
    DynamicBinaryOp,
    DynamicMulOp,
    DynamicReduceMeanOp,
    DynamicSubOp,
)
from qcc.dialects.quant.dynamic_base import DynamicOperation
from qcc.dialects.quant.dynamic_casts import (
    DynamicClipOp,
    DynamicDequantizeCastOp,
    DynamicQuantizeCastOp,
    DynamicRequantizeOp,
    DynamicUnionOp,
)
from qcc.dialects.quant.elementwise import AddOp, ClampOp, LookupOp, MulOp, SubOp
from qcc.dialects.quant.integer import Conv2dIntegerOp, MatMulIntegerOp
from qcc.dialects.quant.normalization import LayerNormOp, SoftmaxOp
from qcc.dialects.quant.pool import AvgPool2dOp, ReduceMeanOp, ReduceSumOp, ResizeOp
from qcc.dialects.quant.types import UniformType

__all__ = [
    "AddOp",
    "AvgPool2dOp",
    "ClampOp",
    "Conv2dIntegerOp",
    "Conv2dOp",
    "ConvTranspose2dOp",
    "DequantizeCastOp",
    "DynamicAddOp",
    "DynamicAvgPool2dOp",
    "DynamicBinaryOp",
    "DynamicClipOp",
    "DynamicConv2dOp",
    "DynamicDequantizeCastOp",
    "DynamicMatMulOp",
    "DynamicMulOp",
    "DynamicOperation",
    "DynamicQuantizeCastOp",
    "DynamicQuantizeOp",
    "DynamicReduceMeanOp",
    "DynamicRequantizeOp",
    "DynamicSubOp",
    "DynamicUnionOp",
    "LayerNormOp",
    "LookupOp",
    "MatMulIntegerOp",
    "MatMulOp",
    "MulOp",
    "Quant",
    "QuantizeCastOp",
    "ReduceMeanOp",
    "ReduceSumOp",
    "RequantizeOp",
    "ResizeOp",
    "SoftmaxOp",
    "StorageCastOp",
    "SubOp",
    "UniformType",
]

Quant = Dialect(
    "quant",
    [
        QuantizeCastOp,
        DequantizeCastOp,
        StorageCastOp,
        RequantizeOp,
        Conv2dOp,
        ConvTranspose2dOp,
        MatMulOp,
        AddOp,
        SubOp,
        MulOp,
        AvgPool2dOp,
        ReduceMeanOp,
        ReduceSumOp,
        ClampOp,
        LookupOp,
        SoftmaxOp,
        LayerNormOp,
        ResizeOp,
        DynamicQuantizeCastOp,
        DynamicDequantizeCastOp,
        DynamicRequantizeOp,
        DynamicClipOp,
        DynamicUnionOp,
        DynamicConv2dOp,
        DynamicMatMulOp,
        DynamicAddOp,
        DynamicSubOp,
        DynamicMulOp,
        DynamicReduceMeanOp,
        DynamicAvgPool2dOp,
        DynamicQuantizeOp,
        Conv2dIntegerOp,
        MatMulIntegerOp,
    ],
    [UniformType],
)
