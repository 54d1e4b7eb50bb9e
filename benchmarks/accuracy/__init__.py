"""What int8 costs in accuracy: qcc beside other quantizers, on the same samples."""
