"""The one family of errors a user is meant to read: a message of one line, never a stack trace."""

from __future__ import annotations

#: The exit code of a run that no fault stopped, but a check: its data must be mended, and to start it again is no help.
FAILED_QUALITY = 3


class RiskLakeError(Exception):
    """Something the user can mend; the message says what was found and what was expected."""

    #: What a process ends with.
    exit_code = 1
