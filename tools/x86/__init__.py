"""What the processor's registers and tables mean: pure decoding, from the Intel SDM, volume 3A."""
