"""Charts of the page *Banking*: frames of its questions to Altair."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from services.dashboard import palette
from services.dashboard.charts import colours, count_axis, legend, quantity_axis
from spark_jobs.report import wording

#: Bars that leave each other more room than they need.
_FEW = 8
_PERCENT = alt.Axis(format="~%", tickCount=5)


def _bars_across(found: pd.DataFrame, name: str, value: str, label: str, colour: str) -> alt.LayerChart:
    """Bars to the right, the first row on top, each with ``label`` at its end."""
    room = float(found[value].max() or 0) * 1.6 if len(found) else 1.0
    base = alt.Chart(found).encode(
        y=alt.Y(f"{name}:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=230)),
        x=alt.X(f"{value}:Q", axis=None, scale=alt.Scale(domain=[0, room or 1.0])),
        tooltip=[alt.Tooltip(f"{name}:N", title=" "), alt.Tooltip(f"{label}:N", title=" ")],
    )
    bars = base.mark_bar(color=colour, cornerRadiusEnd=3, height={"band": 0.66})
    return bars + base.mark_text(align="left", dx=5, color=palette.INK, fontSize=12).encode(text=f"{label}:N")


def exposure_chart(parts: pd.DataFrame, currency: str) -> alt.LayerChart:
    """Exposure of each part of the book."""
    told = parts.assign(
        name=parts["part"].map(wording.words),
        told=[wording.short_money(value, currency) for value in parts["exposure_amount"]],
    )
    return _bars_across(told, "name", "exposure_amount", "told", palette.BLUE)


def rate_chart(parts: pd.DataFrame) -> alt.LayerChart:
    """Default rate of each part of the book, in the order of the exposures."""
    told = parts.assign(
        name=parts["part"].map(wording.words), told=[wording.percent(value) for value in parts["default_rate"]]
    )
    return _bars_across(told, "name", "default_rate", "told", palette.VERMILLION)


def vintage_chart(found: pd.DataFrame) -> alt.LayerChart:
    """Share of each quarter's loans in default so far, with its interval."""
    quarters = alt.X("vintage_quarter:O", title=None, sort=None, axis=alt.Axis(labelAngle=-40, labelOverlap=True))
    told = [
        alt.Tooltip("vintage_quarter:N", title="Quarter"),
        alt.Tooltip("default_rate:Q", title="In default", format=".1%"),
        alt.Tooltip("low:Q", title="95 % interval from", format=".1%"),
        alt.Tooltip("high:Q", title="to", format=".1%"),
        alt.Tooltip("defaulted_count:Q", title="Loans in default", format=","),
        alt.Tooltip("loan_count:Q", title="of loans", format=","),
    ]
    base = alt.Chart(found).encode(x=quarters, tooltip=told)
    # Quarters of a few loans do not stretch the axis: their interval says nothing.
    many = found.loc[found["loan_count"] >= 10, "high"]
    scale = alt.Scale(domain=[0, float(many.max()) if len(many) else 1.0], clamp=True)
    rate: dict[str, Any] = {"title": None, "axis": _PERCENT, "scale": scale}
    band = base.mark_area(color=palette.VERMILLION, opacity=0.16).encode(y=alt.Y("low:Q", **rate), y2="high:Q")
    line = base.mark_line(
        color=palette.VERMILLION, point=alt.OverlayMarkDef(size=45, filled=True, color=palette.VERMILLION)
    )
    return band + line.encode(y=alt.Y("default_rate:Q", **rate))


def lending_chart(found: pd.DataFrame, currency: str) -> alt.Chart:
    """Amount lent in each quarter."""
    return (
        alt.Chart(found)
        .mark_bar(color=palette.BLUE, cornerRadiusEnd=2)
        .encode(
            x=alt.X("vintage_quarter:O", title=None, sort=None, axis=alt.Axis(labelAngle=-40, labelOverlap=True)),
            y=alt.Y("principal_amount:Q", title=None, axis=quantity_axis()),
            tooltip=[
                alt.Tooltip("vintage_quarter:N", title="Quarter"),
                alt.Tooltip("principal_amount:Q", title=f"Lent, {currency}", format=",.0f"),
                alt.Tooltip("loan_count:Q", title="Loans", format=","),
            ],
        )
    )


