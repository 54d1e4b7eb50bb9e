"""
`#blob.array<"digest", tensor<4xi8>>`: a constant whose elements are not in the text.

Equality and hashing go through the digest and the type, never through the elements,
which sit in a process-wide store of read-only numpy arrays. A dump that must be read
again writes them to an `.npz` beside it (`save_blobs`, `load_blobs`).

Constants of more than `SMALL` elements are blobs; smaller ones print as `dense<...>`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseIntOrFPElementsAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    ModuleOp,
    Signedness,
    StringAttr,
    TensorType,
    f16,
    f32,
    f64,
    i1,
    i8,
    i16,
    i32,
    i64,
)
from xdsl.ir import Attribute, Dialect, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.utils.exceptions import VerifyException

Array = NDArray[Any]

SMALL = 64
"""Constants of at most this many elements are printed in full."""

ui8 = IntegerType(8, Signedness.UNSIGNED)
ui16 = IntegerType(16, Signedness.UNSIGNED)
ui32 = IntegerType(32, Signedness.UNSIGNED)
ui64 = IntegerType(64, Signedness.UNSIGNED)

_ELEMENT_OF_DTYPE: dict[np.dtype[Any], Attribute] = {
    np.dtype(np.bool_): i1,
    np.dtype(np.int8): i8,
    np.dtype(np.uint8): ui8,
    np.dtype(np.int16): i16,
    np.dtype(np.uint16): ui16,
    np.dtype(np.int32): i32,
    np.dtype(np.uint32): ui32,
    np.dtype(np.int64): i64,
    np.dtype(np.uint64): ui64,
    np.dtype(np.float16): f16,
    np.dtype(np.float32): f32,
    np.dtype(np.float64): f64,
}
_DTYPE_OF_ELEMENT = {element: dtype for dtype, element in _ELEMENT_OF_DTYPE.items()}

_STORE: dict[str, Array] = {}


def element_type_of_dtype(dtype: np.dtype[Any]) -> Attribute:
    """The builtin element type of a numpy dtype; KeyError for dtypes without one."""
    return _ELEMENT_OF_DTYPE[np.dtype(dtype)]


def dtype_of_element_type(element: Attribute) -> np.dtype[Any]:
    """
    The numpy dtype that stores a builtin element type; KeyError if there is none.

    For quantized elements see `qcc.dialects.types.storage_dtype`.
    """
    return _DTYPE_OF_ELEMENT[element]


@irdl_attr_definition
class BlobAttr(ParametrizedAttribute):
    """A constant by digest; `type` is its shape and builtin (storage) element type."""

    name = "blob.array"
    digest: StringAttr
    type: TensorType[Attribute]

    @staticmethod
    def from_numpy(array: Array) -> BlobAttr:
        """Stores a read-only copy of `array` (any shape) and returns its attribute."""
        array = np.array(array, order="C", copy=True)
        array.setflags(write=False)
        content = hashlib.sha256(array.tobytes())
        content.update(f"{array.dtype.str}{array.shape}".encode())
        digest = content.hexdigest()[:16]
        _STORE.setdefault(digest, array)
        element = element_type_of_dtype(array.dtype)
        return BlobAttr(StringAttr(digest), TensorType(element, array.shape))

    def numpy(self) -> Array:
        """The elements, read-only. KeyError when the blob was never loaded."""
        return _STORE[self.digest.data]

    def verify(self) -> None:
        array = _STORE.get(self.digest.data)
        if array is not None and array.shape != self.type.get_shape():
            raise VerifyException(
                f"blob {self.digest.data} has shape {array.shape}, "
                f"its type says {self.type.get_shape()}"
            )


ConstantAttr = BlobAttr | DenseIntOrFPElementsAttr


def constant_attr(array: Array) -> ConstantAttr:
    """`dense<...>` for at most `SMALL` elements, a blob for more."""
    array = np.asarray(array)
    if 0 < array.size <= SMALL and array.dtype != np.bool_:
        element = element_type_of_dtype(array.dtype)
        assert isinstance(
            element, IntegerType | Float16Type | Float32Type | Float64Type
        )
        data = BytesAttr(np.ascontiguousarray(array).tobytes())
        return DenseIntOrFPElementsAttr(TensorType(element, array.shape), data)
    return BlobAttr.from_numpy(array)


def array_of(attribute: ConstantAttr) -> Array:
    """The elements of a constant as a read-only array of its storage dtype."""
    if isinstance(attribute, BlobAttr):
        return attribute.numpy()
    kind = attribute.type
    dtype = dtype_of_element_type(kind.element_type)
    return np.frombuffer(attribute.data.data, dtype).reshape(kind.get_shape())


def _blobs(module: ModuleOp) -> Iterable[BlobAttr]:
    for op in module.walk():
        for attribute in (*op.properties.values(), *op.attributes.values()):
            if isinstance(attribute, BlobAttr):
                yield attribute


def has_blobs(module: ModuleOp) -> bool:
    """Whether `module` names a blob."""
    return any(True for _ in _blobs(module))


def save_blobs(module: ModuleOp, path: Path) -> int:
    """Writes every blob that `module` names to an `.npz`; returns how many."""
    arrays = {blob.digest.data: blob.numpy() for blob in _blobs(module)}
    if arrays:
        np.savez(path, allow_pickle=False, **arrays)
    return len(arrays)


def load_blobs(path: Path) -> None:
    """Adds the arrays of an `.npz` written by `save_blobs` to the store."""
    with np.load(path, allow_pickle=False) as archive:
        for digest in archive.files:
            array = archive[digest]
            array.setflags(write=False)
            _STORE.setdefault(digest, array)


Blob = Dialect("blob", [], [BlobAttr])
