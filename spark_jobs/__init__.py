"""The lake: landing, bronze, silver and gold tables, their contracts, quality and operations."""
