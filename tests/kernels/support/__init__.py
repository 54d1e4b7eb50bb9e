"""What the kernel tests share: running a C kernel from numpy, and naive oracles."""
