"""The one family of errors a user is meant to read: a message of one line, never a stack trace."""

from __future__ import annotations


class RiskLakeError(Exception):
    """Something the user can mend; the message says what was found and what was expected."""
