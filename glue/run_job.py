"""The only Glue-facing file: a Glue job's arguments become the same command line as everywhere.

``--risklake "run --source landing --job silver --lake s3://bank-{zone}"`` is the command; ``--hmac_key_secret`` names
the secret that holds the bank's key, ``--as_of`` the business date of a run that a scheduler has dated. Arguments that
Glue adds itself stay unread.
"""

from __future__ import annotations

import os
import shlex
import sys
from importlib.util import find_spec
from itertools import pairwise


def command(arguments: list[str]) -> list[str]:
    """The command line that a job's arguments stand for."""
    given = dict(pairwise(arguments))
    words = shlex.split(given["--risklake"])
    if given.get("--as_of"):
        words += ["--as-of", given["--as_of"]]
    if secret := given.get("--hmac_key_secret"):
        os.environ["RISK_LAKE_HMAC_KEY_SECRET"] = secret
    return words


def start_session() -> None:
    """The session of who started this: Glue's, through the context that reports its metrics, or spark-submit's.

    Elsewhere the library starts one of its own if it needs one.
    """
    if find_spec("awsglue"):
        from awsglue.context import GlueContext
        from pyspark.context import SparkContext

        GlueContext(SparkContext.getOrCreate())
    elif "PYSPARK_GATEWAY_PORT" in os.environ:  # spark-submit has a JVM waiting, with the cluster's settings
        from pyspark.sql import SparkSession

        SparkSession.builder.getOrCreate()


if __name__ == "__main__":
    from spark_jobs.cli import ending

    given = command(sys.argv[1:])
    start_session()
    ending(given).raise_failure()  # Glue tells the message of an exception as the reason of a failed run
