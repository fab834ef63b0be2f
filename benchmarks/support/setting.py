"""What every benchmark takes for granted: which tables are made, from which files, under which key."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

#: The project's root; measured processes import from it.
ROOT = Path(__file__).resolve().parents[2]
#: What measured processes get beside the environment of the benchmark.
ENVIRONMENT = {"RISK_LAKE_HMAC_KEY": "a key for the benchmark alone", "PYTHONPATH": str(ROOT)}
#: Tables that need the trained model, which no reference makes.
MODELLED = ("models.loan_default", "gold.loan_default_scores", "gold.portfolio_risk")


def sample(folder: Path, *, scale: float, days: int, dirt: float = 0.0) -> Path:
    """Files of the sample bank, by default without planted dirt, generated where ``folder`` does not hold them yet."""
    from spark_jobs.sources.sample import generate

    if not (folder / "_truth" / "summary.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"generating {folder}: scale {scale:g}, {days} days", file=sys.stderr, flush=True)
        generate(folder, scale=scale, seed=7, days=days, dirt=dirt)
    return folder
