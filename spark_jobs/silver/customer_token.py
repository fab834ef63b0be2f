"""The pseudonym under which a customer is known outside the bank.

The token is computed in Python, not by column functions: a key inside an expression would stand in Spark's plans and
event logs. The business tables take it over from ``silver.customers``.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from spark_jobs.columns import F
from spark_jobs.errors import RiskLakeError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: What the business tables read of ``silver.customers``.
TOKEN = ("customer_id", "customer_token")
_MINIMUM_KEY_BYTES = 16


def hmac_key(default_file: Path | None) -> bytes:
    """The bank's key: RISK_LAKE_HMAC_KEY, else what RISK_LAKE_HMAC_KEY_SECRET or RISK_LAKE_HMAC_KEY_FILE names.

    The secret is one of AWS Secrets Manager, by name or ARN. Without any, ``default_file`` is made on first use with a
    random key only its owner can read, so that a trial needs no setup; a lake without such a file is told its key.
    """
    if given := os.environ.get("RISK_LAKE_HMAC_KEY"):
        return _checked(given.encode(), "RISK_LAKE_HMAC_KEY")
    if secret := os.environ.get("RISK_LAKE_HMAC_KEY_SECRET"):
        return _checked(_secret(secret), f"secret {secret}")
    named = os.environ.get("RISK_LAKE_HMAC_KEY_FILE")
    if named is None and default_file is None:
        raise RiskLakeError("no HMAC key: name its secret in RISK_LAKE_HMAC_KEY_SECRET")
    path = Path(named or str(default_file))
    if not path.exists():
        if named is not None:
            raise RiskLakeError(f"RISK_LAKE_HMAC_KEY_FILE: no file {path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(secrets.token_hex(32))
        part.replace(path)
    return _checked(path.read_bytes().strip(), str(path))


def _secret(name: str) -> bytes:
    import boto3

    found = boto3.client("secretsmanager").get_secret_value(SecretId=name)
    return str(found["SecretString"]).strip().encode()


def _checked(key: bytes, origin: str) -> bytes:
    if len(key) < _MINIMUM_KEY_BYTES:
        raise RiskLakeError(f"{origin}: the HMAC key has {len(key)} bytes, expected at least {_MINIMUM_KEY_BYTES}")
    return key


def token(key: bytes, customer_id: str) -> str:
    """HMAC-SHA256 of a customer_id, hexadecimal. Source: RFC 2104, FIPS 198-1."""
    return hmac.new(key, customer_id.encode(), hashlib.sha256).hexdigest()


def customer_tokens(valid: DataFrame, key: bytes) -> DataFrame:
    """The token of every customer. Grain: customer_id; columns: customer_id, customer_token."""

    def compute(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            ids = batch.column(0).to_pylist()
            yield pa.RecordBatch.from_pydict({"customer_id": ids, "customer_token": [token(key, i) for i in ids]})

    ids = valid.select("customer_id").distinct()
    return ids.mapInArrow(compute, "customer_id string, customer_token string")


def with_customer_token(rows: DataFrame, customers: DataFrame) -> DataFrame:
    """``rows`` with the ``customer_token`` of their customer_id, taken from ``silver.customers``."""
    named = customers.select(F.col("customer_id").alias("_token_of"), "customer_token")
    return rows.join(named, on=F.col("customer_id") == F.col("_token_of"), how="left")
