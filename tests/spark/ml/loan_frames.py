"""Seeded frames in the shape of gold.loan_default_features, with a known relation of features and default."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.contract import contract

COLUMNS = contract("gold.loan_default_features").columns
SCHEMA = ", ".join(f"`{c.name}` {c.physical_type}" for c in COLUMNS)
EMPLOYMENT = (("employed", -0.3), ("self_employed", 0.3), ("unemployed", 1.0), (None, 0.2))


def loan_rows(count: int, seed: int, *, intercept: float = -1.9, shuffled: bool = False) -> list[dict[str, Any]]:
    """``count`` loans over four years; risk rises with instalment to income and days overdrawn, falls with balance."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        income = float(np.exp(random.normal(10.4, 0.5)))
        installment = float(np.exp(random.normal(6.0, 0.6)))
        overdrawn, balance = int(random.poisson(2)), float(random.normal(1500, 2000))
        employment, weight = EMPLOYMENT[int(random.choice(4, p=[0.6, 0.2, 0.1, 0.1]))]
        is_known, has_activity = random.random() < 0.9, random.random() < 0.85
        burden = np.log(installment * 12 / income / 0.15)
        risk = intercept + 1.3 * burden + 0.4 * (overdrawn - 2) - balance / 2500 + weight
        rows.append(
            {
                "loan_id": f"l{number:05}",
                "customer_id": f"c{number:05}",
                "account_id": f"a{number:05}",
                "originated_date": date(2020, 1, 1) + timedelta(days=int(random.integers(0, 1460))),
                "product": str(random.choice(["personal", "auto", "mortgage"])),
                "principal_amount": Decimal(round(installment * 24)),
                "term_months": int(random.choice([12, 24, 36])),
                "monthly_installment": installment,
                "annual_income_amount": Decimal(round(income)) if is_known else None,
                "installment_to_monthly_income": installment * 12 / income if is_known else None,
                "principal_to_income": installment * 24 / income if is_known else None,
                "segment": "mass",
                "employment_status": employment,
                "account_age_months": int(random.integers(0, 120)),
                "transaction_count_180d": int(random.integers(1, 200)) if has_activity else None,
                "days_below_zero_180d": overdrawn if has_activity else None,
                "average_balance_to_installment": balance / installment if has_activity else None,
                "last_balance_amount": Decimal(round(balance)) if has_activity else None,
                "penalty_interest_count_180d": 0 if has_activity else None,
                "earlier_loan_count": int(random.poisson(0.4)),
                "earlier_late_loan_count": 0,
                "earlier_defaulted_loan_count": 0,
                "months_on_book": 24,
                "is_matured": True,
                "is_default": int(random.random() < 1 / (1 + np.exp(-risk))),
            }
        )
    if shuffled:
        labels = random.permutation([row["is_default"] for row in rows])
        rows = [row | {"is_default": int(label)} for row, label in zip(rows, labels, strict=True)]
    return rows


def frame(spark: SparkSession, rows: list[dict[str, Any]]) -> DataFrame:
    """``rows`` as gold.loan_default_features; what they do not name is null."""
    return spark.createDataFrame([tuple(row.get(c.name) for c in COLUMNS) for row in rows], SCHEMA)
