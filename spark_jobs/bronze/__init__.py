"""Delivered files become bronze tables: every column as text, with provenance, nothing lost."""
