"""Reconciliation judged on its counts, without a JVM."""

from __future__ import annotations

from spark_jobs.quality.balances import judge_balances


def test_shares_decide_and_failures_only_warn():
    running, account = judge_balances(
        {"running_checked": 1000, "running_failed": 50, "account_checked": 20, "account_failed": 2}
    )
    assert (running.table_name, running.check_name, running.is_passed) == (
        "silver.transactions",
        "table:running_balance",
        True,
    )
    assert (running.observed, running.failed_count, running.checked_count) == ("95.00% of 1,000 agree", 50, 1000)
    assert (account.table_name, account.is_passed, account.is_blocking) == ("silver.accounts", False, False)
    assert account.observed == "90.00% of 20 agree"


def test_nothing_decided_is_nothing_said():
    measured = {"running_checked": 0, "running_failed": 0, "account_checked": 0, "account_failed": 0}
    assert judge_balances(measured) == []
