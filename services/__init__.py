"""Products that run on the lake: one folder per product."""
