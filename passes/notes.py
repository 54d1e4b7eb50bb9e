"""
Notes: what a pass did, or could not do, that the user should be able to find out.

A note is logged by the logger `qcc.passes` and kept in the attribute `note` of the op,
so that dumps and reports show it.
"""

from __future__ import annotations

import logging

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation

from qcc.dialects.naming import describe

NOTE = "note"

_LOGGER = logging.getLogger("qcc.passes")


def add_note(op: Operation, text: str) -> None:
    """Keeps and logs `text`; a further note on the same op is appended."""
    _LOGGER.info("%s: %s", describe(op), text)
    held = op.attributes.get(NOTE)
    if isinstance(held, StringAttr):
        if text in held.data:
            return
        text = f"{held.data}; {text}"
    op.attributes[NOTE] = StringAttr(text)
