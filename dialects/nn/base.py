"""What all ops of `nn` share: assembly, purity, and the check of the result type."""

from __future__ import annotations

from abc import ABC, abstractmethod

from xdsl.dialects.builtin import (
    DenseArrayBase,
    FloatAttr,
    IntegerAttr,
    TensorType,
    f32,
    i64,
)
from xdsl.ir import Attribute
from xdsl.irdl import (
    BaseAttr,
    EqAttrConstraint,
    IRDLOperation,
    ParsePropInAttrDict,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

INT = IntegerAttr.constr(EqAttrConstraint(i64))
FLOAT = FloatAttr.constr(EqAttrConstraint(f32))
INTS = DenseArrayBase.constr(EqAttrConstraint(i64))
FLOATS = DenseArrayBase.constr(EqAttrConstraint(f32))
TENSOR = BaseAttr(TensorType)

ASSEMBLY = "operands attr-dict `:` functional-type(operands, results)"


class NNOperation(IRDLOperation, ABC):
    """An op with one result, whose type follows from its operands and properties."""

    irdl_options = (ParsePropInAttrDict(),)
    traits = traits_def(Pure())

    @abstractmethod
    def expected_type(self) -> TensorType[Attribute]:
        """The result type; VerifyException when operands or properties are wrong."""

    def verify_(self) -> None:
        expected = self.expected_type()
        actual = self.results[0].type
        if actual != expected:
            raise VerifyException(
                f"{self.name}: result type is {actual}, expected {expected}"
            )
