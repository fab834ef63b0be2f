"""How the page *Demand* says things."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from services.dashboard.demand import terms
from services.dashboard.demand.kept import BASELINE, FULL


def test_reasons_say_what_was_found_and_what_was_expected() -> None:
    nothing = float("nan")
    found = pd.DataFrame(
        [
            ("spike", 120.0, 80.0, 60.0, 95.5),
            ("missing_data", nothing, 80.0, nothing, nothing),
            (None, -3.0, 0.4, nothing, nothing),
            ("drop", 0.0, nothing, nothing, nothing),
        ],
        columns=["anomaly_type", "quantity", "forecast_quantity", "lower", "upper"],
    )
    assert terms.reasons(found) == [
        "Spike: 120, expected 60 to 96",
        "Missing data: –, forecast 80",
        "-3, forecast 0.4",
        "Drop: 0, no forecast",
    ]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("30 days", (date(2026, 6, 1), date(2026, 6, 30))),
        ("90 days", (date(2026, 4, 2), date(2026, 6, 30))),
        ("1 year", (date(2026, 1, 15), date(2026, 6, 30))),
        ("All", (date(2026, 1, 15), date(2026, 6, 30))),
    ],
)
def test_periods_end_on_the_newest_day_and_start_no_sooner_than_the_data(
    period: str, expected: tuple[date, date]
) -> None:
    assert terms.period(period, date(2026, 1, 15), date(2026, 6, 30)) == expected


def test_names() -> None:
    assert [terms.family(name) for name in (FULL, BASELINE, "new_method")] == [
        "Full method",
        "Plain rule",
        "New method",
    ]
    assert [terms.group(name) for name in (None, "", "Store 01")] == ["All groups", "No group", "Store 01"]
    assert [terms.currency(name) for name in ("", "EUR")] == ["No currency", "EUR"]
    assert [terms.forecaster(name) for name in ("auto_ets", "seasonal_naive")] == ["AutoETS", "Seasonal naive"]
    assert [terms.level(name) for name in ("none", "critical")] == ["Not scored", "Critical"]
    assert [terms.quantity(v) for v in (None, float("nan"), -0.01, 0.46, 3.0, 1204.4)] == [
        *("–", "–", "0", "0.5", "3", "1,204"),
    ]