def calibration_chart(bins: pd.DataFrame) -> alt.LayerChart:
    """Expected against actual share of defaults in groups of equal size; on the diagonal both agree."""
    highest = float(max(bins["mean_predicted"].max(), bins["observed_high"].max())) * 1.03
    scale = alt.Scale(domain=[0, highest])
    x = alt.X("mean_predicted:Q", title="Expected share of defaults", axis=_PERCENT, scale=scale)
    ends = pd.DataFrame({"mean_predicted": [0, highest], "observed_rate": [0, highest]})
    actual = alt.Y("observed_rate:Q", title="Actual", axis=_PERCENT, scale=scale)
    diagonal = alt.Chart(ends).mark_line(color=palette.MUTED, strokeDash=[4, 4], strokeWidth=1).encode(x=x, y=actual)
    base = alt.Chart(bins).encode(
        x=x,
        tooltip=[
            alt.Tooltip("count:Q", title="Loans"),
            alt.Tooltip("mean_predicted:Q", title="Expected", format=".1%"),
            alt.Tooltip("observed_rate:Q", title="Actual", format=".1%"),
            alt.Tooltip("observed_low:Q", title="95 % interval from", format=".1%"),
            alt.Tooltip("observed_high:Q", title="to", format=".1%"),
        ],
    )
    whiskers = base.mark_rule(color=palette.VERMILLION, opacity=0.55).encode(
        y=alt.Y("observed_low:Q", scale=scale, title="Actual"), y2="observed_high:Q"
    )
    return diagonal + whiskers + base.mark_circle(color=palette.VERMILLION, size=75, opacity=1).encode(y=actual)


def band_chart(found: pd.DataFrame) -> alt.LayerChart:
    """Loans in each band of the model, with their mean probability of default."""
    told = found.assign(
        name="Band " + found["risk_band"],
        told=[
            f"{loans:,} loans, {chance:.1%}"
            for loans, chance in zip(found["loan_count"], found["probability_of_default"], strict=True)
        ],
    )
    return _bars_across(told, "name", "loan_count", "told", palette.BLUE)


def reason_chart(found: pd.DataFrame) -> alt.LayerChart:
    """In how many loans of bands D and E a reason stands among the first."""
    told = found.assign(told=[wording.percent(share, 0) for share in found["risky_share"]])
    return _bars_across(told, "reason", "risky_count", "told", palette.VERMILLION)


def driver_chart(drivers: pd.DataFrame) -> alt.LayerChart:
    """Change of log-odds per standard deviation of an input: to the right raises the risk."""
    told = drivers.assign(way=["Raises risk" if value > 0 else "Lowers risk" for value in drivers["coefficient"]])
    edge = float(drivers["coefficient"].abs().max()) * 1.3
    base = alt.Chart(told).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=170)),
        x=alt.X("coefficient:Q", title=None, axis=alt.Axis(tickCount=5), scale=alt.Scale(domain=[-edge, edge])),
        tooltip=[alt.Tooltip("label:N", title="Input"), alt.Tooltip("coefficient:Q", title="Weight", format="+.2f")],
    )
    shades = {"Raises risk": palette.VERMILLION, "Lowers risk": palette.BLUE}
    bars = base.mark_bar(height={"band": 0.62}).encode(color=alt.Color("way:N", scale=colours(shades), legend=None))
    return alt.LayerChart(layer=[bars])


