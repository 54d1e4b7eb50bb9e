"""The one error that a user can cause; our own bugs are assertions instead."""

from __future__ import annotations


class QccError(Exception):
    """
    Something that the user can understand and act on.

    `what` went wrong, at which ONNX `node` (its name) of which `op` type, for which
    `tensor`, `why`, and what would `remedy` it. Tools print the message and exit
    with 1.
    """

    def __init__(
        self,
        what: str,
        *,
        node: str | None = None,
        op: str | None = None,
        tensor: str | None = None,
        why: str | None = None,
        remedy: str | None = None,
    ):
        self.what = what
        self.node = node
        self.op = op
        self.tensor = tensor
        self.why = why
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        details = (
            ("node", self.node),
            ("op", self.op),
            ("tensor", self.tensor),
            ("why", self.why),
            ("remedy", self.remedy),
        )
        lines = [f"  {label}: {text}" for label, text in details if text is not None]
        return "\n".join([self.what, *lines])
