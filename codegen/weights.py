"""How generated C gets at its weights: as literals, or from a file by `.incbin`."""

from __future__ import annotations

import numpy as np

from qcc.codegen.plan_memory import ALIGNMENT


def weights_as_literals(prefix: str, weights: bytes) -> str:
    """C text that holds the bytes themselves; large, but one file is all."""
    padded = weights + bytes(-len(weights) % 8)
    words = np.frombuffer(padded, "<u8")
    lines = [
        ",".join(f"0x{word:x}u" for word in words[i : i + 8].tolist())
        for i in range(0, len(words), 8)
    ]
    table = ",\n".join(lines)
    return (
        f"static const _Alignas({ALIGNMENT}) uint64_t {prefix}_weight_words[] = {{\n"
        f"{table}}};\n"
        f"#define {prefix}_weights ((const unsigned char *){prefix}_weight_words)"
    )


def weights_from_file(prefix: str, file_name: str) -> str:
    """
    C text that lets the assembler read `file_name`.

    The name is looked up in the compiler's working directory and include path, and is
    ours, never the model's. The bytes land in a read-only section without relocations.
    """
    return f"""#if defined(__APPLE__)
#define QCC_WEIGHTS_SECTION ".section __TEXT,__const\\n"
#define QCC_WEIGHTS_SYMBOL "_{prefix}_weights"
#define QCC_WEIGHTS_HIDDEN ".private_extern "
#define QCC_WEIGHTS_END ".text\\n"
#elif defined(__ELF__)
#define QCC_WEIGHTS_SECTION ".pushsection .rodata.{prefix}_weights,\\"a\\"\\n"
#define QCC_WEIGHTS_SYMBOL "{prefix}_weights"
#define QCC_WEIGHTS_HIDDEN ".hidden "
#define QCC_WEIGHTS_END ".popsection\\n"
#else
#error "weights by .incbin need ELF or Mach-O; compile the model to one .c instead"
#endif
__asm__(QCC_WEIGHTS_SECTION ".balign {ALIGNMENT}\\n"
        ".globl " QCC_WEIGHTS_SYMBOL "\\n" QCC_WEIGHTS_HIDDEN QCC_WEIGHTS_SYMBOL "\\n"
        QCC_WEIGHTS_SYMBOL ":\\n"
        ".incbin \\"{file_name}\\"\\n" QCC_WEIGHTS_END);
extern const unsigned char {prefix}_weights[] __attribute__((visibility("hidden")));"""