def alert_chart(found: pd.DataFrame) -> alt.Chart:
    """Alerts by month and severity."""
    told = found.groupby(["month_date", "severity"], as_index=False)["alert_count"].sum()
    told["rank"] = told["severity"].map(palette.SEVERITIES.index)
    told["level"] = told["severity"].map(wording.words)
    shades = {wording.words(name): palette.SEVERITY_COLOURS[name] for name in palette.SEVERITIES}
    return (
        alt.Chart(told)
        .mark_bar()
        .encode(
            x=alt.X("utcyearmonth(month_date):O", title=None, axis=alt.Axis(format="%b %y", labelOverlap=True)),
            y=alt.Y("alert_count:Q", title=None, axis=count_axis()),
            color=alt.Color("level:N", scale=colours(shades), legend=legend()),
            order=alt.Order("rank:Q", sort="descending"),
            tooltip=[
                alt.Tooltip("utcyearmonth(month_date):T", title="Month", format="%B %Y"),
                alt.Tooltip("level:N", title="Severity"),
                alt.Tooltip("alert_count:Q", title="Alerts"),
            ],
        )
    )


def rejected_chart(found: pd.DataFrame) -> alt.LayerChart:
    """Share of the delivered rows that each table rejected."""
    told = found.assign(
        name=found["table_name"].map(wording.table_label),
        told=[
            f"{rate:.2%} ({count:,.0f})"
            for rate, count in zip(found["rejected_rate"], found["rows_rejected"], strict=True)
        ],
    )
    return _bars_across(told, "name", "rejected_rate", "told", palette.ORANGE)


def duration_chart(found: pd.DataFrame) -> alt.Chart:
    """How long each run took, coloured by how it ended."""
    oldest_first = found.iloc[::-1]
    told = oldest_first.assign(
        ended=oldest_first["status"].map(wording.STATUSES),
        begun=oldest_first["started_at"].dt.strftime("%-d %b, %H:%M:%S"),
    )
    shades = {wording.STATUSES[name]: shade for name, shade in palette.STATUS_COLOURS.items()}
    present = [name for name in shades if name in set(told["ended"])]
    few: dict[str, Any] = {"size": 28} if len(told) < _FEW else {}  # or one would fill the chart
    return (
        alt.Chart(told)
        .mark_bar(cornerRadiusEnd=2, **few)
        .encode(
            x=alt.X("begun:O", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("wall_seconds:Q", title="Seconds", axis=alt.Axis(tickCount=4)),
            color=alt.Color("ended:N", scale=colours(shades, present), legend=legend()),
            tooltip=[
                alt.Tooltip("begun:N", title="Started (UTC)"),
                alt.Tooltip("ended:N", title="Ended"),
                alt.Tooltip("wall_seconds:Q", title="Seconds", format=",.1f"),
            ],
        )
    )


def course_chart(found: pd.DataFrame) -> alt.Chart:
    """When work on each table of a run began and ended, in seconds from its start."""
    start = found["started_at"].min()
    told = found.assign(
        begun=(found["started_at"] - start).dt.total_seconds(),
        ended=(found["finished_at"].fillna(found["started_at"]) - start).dt.total_seconds(),
        status=found["status"].map(wording.STATUSES),
    )
    shades = {wording.STATUSES[name]: shade for name, shade in palette.STATUS_COLOURS.items()}
    present = [name for name in shades if name in set(told["status"])]
    return (
        alt.Chart(told)
        .mark_bar(height={"band": 0.7}, minBandSize=2)
        .encode(
            y=alt.Y(
                "table_name:N", sort=None, title=None, axis=alt.Axis(labelLimit=250, ticks=False, labelOverlap=False)
            ),
            x=alt.X("begun:Q", title="Seconds", axis=alt.Axis(tickCount=8)),
            x2="ended:Q",
            color=alt.Color("status:N", scale=colours(shades, present), legend=legend()),
            tooltip=[
                alt.Tooltip("table_name:N", title="Table"),
                alt.Tooltip("duration_seconds:Q", title="Seconds", format=",.2f"),
                alt.Tooltip("rows_out:Q", title="Rows", format=","),
            ],
        )
    )
