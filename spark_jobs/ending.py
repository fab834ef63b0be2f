"""How a command ends: an exit code and a message, told by whoever started it, a terminal or a scheduler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import typer

from spark_jobs.errors import FAILED_QUALITY, RiskLakeError

#: The exit code of a process that ended on Ctrl-C: 128 and the number of the signal.
INTERRUPTED = 130
#: The name under which a scheduler knows such a run (FAILED_QUALITY) from one that broke.
QUALITY_ERROR = "DataQualityError"


@dataclass(frozen=True)
class Ending:
    """``message`` has a line for each thing that went wrong, and none where nothing did."""

    exit_code: int
    message: str = ""

    def raise_failure(self) -> None:
        """RuntimeError where the command failed, in one line that begins with QUALITY_ERROR where a check failed.

        For schedulers such as Glue, which take an exception's message for the reason and an exit code for none.
        """
        if self.exit_code == 0:
            return
        reason = "; ".join(self.message.splitlines()) or f"exit code {self.exit_code}"
        raise RuntimeError(f"{QUALITY_ERROR}: {reason}" if self.exit_code == FAILED_QUALITY else reason)


def ending_of(command: Callable[[], int | None]) -> Ending:
    """Call a typer app and say how it ended; an error that nobody is meant to read is raised as it is."""
    try:
        return Ending(command() or 0)
    except RiskLakeError as error:
        return Ending(error.exit_code, str(error))
    except OSError as error:
        place = "" if error.filename is None else f"{error.filename}: "
        return Ending(1, f"{place}{error.strerror or error}")
    except (KeyboardInterrupt, typer.Abort):
        return Ending(INTERRUPTED)
    except Exception as error:
        usage = getattr(error, "format_message", None)
        if usage is None:
            raise
        return Ending(2, f"{usage()} (see risklake --help)")
