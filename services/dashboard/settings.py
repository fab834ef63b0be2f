"""What the dashboard is told by its environment: ``RISK_LAKE_DASHBOARD_<NAME>``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir

from spark_jobs.errors import RiskLakeError

PREFIX = "RISK_LAKE_DASHBOARD_"
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class SettingsError(RiskLakeError):
    """A setting that cannot be understood; one line names it and what was expected."""


@dataclass(frozen=True)
class Settings:
    """Where the lake lies, who may see it, and when its data counts as old."""

    #: A folder, or a lake in S3 as ``s3://bank-{zone}``, of which a copy is kept in ``copy``.
    lake: str = "build/lake"
    copy: Path = Path(gettempdir()) / "risklake-dashboard"
    #: Header in which a reverse proxy names who is logged in; None asks for no login.
    login_header: str | None = None
    #: Newest data older than this many days is called stale; 0 never calls it so.
    stale_after_days: float = 3.0
    #: How often an open page looks for new versions.
    refresh_seconds: float = 60.0

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """From environment variables; SettingsError for one that is set and means nothing."""
        default = cls()
        return cls(
            lake=_text(environment, "LAKE") or default.lake,
            copy=Path(_text(environment, "COPY") or default.copy),
            login_header=_header(environment),
            stale_after_days=_number(environment, "STALE_AFTER_DAYS", default.stale_after_days, least=0),
            refresh_seconds=_number(environment, "REFRESH_SECONDS", default.refresh_seconds, least=1),
        )

    def to_environment(self) -> dict[str, str]:
        """The variables that ``of`` reads these settings from."""
        given = {
            "LAKE": self.lake,
            "COPY": str(self.copy),
            "LOGIN_HEADER": self.login_header,
            "STALE_AFTER_DAYS": str(self.stale_after_days),
            "REFRESH_SECONDS": str(self.refresh_seconds),
        }
        return {PREFIX + name: value for name, value in given.items() if value is not None}


def _text(environment: Mapping[str, str], name: str) -> str | None:
    return environment.get(PREFIX + name)


def _header(environment: Mapping[str, str]) -> str | None:
    """An empty name is refused: whoever sets it means to close the door, not to open it."""
    name = _text(environment, "LOGIN_HEADER")
    if name is not None and not _HEADER.fullmatch(name):
        raise SettingsError(f"{PREFIX}LOGIN_HEADER: found {name!r}, expected the name of an HTTP header")
    return name


def _number(environment: Mapping[str, str], name: str, default: float, *, least: float) -> float:
    text = _text(environment, name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value < float("inf"):
        raise SettingsError(f"{PREFIX}{name}: found {text!r}, expected a number of {least:g} or more")
    return value
