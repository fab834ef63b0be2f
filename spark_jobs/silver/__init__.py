"""Typed, checked tables with one row per key; rows that break a rule go to quarantine."""
