"""The full load written by hand for DuckDB."""
