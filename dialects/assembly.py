"""
The uniform assembly form for ops with several optional operands.

The declarative form `operands attr-dict : functional-type(operands, results)` that all
other ops use cannot tell which of several optional operands are there. This one is the
same text, and says it in the dictionary where the operands that are there are not the
first ones: `nn.layer_norm %x, %b {operandSegmentSizes = array<i32: 1, 0, 1>} : ...`.
"""

from __future__ import annotations

from typing import Self

from xdsl.dialects.builtin import DenseArrayBase, FunctionType, i32
from xdsl.ir import Attribute
from xdsl.irdl import IRDLOperation
from xdsl.parser import Parser
from xdsl.printer import Printer

SEGMENTS = "operandSegmentSizes"


class TrailingOptionalOperands(IRDLOperation):
    """
    Printing and parsing of ops whose optional operands come last.

    The class that derives from it has the option `AttrSizedOperandSegments`, as
    property, and no `assembly_format`.
    """

    def print(self, printer: Printer) -> None:
        definitions = self.get_irdl_definition().properties
        elided = {
            name
            for name, value in self.properties.items()
            if name in definitions and definitions[name].default_value == value
        }
        sizes = self.properties[SEGMENTS]
        assert isinstance(sizes, DenseArrayBase)
        present = list(sizes.get_values())
        if present == sorted(present, reverse=True):
            elided.add(SEGMENTS)
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_op_attributes(
            self.attributes | self.properties, reserved_attr_names=elided
        )
        printer.print_string(" : ")
        # Not `print_operation_type`: it adds the location, which the caller prints.
        printer.print_function_type(self.operand_types, self.result_types)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        start = parser.pos
        unresolved = parser.parse_comma_separated_list(
            parser.Delimiter.NONE, parser.parse_unresolved_operand
        )
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        kind = parser.parse_type()
        if not isinstance(kind, FunctionType):
            parser.raise_error("expected a function type", start, parser.pos)
        operands = parser.resolve_operands(unresolved, kind.inputs.data, start)
        definition = cls.get_irdl_definition()
        defined = len(definition.operands)
        if len(operands) > defined:
            message = f"{cls.name} takes at most {defined} operands"
            parser.raise_error(message, start, parser.pos)
        present = [int(index < len(operands)) for index in range(defined)]
        properties: dict[str, Attribute] = {
            SEGMENTS: DenseArrayBase.from_list(i32, present)
        }
        for name in [name for name in attributes if name in definition.properties]:
            properties[name] = attributes.pop(name)
        return cls.create(
            operands=operands,
            result_types=kind.outputs.data,
            properties=properties,
            attributes=attributes,
        )
