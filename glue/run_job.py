"""The only Glue-facing file: what follows a Glue job's ``--risklake`` option, as one string, goes to that command.

Example job argument: ``--risklake "run --source csv --data s3a://bank/landing --lake s3a://bank/lake"``. Options that
Glue adds itself (``--JOB_NAME`` and the like) stay unread.
"""

import shlex
import sys

from pyspark.sql import SparkSession

from spark_jobs.cli import main

if __name__ == "__main__":
    SparkSession.builder.getOrCreate()  # Glue's own session; the library takes the one that is active
    sys.argv[1:] = shlex.split(sys.argv[sys.argv.index("--risklake") + 1])
    main()
