"""Charts of the loan book over the quarters in which the loans were granted."""

from __future__ import annotations

from datetime import date

from spark_jobs.report import wording
from spark_jobs.report.charts import Band, Bars, Chart, Dots, Line, axis, ordinal_axis
from spark_jobs.report.portfolio import Portfolio, Slice

_WIDTH, _HEIGHT, _MOST_LABELS = 420, 230, 5
#: Quarters with fewer loans than this do not stretch the axis: their interval says nothing.
_FEW_LOANS = 10


def default_rate_chart(book: Portfolio) -> Chart | None:
    """Share of each quarter's loans that have defaulted so far, with its 95 % interval."""
    if not book.by_vintage:
        return None
    parts = [part for _, part in book.by_vintage]
    highest = max((part.interval[1] for part in parts if part.loans >= _FEW_LOANS), default=1.0)
    points = [(float(place), part.default_rate or 0.0) for place, part in enumerate(parts)]
    dots = [(*point, _defaults(start, part)) for point, (start, part) in zip(points, book.by_vintage, strict=True)]
    return Chart(
        title="Default rate by quarter of origination",
        description="Share of the loans granted in each quarter that have defaulted so far, with its 95% interval.",
        x=ordinal_axis([wording.quarter(start) for start, _ in book.by_vintage], most=_MOST_LABELS),
        y=axis(highest, "", lambda share: wording.percent(share, 0)),
        marks=(
            Band([(float(place), *part.interval) for place, part in enumerate(parts)], "default"),
            Line(points, "default"),
            Dots(dots, "default"),
        ),
        width=_WIDTH,
        height=_HEIGHT,
    )


def lending_chart(book: Portfolio) -> Chart | None:
    """Amount lent in each quarter."""
    if not book.by_vintage:
        return None
    bars = [
        (place - 0.36, place + 0.36, float(part.principal), _lent(start, part, book.currency))
        for place, (start, part) in enumerate(book.by_vintage)
    ]
    return Chart(
        title="New lending by quarter",
        description=f"Amount lent in each quarter, in {book.currency}.",
        x=ordinal_axis([wording.quarter(start) for start, _ in book.by_vintage], most=_MOST_LABELS),
        y=axis(max(height for _, _, height, _ in bars), "", wording.round_amount),
        marks=(Bars(bars, "exposure"),),
        width=_WIDTH,
        height=_HEIGHT,
        left=60,
    )


def _defaults(start: date, part: Slice) -> str:
    loans = wording.plural(part.loans, "loan", "loans")
    return f"{wording.quarter(start)}: {wording.count(part.defaulted)} of {loans}, {wording.percent(part.default_rate)}"


def _lent(start: date, part: Slice, currency: str) -> str:
    loans = wording.plural(part.loans, "loan", "loans")
    return f"{wording.quarter(start)}: {wording.money(part.principal, currency)} in {loans}"
