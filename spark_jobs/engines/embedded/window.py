"""PySpark's ``Window`` over DuckDB."""

from __future__ import annotations

from dataclasses import dataclass, replace

from spark_jobs.engines.embedded.column import Column, column

_UNBOUNDED_PRECEDING, _CURRENT_ROW, _UNBOUNDED_FOLLOWING = -(2**63), 0, 2**63 - 1


@dataclass(frozen=True)
class WindowSpec:
    """Which rows a function sees, and in which order."""

    partition: str = ""
    order: str = ""
    frame: str = ""

    @property
    def sql(self) -> str:
        """What stands in the parentheses after ``over``."""
        return " ".join(filter(None, (self.partition, self.order, self.frame)))

    def partitionBy(self, *columns: Column | str) -> WindowSpec:  # noqa: N802 - PySpark's name
        """Rows that agree in ``columns``."""
        keys = ", ".join(column(c).sql for c in columns)
        return replace(self, partition=f"partition by {keys}" if keys else "")

    def orderBy(self, *columns: Column) -> WindowSpec:  # noqa: N802 - PySpark's name
        """In the order of ``columns``, each with ``asc`` or ``desc``; ValueError without."""
        keys = [column(c) for c in columns]
        if bare := [key.name for key in keys if not key.order]:
            raise ValueError(f"a window is ordered by {', '.join(bare)} without asc() or desc()")
        return replace(self, order=f"order by {', '.join(f'{key.sql} {key.order}' for key in keys)}")

    def rowsBetween(self, start: int, end: int) -> WindowSpec:  # noqa: N802 - PySpark's name
        """Rows ``start`` to ``end`` from the current one."""
        return replace(self, frame=f"rows between {_bound(start)} and {_bound(end)}")

    def rangeBetween(self, start: int, end: int) -> WindowSpec:  # noqa: N802 - PySpark's name
        """Rows whose one key of order lies ``start`` to ``end`` from the current row's."""
        return replace(self, frame=f"range between {_bound(start)} and {_bound(end)}")


def _bound(offset: int) -> str:
    if offset <= _UNBOUNDED_PRECEDING:
        return "unbounded preceding"
    if offset >= _UNBOUNDED_FOLLOWING:
        return "unbounded following"
    if offset == _CURRENT_ROW:
        return "current row"
    return f"{abs(offset)} {'preceding' if offset < 0 else 'following'}"


class Window:
    """Where a window begins."""

    unboundedPreceding = _UNBOUNDED_PRECEDING  # noqa: N815 - PySpark's name
    currentRow = _CURRENT_ROW  # noqa: N815 - PySpark's name
    unboundedFollowing = _UNBOUNDED_FOLLOWING  # noqa: N815 - PySpark's name

    @staticmethod
    def partitionBy(*columns: Column | str) -> WindowSpec:  # noqa: N802 - PySpark's name
        """A window over the rows that agree in ``columns``."""
        return WindowSpec().partitionBy(*columns)

    @staticmethod
    def orderBy(*columns: Column) -> WindowSpec:  # noqa: N802 - PySpark's name
        """A window over all rows in the order of ``columns``."""
        return WindowSpec().orderBy(*columns)
