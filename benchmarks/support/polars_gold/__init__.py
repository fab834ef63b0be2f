"""Gold by hand in Polars: one function per table, from silver to the rows of its contract."""
