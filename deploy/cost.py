"""``make cost``: what each environment costs in a month, item by item, from prices, usage and what Terraform makes."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from deploy.measurements import HOURS_A_MONTH, ROOT, PriceList, figure, price_list

#: Of each job, beside the work itself: a session starts and the wheels are installed. Glue charges a minute at least.
OVERHEAD_SECONDS = 60
#: A crawl: ten minutes are the least that is charged, on two DPUs.
CRAWL_DPU_HOURS = 10 / 60 * 2


@dataclass(frozen=True)
class Defined:
    """What Terraform and the list of jobs decide."""

    keys: int
    endpoints: int
    endpoint_zones: int
    crawlers: int
    every: Mapping[str, str]  # of each job, day or week


@dataclass(frozen=True)
class Line:
    """One item of an estimate."""

    name: str
    quantity: float
    unit: str
    amount: float


def defined() -> Defined:
    """Counts from where things are defined: resources of the modules, the network's list of services, the jobs."""
    modules = ROOT / "terraform" / "modules"
    files = [*modules.glob("*/*.tf"), *(ROOT / "terraform" / "bootstrap").glob("*.tf")]
    texts = [path.read_text(encoding="utf-8") for path in files]
    network = (modules / "network" / "main.tf").read_text(encoding="utf-8")
    services = re.search(r"services\s*=\s*toset\(\[([^]]*)\]\)", network)
    variables = (modules / "network" / "variables.tf").read_text(encoding="utf-8")
    zones = re.search(r'"availability_zone_count".*?default\s*=\s*(\d+)', variables, re.DOTALL)
    catalog = (modules / "catalog" / "main.tf").read_text(encoding="utf-8")
    delta = re.search(r'resource "aws_glue_crawler" "delta" \{\s*for_each = \{(.*?)\n  \}', catalog, re.DOTALL)
    if services is None or zones is None or delta is None:
        raise ValueError(
            "terraform/modules: services of the network or crawlers of the catalog are not where they were"
        )
    jobs = yaml.safe_load((ROOT / "glue" / "jobs.yaml").read_text(encoding="utf-8"))
    return Defined(
        keys=sum(text.count('\nresource "aws_kms_key" ') for text in texts),
        endpoints=services[1].count('"') // 2,
        endpoint_zones=int(zones[1]),
        crawlers=1 + len(re.findall(r"^\s+\w+\s*=", delta[1], re.MULTILINE)),
        every={job: declared["every"] for job, declared in jobs.items()},
    )


def quantities(usage: Mapping[str, Any], made: Defined, measured_seconds: float) -> dict[str, float]:
    """What an environment uses in a month, in the units of the price list; a daily run takes ``measured_seconds``."""
    found = {name: float(quantity) for name, quantity in usage["quantities"].items()}
    found["kms_key"] = made.keys
    if usage["is_private_network"]:
        found["interface_endpoint"] = made.endpoints * made.endpoint_zones * HOURS_A_MONTH
    if runs := usage["runs_a_month"]:
        every = Counter(made.every.values())
        seconds = runs * (measured_seconds + OVERHEAD_SECONDS * every["day"])
        # The upkeep reads and writes what a day's run does, at most.
        seconds += runs / 7 * (measured_seconds + OVERHEAD_SECONDS) * every["week"]
        name = "glue_flex" if usage["is_flexible"] else "glue_standard"
        found[name] = seconds / 3600 * usage["workers"]
    if crawls := usage["crawls_a_month"]:
        found["glue_standard"] = found.get("glue_standard", 0) + crawls * made.crawlers * CRAWL_DPU_HOURS
    return found


def estimate(used: Mapping[str, float], prices: PriceList) -> list[Line]:
    """The items of a month, dearest first; KeyError for a quantity that has no price."""
    lines = [Line(name, quantity, prices[name].unit, quantity * prices[name].amount) for name, quantity in used.items()]
    return sorted((line for line in lines if line.quantity), key=lambda line: (-line.amount, line.name))


def environments() -> dict[str, dict[str, Any]]:
    """The table ``deploy/usage.yaml``."""
    told: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "deploy" / "usage.yaml").read_text(encoding="utf-8"))
    return told["environments"]


def monthly(usage: Mapping[str, Any]) -> list[Line]:
    """The estimate of one environment as it is defined today."""
    seconds = figure(usage["measured_in"]) if usage["runs_a_month"] else 0.0
    return estimate(quantities(usage, defined(), seconds), price_list())


def main(names: list[str]) -> int:
    """Print a table for each environment; 2 for a name that is none."""
    console, known, prices = Console(), environments(), price_list()
    if unknown := [name for name in names if name not in known]:
        Console(stderr=True).print(f"error: {unknown[0]} is none of {', '.join(known)}", highlight=False)
        return 2
    for name in names or known:
        lines = monthly(known[name])
        title = f"{name}: {prices.currency} {sum(line.amount for line in lines):,.2f} a month"
        table = Table("item", "quantity", "unit", "amount", title=title, caption=known[name]["description"])
        for line in lines:
            table.add_row(line.name, f"{line.quantity:,.2f}", line.unit, f"{line.amount:,.2f}")
        for column in (1, 3):
            table.columns[column].justify = "right"
        console.print(table)
    console.print(
        f"List prices of {prices.region} as of {prices.as_of}, deploy/prices.yaml; check them against its page.",
        soft_wrap=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
