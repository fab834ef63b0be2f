"""The embedded engine: the PySpark calls that transforms make, on DuckDB and without a JVM (ADR 0013)."""
