"""Gold by hand in pandas: one function per table, from silver to the rows of its contract."""
