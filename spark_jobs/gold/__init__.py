"""Business tables: joins and aggregates over silver, no direct identifiers."""
