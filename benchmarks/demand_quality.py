"""How well the demand monitor detects and forecasts, on data that nobody here made.

Three questions, each with a plot: labelled streams (the Numenta Anomaly Benchmark's files), anomalies of known kind and
size put into the demand of Online Retail, and forecast errors against seasonal naive over the same demand. The data
lie in ``RISK_LAKE_DATA`` (default ../shared/data); a part whose data are absent is passed over with a reason. The part
``speed`` runs the benchmarks of speed at sizes of minutes.

Forecasts are evaluated on the days from ``EVALUATED_FROM`` on; how they are chosen was settled on the days before.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support import demand_detectors, nab, retail_demand, stream_detectors
from benchmarks.support.forecast_errors import Accuracy, accuracy, methods_chosen, series_errors
from benchmarks.support.injection import Injected, injected, shuffled
from benchmarks.support.injection_outcome import Outcome, outcome
from benchmarks.support.parallel import for_each
from benchmarks.support.plots import bars
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save
from benchmarks.support.retail_demand import Product
from benchmarks.support.setting import ROOT
from benchmarks.support.vus import vus_pr
from ml.demand.daily_grid import DailySeries
from ml.demand.judgement import judgement

PARTS = ("nab", "injection", "forecast", "speed")
#: The benchmarks of speed with what they are asked for here; ``make bench-full`` runs their larger sizes.
_SPEED = {
    "demand_rule": ("--series", "10000"),
    "demand_speed": ("--runs", "1", "--series", "4", "--scaling", "1000,10000", "--scaling-fitted", "100"),
}
NAB_TARGET = 58.0
#: Rows that labels are softened over for VUS-PR.
_BUFFER = 100
#: Share of false discoveries that the full method is asked for, and by how much it may miss.
FALSE_DISCOVERY_LEVELS, _TOLERANCE = (0.05, 0.1), 0.02
ALERTS_A_DAY = 10
_EVENT_SHARE, _SEED = 0.3, 7
#: Random orders of the days, each with anomalies of its own, that false discoveries are counted over.
_DRAWS = 4
#: Days of demand that a series of the injection has at least, so that a drop can be seen.
_INJECTION_DAYS, _INJECTION_SHARE = 150, 0.6
#: Days that a series of the forecast has at least, open ones and ones on which it was sold.
_FORECAST_DAYS = 60
#: The first day that forecasts are evaluated on.
EVALUATED_FROM = date(2011, 4, 1)
STREAMS: dict[str, Callable[[nab.LabelledSeries], nab.Array]] = {
    "demand monitor, one setting": stream_detectors.ours,
    "windowed Gaussian": stream_detectors.windowed_gaussian,
    "plain Z rule": stream_detectors.plain_rule,
}
RETAIL: dict[str, Callable[[DailySeries], demand_detectors.Flagged]] = {
    "plain Z rule": demand_detectors.plain_rule,
    "statsforecast intervals, AutoETS 95 %": demand_detectors.statsforecast_intervals,
    "STL + IQR": demand_detectors.stl_iqr,
}


def main() -> None:
    """Measure each part, print, save and draw."""
    parser = arguments(__doc__, runs=1)
    default = Path(os.environ.get("RISK_LAKE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with nab and online_retail")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--series", type=int, default=300, help="series of the injection; forecasts take them all")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many share the series")
    options = parsed(parser, series=20, processes=1)
    parts = options.parts.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown parts {', '.join(sorted(unknown))}; expected some of {', '.join(PARTS)}")
    for part in parts:
        if part == "speed":
            run_speed(options)
            continue
        folder = options.data / ("nab" if part == "nab" else "online_retail")
        if not folder.is_dir():
            print(f"{part}: passed over, {folder} is not there (RISK_LAKE_DATA names the folder above)")
            continue
        {"nab": run_nab, "injection": run_injection, "forecast": run_forecast}[part](options, folder)


def run_speed(options: argparse.Namespace) -> None:
    """Each in a process of its own, so that nothing is loaded that it does not need; SystemExit where one fails."""
    folders = ["--work", str(options.work), "--results", str(options.results)]
    for name, asked in _SPEED.items():
        sizes = ("--quick",) if options.quick else asked
        command = [sys.executable, "-m", f"benchmarks.{name}", *sizes, *folders]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            sys.exit(f"benchmarks.{name} failed")


def run_nab(options: argparse.Namespace, folder: Path) -> None:
    """NAB score of the standard profile and mean VUS-PR of the files that have anomalies."""
    files = nab.read(folder)
    if options.quick:
        files = [file for file in files if file.values.size < 2000]
    ranked = {name: for_each(detector, files, options.processes) for name, detector in STREAMS.items()}
    ours = next(iter(STREAMS))
    alarming = [stream_detectors.ours_thinned_out(*pair) for pair in zip(files, ranked[ours], strict=True)]
    scores = ranked | {ours: alarming}
    found = {name: nab.nab_score(files, told) for name, told in scores.items()}
    volumes = {name: mean_vus(files, told) for name, told in ranked.items()}
    held_out = nab.held_out_score(files, scores[ours])
    figures = [Figure(f"NAB score, {ours}", found[ours].score, "", NAB_TARGET, ">=")]
    figures += [Figure(f"NAB score, {name}", result.score) for name, result in found.items() if name != ours]
    figures += [Figure(f"NAB score, {ours}, threshold of the other folders", held_out)]
    figures += [Figure(f"VUS-PR, {name}", volume) for name, volume in volumes.items()]
    print_figures(f"NAB, {len(files)} files, standard profile, one threshold for all files", figures)
    content = {name: asdict(result) for name, result in found.items()}
    save(options.results, "demand_quality_nab", {"files": len(files), "detectors": content}, figures)
    bars(
        options.results / "demand_quality-nab.png",
        f"Labelled anomalies found early: NAB score over {len(files)} files",
        {name: result.score for name, result in found.items()},
        unit="of 100",
        notes={n: f"{r.detected} of {r.windows} windows, {r.false_alarms} false alarms" for n, r in found.items()},
        quiet=[name for name in found if name != ours],
        figures=figures[:1],
    )


def mean_vus(files: Sequence[nab.LabelledSeries], scores: Sequence[nab.Array]) -> float:
    """Mean over the files that have anomalies."""
    found = [vus_pr(s, f.windows, _BUFFER) for f, s in zip(files, scores, strict=True) if f.windows]
    return float(np.mean(found)) if found else float("nan")


def run_injection(options: argparse.Namespace, folder: Path) -> None:
    """Events of known size in shuffled demand: what each detector finds, and its false alarms.

    The same events besides in demand as it came, by the full method and the plain rule: what they find there, and how
    many alarms they raise on other days, of which nobody knows whether they are false.
    """
    chosen = injection_products(retail_demand.read(_file(folder)), options.series)
    case, *others = (_drawn(chosen, draw) for draw in range(_DRAWS))
    found = _outcomes(case, RETAIL, options.processes)
    full = list(found)[: len(FALSE_DISCOVERY_LEVELS)]
    draws = [found, *(_outcomes(other, {}, options.processes) for other in others)]
    plain = dict(list(RETAIL.items())[:1])
    as_it_came = _outcomes(injected(chosen, _EVENT_SHARE, _SEED), plain, options.processes)
    figures = []
    for level, name in zip(FALSE_DISCOVERY_LEVELS, full, strict=True):
        realised = float(np.mean([outcomes[name].false_discovery_rate for outcomes in draws]))
        figures.append(Figure(f"realised false-discovery rate at {level:.0%}, mean of {_DRAWS} draws", realised))
        figures.append(
            Figure(f"gap between realised and nominal rate at {level:.0%}", abs(realised - level), "", _TOLERANCE)
        )
    for name, result in found.items():
        figures += _told(name, result)
    for name, result in as_it_came.items():
        figures += _told_of_real_order(f"{name}, days as they came", result)
    told = f"{len(case.events)} anomalies injected into the {len(chosen)} regular series of most revenue"
    print_figures(f"{told}; days of each weekday in random order", figures)
    outcomes = {"detectors": found, "days_as_they_came": as_it_came}
    content = {part: {name: asdict(result) for name, result in told.items()} for part, told in outcomes.items()}
    save(options.results, "demand_quality_injection", {"events": len(case.events), **content}, figures)
    bars(
        options.results / "demand_quality-injection.png",
        f"Money in anomalies among the first {ALERTS_A_DAY} alarms of a day, {len(chosen)} series",
        {name: 100.0 * result.money_recall for name, result in found.items()},
        unit="%",
        notes={n: f"recall {r.recall:.0%}, precision {r.precision:.0%}" for n, r in found.items()},
        quiet=[name for name in found if name not in full],
        figures=[figure for figure in figures if figure.target is not None],
    )


def _drawn(products: Sequence[Product], draw: int) -> Injected:
    """Anomalies put into the products with their days in random order."""
    ordinary = [shuffled(product, seed=draw * len(products) + i) for i, product in enumerate(products)]
    return injected(ordinary, _EVENT_SHARE, _SEED + draw)


def _outcomes(
    case: Injected, others: Mapping[str, Callable[[DailySeries], demand_detectors.Flagged]], processes: int
) -> dict[str, Outcome]:
    """The full method at each level first, then the other detectors."""
    series = [product.series for product in case.products]
    judged = for_each(judgement, series, processes)
    flagged = {
        f"full method, {level:.0%} false discoveries": demand_detectors.full_method(case.products, judged, level)
        for level in FALSE_DISCOVERY_LEVELS
    }
    flagged |= {name: for_each(detector, series, processes) for name, detector in others.items()}
    return {name: outcome(case, flags, ALERTS_A_DAY) for name, flags in flagged.items()}


def injection_products(products: Sequence[Product], count: int) -> list[Product]:
    """The products of most revenue among those that were sold on most days of most of the half-year."""

    def is_regular(product: Product) -> bool:
        known = product.series.is_known
        return bool(known.sum() >= _INJECTION_DAYS and product.sold_days >= _INJECTION_SHARE * known.sum())

    return sorted(filter(is_regular, products), key=lambda p: (-p.revenue, p.series_id))[:count]


def _told(name: str, result: Outcome) -> list[Figure]:
    return [
        Figure(f"{name}: precision", result.precision),
        Figure(f"{name}: recall", result.recall),
        Figure(f"{name}: delay", result.delay, "days"),
        Figure(f"{name}: false-discovery rate", result.false_discovery_rate),
        Figure(f"{name}: precision of the first {ALERTS_A_DAY} alarms a day", result.queue_precision),
        Figure(f"{name}: recall of the first {ALERTS_A_DAY} alarms a day", result.queue_recall),
        Figure(f"{name}: money recall of the first {ALERTS_A_DAY} alarms a day", result.money_recall),
        Figure(f"{name}: alarms a day", result.alarms_a_day),
    ]


def _told_of_real_order(name: str, result: Outcome) -> list[Figure]:
    return [
        Figure(f"{name}: recall", result.recall),
        Figure(f"{name}: money recall of the first {ALERTS_A_DAY} alarms a day", result.money_recall),
        Figure(f"{name}: alarms a day", result.alarms_a_day),
    ]


def run_forecast(options: argparse.Namespace, folder: Path) -> None:
    """MASE and weighted RMSSE of the chosen forecasters and of seasonal naive, one day ahead, on the same days.

    Of series with 60 or more open days, and besides of those of them that were sold on 60 days or more.
    """
    products = [p for p in retail_demand.read(_file(folder)) if p.series.is_known.sum() >= _FORECAST_DAYS]
    if options.quick:
        products = products[:: max(len(products) // options.series, 1)]
    first_day = (EVALUATED_FROM - date(1970, 1, 1)).days
    found = for_each(partial(series_errors, first_day=first_day), products, options.processes)
    parts = {f"{_FORECAST_DAYS} days": found}
    if often := [one for one in found if one.sold_days >= _FORECAST_DAYS]:
        parts[f"{_FORECAST_DAYS} days with sales"] = often
    told = {which: accuracy(series) for which, series in parts.items()}
    figures = [figure for which, result in told.items() for figure in _accuracy_told(which, result)]
    counts = " and ".join(f"{result.series:,} series with {which}" for which, result in told.items())
    print_figures(f"{counts}, one day ahead, days from {EVALUATED_FROM} on", figures)
    content = {which: asdict(result) for which, result in told.items()}
    chosen = {which: methods_chosen(series) for which, series in parts.items()}
    save(
        options.results,
        "demand_quality_forecast",
        {"evaluated_from": EVALUATED_FROM.isoformat(), "errors": content, "days_by_forecaster": chosen},
        figures,
    )
    bars(
        options.results / "demand_quality-forecast.png",
        f"Forecast error one day ahead against seasonal naive's, {len(found):,} series with {_FORECAST_DAYS} days",
        {name: 100.0 * value for name, value in _in_units_of_naive(next(iter(told.values()))).items()},
        unit="% of seasonal naive's",
        figures=[figure for figure in figures if figure.target is not None],
    )


def _in_units_of_naive(result: Accuracy) -> dict[str, float]:
    return {
        "mean MASE": result.mase / result.naive_mase,
        "WRMSSE": result.wrmsse / result.naive_wrmsse,
        "RMSE of the sum of all series": result.total_rmse,
    }


def _accuracy_told(which: str, result: Accuracy) -> list[Figure]:
    """A share of 70 % of series is aimed at, and no error of all series together larger than seasonal naive's."""
    begin = f"{which}: "
    return [
        Figure(f"{begin}series with a smaller MASE than seasonal naive", 100.0 * result.better_mase, "%", 70.0, ">="),
        Figure(f"{begin}series with the same MASE", 100.0 * result.equal_mase, "%"),
        Figure(f"{begin}series with a smaller RMSSE than seasonal naive", 100.0 * result.better_rmsse, "%", 70.0, ">="),
        *(
            Figure(f"{begin}{name} / seasonal naive's", value, "", 1.0)
            for name, value in _in_units_of_naive(result).items()
        ),
        Figure(f"{begin}mean MASE", result.mase),
        Figure(f"{begin}WRMSSE", result.wrmsse),
        Figure(f"{begin}forecasts beyond demand in all", 100.0 * result.bias, "%"),
        Figure(f"{begin}seasonal naive's beyond demand in all", 100.0 * result.naive_bias, "%"),
    ]


def _file(folder: Path) -> Path:
    files = sorted(folder.glob("*.csv.gz"))
    if not files:
        sys.exit(f"{folder}: no *.csv.gz here")
    return files[0]


if __name__ == "__main__":
    main()
