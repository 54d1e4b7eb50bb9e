"""Registry of qcc's dialects. Factories keep imports lazy."""

from collections.abc import Callable

from xdsl.ir import Dialect


def get_all_dialects() -> dict[str, Callable[[], Dialect]]:
    """All dialects of qcc, by name."""

    def get_blob() -> Dialect:
        from qcc.dialects.blob import Blob

        return Blob

    def get_nn() -> Dialect:
        from qcc.dialects.nn import NN

        return NN

    def get_quant() -> Dialect:
        from qcc.dialects.quant import Quant

        return Quant

    def get_kernel() -> Dialect:
        from qcc.dialects.kernel import Kernel

        return Kernel

    return {"blob": get_blob, "nn": get_nn, "quant": get_quant, "kernel": get_kernel}
