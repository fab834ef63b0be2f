"""Data Docs: a static site of what each suite demands and what its newest validation found.

Built from validation results, never by validating again. The newest result of each table is kept as JSON under
``results/``, so a run that validates three tables renders three pages and the index still shows all of them.

Great Expectations' pages load scripts, styles and a logo from eight hosts. A bank's quality report calls nobody, so
those tags are taken out and one small style sheet is put in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier
from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)

from spark_jobs.quality.expectations import expectation_suite
from spark_jobs.quality.validation import Validation, quiet_context
