"""What a judged series costs: the full method against plain statsforecast with the same models, and how it scales.

The same series, the same days ahead, the same models, fitted at the same interval to the same last year: here
``ml.demand.judgement``, which goes on to choose, to judge and to name; there the library's own cross-validation, which
forecasts alone. Beside it what the library needs for the fits by themselves, each followed by four weeks forecast at
once: a lower bound for anything that uses them. CPU seconds in one process are compared.

Series are made up: a week, a slow drift, noise, and in the tables of every third series days without demand. The
scaling runs the registered transform on the embedded engine over more and more series of a shorter history; every size
that is printed was run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support.made_demand import frame_of, made_series
from benchmarks.support.plots import bars
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save
from ml.demand.daily_grid import DailySeries, filled
from ml.demand.forecast_table import COLUMNS, every_day, judged_rows
from ml.demand.judgement import judgement
from ml.demand.settings import DEFAULTS, DemandSettings
from spark_jobs import columns
from spark_jobs.engines.embedded.database import Database

_MODELS = ("auto_ets", "mstl")
_REFIT_DAYS = 28
#: What the method costs beside the fits: forecasters that need none.
WITHOUT_FITS = replace(DEFAULTS, regular_forecasters=("weekday_mean",), intermittent_forecasters=("weekday_mean",))


def main() -> None:
    """Measure, print, save and draw."""
    parser = arguments(__doc__, runs=3)
    parser.add_argument("--series", type=int, default=6, help="series of the comparison")
    parser.add_argument("--days", type=int, default=365, help="days of the comparison")
    parser.add_argument("--scaling", default="1000,10000,100000", help="series of the scaling, without fits")
    parser.add_argument("--scaling-fitted", default="100,1000", help="series of the scaling, all forecasters")
    parser.add_argument("--scaling-days", type=int, default=90, help="days of the scaling")
    options = parsed(parser, series=4, days=120, scaling="50,100", scaling_fitted="6")
    series = [made_series(number, options.days, is_regular=True) for number in range(options.series)]
    judgement(series[0])  # imports and first calls
    ways: dict[str, Callable[[list[DailySeries]], None]] = {
        "full method": full_method,
        "statsforecast": plain_statsforecast,
        "statsforecast, its fits alone": fits_alone,
    }
    seconds = {name: _median(way, series, options.runs) / options.series for name, way in ways.items()}
    ratios = {name: seconds["full method"] / seconds[name] for name in list(ways)[1:]}
    figures = [Figure("full method / plain statsforecast, seconds per series", ratios["statsforecast"], "", 1.0)]
    figures.append(Figure("full method / statsforecast's fits alone", ratios["statsforecast, its fits alone"]))
    figures += [Figure(f"{name}, per series of {options.days} days", 1000.0 * s, "ms") for name, s in seconds.items()]
    per_series: dict[str, float] = {}
    for name, sizes, settings in (
        ("all forecasters", options.scaling_fitted, DEFAULTS),
        ("without fits", options.scaling, WITHOUT_FITS),
    ):
        for size in map(int, sizes.split(",")):
            found = scaling(size, options.scaling_days, settings)
            per_series[f"{size:,} series, {name}"] = 1000.0 * found / size
            figures.append(Figure(f"table of {size:,} series, {name}", found, "s"))
    print_figures(f"{options.series} series of {options.days} days; tables of {options.scaling_days} days", figures)
    save(options.results, "demand_speed", {"models": list(_MODELS), "milliseconds_per_series": per_series}, figures)
    bars(
        options.results / "demand_speed.png",
        f"A judged series of {options.days} days: every day ahead, refitted every {_REFIT_DAYS} days",
        {name: 1000.0 * s for name, s in seconds.items()},
        unit="ms per series",
        quiet=list(ways)[1:],
        figures=figures[:1],
    )
    bars(
        options.results / "demand_speed-scaling.png",
        f"gold.demand_forecast on one core: milliseconds per series of {options.scaling_days} days",
        per_series,
        unit="ms per series",
        quiet=[name for name in per_series if "without" in name],
    )


def full_method(series: list[DailySeries]) -> None:
    """Forecast with both models, choose, judge and name."""
    settings = replace(
        DEFAULTS,
        refit_days=_REFIT_DAYS,
        regular_forecasters=_MODELS,
        intermittent_forecasters=_MODELS,
        year_days=0,
    )
    for one in series:
        judgement(one, settings)


def plain_statsforecast(series: list[DailySeries]) -> None:
    """The library's cross-validation: the same days ahead by the same models."""
    windows = series[0].days - DEFAULTS.minimum_history_days
    _cross_validated(series, 1, windows, refit=_REFIT_DAYS)


def fits_alone(series: list[DailySeries]) -> None:
    """The same fits, each followed by forecasts of all days up to the next one."""
    windows = (series[0].days - DEFAULTS.minimum_history_days) // _REFIT_DAYS
    _cross_validated(series, _REFIT_DAYS, windows, refit=True)


def _cross_validated(series: list[DailySeries], days_ahead: int, windows: int, *, refit: bool | int) -> None:
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast.models import MSTL, AutoETS

    season = DEFAULTS.season_days
    frames = [
        pd.DataFrame({"unique_id": n, "ds": np.arange(one.days), "y": filled(one, season)})
        for n, one in enumerate(series)
    ]
    models = [AutoETS(season_length=season), MSTL(season_length=[season], trend_forecaster=AutoETS(model="ZZN"))]
    StatsForecast(models, freq=1, n_jobs=1).cross_validation(
        df=pd.concat(frames),
        h=days_ahead,
        step_size=days_ahead,
        n_windows=windows,
        refit=refit,
        input_size=DEFAULTS.fitted_days,
    )


def scaling(size: int, days: int, settings: DemandSettings) -> float:
    """Seconds of the table over ``size`` series, from stored rows to stored rows, on the embedded engine."""
    columns.use_engine("duckdb")
    demand = frame_of(Database(), size, days)
    began = time.perf_counter()
    compute = partial(judged_rows, settings=settings)
    made = columns.map_groups(every_day(demand), ["series_id"], compute, COLUMNS, order=["date"])
    rows = made.count()
    if rows != size * (days - DEFAULTS.minimum_history_days):
        raise RuntimeError(f"{rows} rows of {size} series")
    return time.perf_counter() - began


def _median(way: Callable[[list[DailySeries]], None], series: list[DailySeries], runs: int) -> float:
    found = []
    for _ in range(runs):
        began = time.process_time()
        way(series)
        found.append(time.process_time() - began)
    return float(np.median(found))


if __name__ == "__main__":
    main()
