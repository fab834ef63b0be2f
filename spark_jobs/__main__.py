"""``python -m spark_jobs`` is ``risklake``."""

from spark_jobs.cli import main

main()
