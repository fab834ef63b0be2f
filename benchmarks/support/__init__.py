"""What the benchmarks share: processes, results, plots and the runner of Risk Lakehouse itself."""
