"""Models over the lake: one folder per model."""
