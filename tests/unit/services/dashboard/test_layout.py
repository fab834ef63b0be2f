"""What pages share: CSV that is safe to open, and when data is old."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

pytest.importorskip("streamlit", reason="the extra `services` is not installed")

from services.dashboard.layout import age_of, csv


def test_csv_runs_no_formula_and_keeps_numbers() -> None:
    frame = pd.DataFrame({"series_id": ["=cmd()", "+1", "-x", "@y", "SKU-1", None], "z_score": [-1.5, 2, 3, 4, 5, 6]})
    lines = csv(frame).decode().splitlines()
    assert lines == ["series_id,z_score", "'=cmd(),-1.5", "'+1,2.0", "'-x,3.0", "'@y,4.0", "SKU-1,5.0", ",6.0"]


def test_a_day_is_complete_when_it_is_over() -> None:
    now = datetime(2026, 7, 1, 6, tzinfo=UTC)
    assert age_of(date(2026, 6, 30), now) == timedelta(hours=6)
    assert age_of(datetime(2026, 6, 30, 18, tzinfo=UTC), now) == timedelta(hours=12)
