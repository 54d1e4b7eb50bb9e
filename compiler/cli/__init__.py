"""The command line tools: `qcc`, `qcc-opt`, `qcc-run`, `qcc-verify`."""
