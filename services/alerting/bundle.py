"""Packs the alert function: ``python -m services.alerting.bundle build/alerting.zip``; equal code gives equal bytes.

awswrangler comes from a layer, boto3 from Lambda itself.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_CONTENT = (
    "__init__.py",
    "alerting/__init__.py",
    "alerting/handler.py",
    "alerting/compliance_alerts.sql",
    "alerting/high_risk_customers.sql",
)


def bundle(target: Path) -> None:
    """Write the zip; Terraform uploads it again only where its bytes differ."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w", ZIP_DEFLATED) as packed:
        for name in _CONTENT:
            entry = ZipInfo(f"services/{name}")  # carries the same instant always
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            packed.writestr(entry, files("services").joinpath(name).read_bytes())


if __name__ == "__main__":
    bundle(Path(sys.argv[1]))
