"""What the benchmarks share, and the sides they compare."""
