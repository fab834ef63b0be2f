"""Who may see the pages: whom a reverse proxy names in a header, where one is configured."""

from __future__ import annotations

from collections.abc import Sequence

from spark_jobs.errors import RiskLakeError

_LONGEST = 254  # of an address, RFC 5321


class AccessError(RiskLakeError):
    """The request carries no login; the message is for the person who sent it."""


def visitor(login_header: str | None, values: Sequence[str]) -> str | None:
    """Who asks, as the proxy says; None where no login is configured.

    Args:
        login_header: Name of the header, None for no login.
        values: Every value of that header in the request.

    Raises:
        AccessError: The header is missing, empty, given twice (a visitor's own beside the proxy's) or no name.
    """
    if login_header is None:
        return None
    if len(values) != 1:
        raise AccessError("Please open this page through the address your bank gave you, and log in there.")
    name = values[0].strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise AccessError("The login came without a name. Please log in again.")
    return name
