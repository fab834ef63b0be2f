"""Seeded sample data: a retail bank with households, accounts, loans and transactions, simulated day by day."""

from spark_jobs.sources.sample.generator import GenerationSummary, generate

__all__ = ["GenerationSummary", "generate"]
