"""Whether a table may be published, and proof that what was published keeps its contract."""
