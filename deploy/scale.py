"""``make scale``: what a billion and a hundred billion transactions need, out of what one was measured to cost."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from typing import Any

import yaml

from deploy.measurements import CORES_MEASURED, CORES_PER_WORKER, ROOT, figure, price_list, results

DOCUMENT = ROOT / "docs" / "scale.md"
_MONTH_DAYS = 365.25 / 12


@dataclass(frozen=True)
class PerTransaction:
    """What one transaction of a full load costs, as measured, with its share of customers, accounts and loans."""

    spark_core_seconds: float
    embedded_seconds: float
    delivered_bytes: float
    lake_bytes: float
    silver_bytes: float
    #: How many times dearer than in a full load a transaction of a day is, on the embedded engine.
    day_factor: float


@dataclass(frozen=True)
class Needs:
    """What a lake of so many transactions needs."""

    transactions: float
    delivered_terabytes: float
    lake_terabytes: float
    storage_a_month: float
    full_load_dpu_hours: float
    full_load_amount: float
    workers: int
    embedded_hours: float
    day_transactions: float
    day_dpu_hours: float
    days_a_month: float
    silver_files: int
    files_a_month: int
    whole_scan_amount: float
    month_scan_amount: float


def assumptions() -> dict[str, Any]:
    """The table ``deploy/scale.yaml``."""
    told: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "scale.yaml").read_text(encoding="utf-8"))
    return told


def measured() -> PerTransaction:
    """Costs of one transaction out of the benchmarks' results."""
    days = results()["one_day-10"]
    large, loaded = days["histories"]["large"], days["full_loads"]["duckdb, large"]["told"]["seconds"]
    embedded = loaded / large["transactions"]
    stored = assumptions()["measured_bytes"]
    count = stored["transactions"]
    return PerTransaction(
        spark_core_seconds=figure("full_load-5-before-adr-0014/ours") * CORES_MEASURED / 5_000_000,
        embedded_seconds=embedded,
        delivered_bytes=large["held_bytes"] / large["held_transactions"],
        lake_bytes=(stored["bronze"] + stored["silver"] + stored["gold"]) / count,
        silver_bytes=stored["silver_transactions"] / count,
        day_factor=figure("one_day-10/duckdb, large") / large["held_transactions"] / embedded,
    )


def needs(transactions: float, one: PerTransaction, told: dict[str, Any]) -> Needs:
    """The formula of docs/scale.md."""
    prices = price_list()
    dpu_hour, terabyte, gigabyte = (prices[n].amount for n in ("glue_standard", "athena_scan", "s3_storage"))
    dpu_hours_of_one = one.spark_core_seconds / 3600 / CORES_PER_WORKER / told["efficiency"]
    full = transactions * dpu_hours_of_one
    a_day = transactions / told["history_days"]
    day = a_day * one.day_factor * dpu_hours_of_one
    delivered, lake, silver = (
        transactions * size / 1e12 for size in (one.delivered_bytes, one.lake_bytes, one.silver_bytes)
    )
    months = told["history_days"] / _MONTH_DAYS
    files = math.ceil(silver * 1e6 / told["file_megabytes"])
    return Needs(
        transactions=transactions,
        delivered_terabytes=delivered,
        lake_terabytes=lake,
        storage_a_month=(delivered + lake) * 1000 * gigabyte,
        full_load_dpu_hours=full,
        full_load_amount=full * dpu_hour,
        workers=max(2, math.ceil(full / told["window_hours"])),
        embedded_hours=transactions * one.embedded_seconds / 3600,
        day_transactions=a_day,
        day_dpu_hours=day,
        days_a_month=day * dpu_hour * _MONTH_DAYS,
        silver_files=files,
        files_a_month=math.ceil(files / months),
        whole_scan_amount=silver * terabyte,
        month_scan_amount=silver / months * terabyte,
    )


def tables() -> dict[str, str]:
    """The tables of the document, by name, in Markdown."""
    one, told = measured(), assumptions()
    first = [
        ("Spark, full load", f"{one.spark_core_seconds * 1e6:.0f} µs of one core"),
        ("without a JVM, full load, two cores", f"{one.embedded_seconds * 1e6:.1f} µs"),
        ("the same, in a day's run on 50 million", f"{one.day_factor:.0f} times that"),
        ("delivered, CSV packed", f"{one.delivered_bytes:.0f} bytes"),
        ("bronze, silver and gold together", f"{one.lake_bytes:.0f} bytes"),
        ("`silver.transactions` alone", f"{one.silver_bytes:.0f} bytes"),
    ]
    sizes = [needs(float(size), one, told) for size in told["transactions"]]
    rows = [
        ("delivered files", [f"{n.delivered_terabytes:,.2f} TB" for n in sizes]),
        ("lake", [f"{n.lake_terabytes:,.2f} TB" for n in sizes]),
        ("both in S3, a month", [f"${n.storage_a_month:,.0f}" for n in sizes]),
        ("full load", [f"{n.full_load_dpu_hours:,.0f} DPU-hours" for n in sizes]),
        ("its price", [f"${n.full_load_amount:,.2f}" for n in sizes]),
        (f"G.1X workers to end in {told['window_hours']} hours", [f"{n.workers:,}" for n in sizes]),
        ("without a JVM on one machine of two cores", [f"{n.embedded_hours:,.1f} hours" for n in sizes]),
        ("transactions in a day", [f"{n.day_transactions / 1e6:,.1f} million" for n in sizes]),
        ("a day's run, by that factor", [f"{n.day_dpu_hours:,.2f} DPU-hours" for n in sizes]),
        ("a month of them", [f"${n.days_a_month:,.2f}" for n in sizes]),
        (f"files of {told['file_megabytes']} MB in `silver.transactions`", [f"{n.silver_files:,}" for n in sizes]),
        ("of these in one month", [f"{n.files_a_month:,}" for n in sizes]),
        ("Athena, every column of it", [f"${n.whole_scan_amount:,.2f}" for n in sizes]),
        ("Athena, every column of one month", [f"${n.month_scan_amount:,.4f}" for n in sizes]),
    ]
    heads = [f"{n.transactions / 1e9:,.0f} billion" for n in sizes]
    return {
        "measured": "\n".join(
            ["| of one transaction | measured |", "|---|---:|", *(f"| {a} | {b} |" for a, b in first)]
        ),
        "needs": "\n".join(
            [
                f"| transactions | {' | '.join(heads)} |",
                f"|---|{'---:|' * len(heads)}",
                *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows),
            ]
        ),
    }


def written(text: str) -> str:
    """The document with its tables computed anew; ValueError where it has no place for one."""
    for name, table in tables().items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"{DOCUMENT.name}: no place for the table {name}")
        text = place.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT}\n")
