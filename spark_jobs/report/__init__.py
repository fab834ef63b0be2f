"""The run report: a page for people (``write_report``) and a summary for the terminal (``summary.print_summary``)."""

from spark_jobs.report.page import write_report

__all__ = ["write_report"]
