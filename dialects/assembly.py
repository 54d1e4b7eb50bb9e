"""
The uniform assembly form for ops with several optional operands.

The declarative form `operands attr-dict : functional-type(operands, results)` that all
other ops use cannot tell which of several optional operands are there. This one is the
same text and keeps `operandSegmentSizes` in the dictionary:
`nn.layer_norm %x, %s {operandSegmentSizes = array<i32: 1, 1, 0>, ...} : (...) -> ...`.
"""

from __future__ import annotations

from typing import Self

from xdsl.dialects.builtin import FunctionType
from xdsl.irdl import IRDLOperation
from xdsl.parser import Parser
from xdsl.printer import Printer


class SegmentedAssembly(IRDLOperation):
    """
    Printing and parsing of ops with the option `AttrSizedOperandSegments`.

    The class that derives from it must not set `assembly_format`.
    """

    assembly_format = None

    def print(self, printer: Printer) -> None:
        definitions = self.get_irdl_definition().properties
        elided = [
            name
            for name, value in self.properties.items()
            if name in definitions and definitions[name].default_value == value
        ]
        if self.operands:
            printer.print_string(" ")
            printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_op_attributes(
            self.attributes | self.properties, reserved_attr_names=elided
        )
        printer.print_string(" : ")
        printer.print_attribute(
            FunctionType.from_lists(self.operand_types, self.result_types)
        )

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        start = parser.pos
        unresolved = parser.parse_optional_undelimited_comma_separated_list(
            parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
        )
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        kind = parser.parse_type()
        if not isinstance(kind, FunctionType):
            parser.raise_error("expected the op's function type", start, parser.pos)
        operands = parser.resolve_operands(unresolved or [], kind.inputs.data, start)
        definitions = cls.get_irdl_definition().properties
        if "operandSegmentSizes" not in attributes:
            parser.raise_error("expected operandSegmentSizes", start, parser.pos)
        return cls.create(
            operands=operands,
            result_types=kind.outputs.data,
            properties={k: v for k, v in attributes.items() if k in definitions},
            attributes={k: v for k, v in attributes.items() if k not in definitions},
        )
