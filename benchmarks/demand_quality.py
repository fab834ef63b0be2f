"""How well the demand monitor detects and forecasts, on data that nobody here made.

Three questions, each with a plot: labelled streams (the Numenta Anomaly Benchmark's files), anomalies of known kind and
size put into the demand of Online Retail, and forecast errors against seasonal naive over the same demand. The data
lie in ``RISK_LAKE_DATA`` (default ../shared/data); a part whose data are absent is passed over with a reason.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support import demand_detectors, nab, retail_demand, stream_detectors
from benchmarks.support.injection import injected, shuffled
from benchmarks.support.injection_outcome import Outcome, outcome
from benchmarks.support.plots import bars
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save
from benchmarks.support.retail_demand import Product
from benchmarks.support.setting import ROOT
from benchmarks.support.vus import vus_pr
from ml.demand.accuracy import mase, rmsse, wrmsse
from ml.demand.daily_grid import Flags
from ml.demand.selection import forecasts
from ml.demand.settings import DEFAULTS

PARTS = ("nab", "injection", "forecast")
NAB_TARGET = 58.0
#: Rows that labels are softened over for VUS-PR.
_BUFFER = 100
#: Share of false discoveries that the full method is asked for, and by how much it may miss.
FALSE_DISCOVERY_LEVELS, _TOLERANCE = (0.05, 0.1), 0.02
ALERTS_A_DAY = 10
_EVENT_SHARE, _SEED = 0.3, 7
#: Days of demand that a series of the injection has at least, so that a drop can be seen.
_INJECTION_DAYS, _INJECTION_SHARE = 150, 0.6
_FORECAST_DAYS = 60
STREAMS: dict[str, Callable[[nab.LabelledSeries], nab.Array]] = {
    "demand monitor, one setting": stream_detectors.ours,
    "windowed Gaussian": stream_detectors.windowed_gaussian,
    "plain Z rule": stream_detectors.plain_rule,
}


def main() -> None:
    """Measure each part, print, save and draw."""
    parser = arguments(__doc__, runs=1)
    default = Path(os.environ.get("RISK_LAKE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with nab and online_retail")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--series", type=int, default=300, help="series of the injection; forecasts take them all")
    options = parsed(parser, series=20)
    parts = options.parts.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown parts {', '.join(sorted(unknown))}; expected some of {', '.join(PARTS)}")
    for part in parts:
        folder = options.data / ("nab" if part == "nab" else "online_retail")
        if not folder.is_dir():
            print(f"{part}: passed over, {folder} is not there (RISK_LAKE_DATA names the folder above)")
            continue
        {"nab": run_nab, "injection": run_injection, "forecast": run_forecast}[part](options, folder)


def run_nab(options: argparse.Namespace, folder: Path) -> None:
    """NAB score of the standard profile and mean VUS-PR of the files that have anomalies."""
    files = nab.read(folder)
    if options.quick:
        files = [file for file in files if file.values.size < 2000]
    scores = {name: [detector(file) for file in files] for name, detector in STREAMS.items()}
    found = {name: nab.nab_score(files, told) for name, told in scores.items()}
    ours = next(iter(STREAMS))
    ranked = scores | {ours: [stream_detectors.ours_unsilenced(file) for file in files]}
    volumes = {name: mean_vus(files, told) for name, told in ranked.items()}
    held_out = held_out_score(files, scores[ours])
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


def held_out_score(files: Sequence[nab.LabelledSeries], scores: Sequence[nab.Array]) -> float:
    """The score where each folder's threshold is the best one of the other folders."""
    folders = [file.name.split("/")[0] for file in files]
    total, windows = 0.0, 0
    for folder in sorted(set(folders)):
        inside = [i for i, name in enumerate(folders) if name == folder]
        outside = [i for i, name in enumerate(folders) if name != folder]
        threshold = nab.nab_score([files[i] for i in outside], [scores[i] for i in outside]).threshold
        here = nab.score_at([files[i] for i in inside], [scores[i] for i in inside], threshold)
        total, windows = total + here.gain, windows + here.windows
    return 100.0 * total / (2.0 * windows) if windows else float("nan")


def mean_vus(files: Sequence[nab.LabelledSeries], scores: Sequence[nab.Array]) -> float:
    """Mean over the files that have anomalies."""
    found = [vus_pr(s, f.windows, _BUFFER) for f, s in zip(files, scores, strict=True) if f.windows]
    return float(np.mean(found)) if found else float("nan")


def run_injection(options: argparse.Namespace, folder: Path) -> None:
    """Events of known size in shuffled demand: what each detector finds, and its false alarms."""
    chosen = injection_products(retail_demand.read(_file(folder)), options.series)
    case = injected([shuffled(p, seed=i) for i, p in enumerate(chosen)], _EVENT_SHARE, _SEED)
    detectors: dict[str, demand_detectors.Detector] = {
        f"full method, {level:.0%} false discoveries": demand_detectors.full_method(level)
        for level in FALSE_DISCOVERY_LEVELS
    }
    detectors |= {
        "plain Z rule": demand_detectors.plain_rule,
        "statsforecast intervals, AutoETS 95 %": demand_detectors.statsforecast_intervals,
        "STL + IQR": demand_detectors.stl_iqr,
    }
    found = {name: outcome(case, detector(case.products), ALERTS_A_DAY) for name, detector in detectors.items()}
    figures = []
    for level, name in zip(FALSE_DISCOVERY_LEVELS, found, strict=False):
        gap = abs(found[name].false_discovery_rate - level)
        figures.append(Figure(f"realised less nominal false-discovery rate at {level:.0%}", gap, "", _TOLERANCE))
    for name, result in found.items():
        figures += _told(name, result)
    print_figures(f"{len(case.events)} anomalies injected into {len(case.products)} series", figures)
    content = {name: asdict(result) for name, result in found.items()}
    save(options.results, "demand_quality_injection", {"events": len(case.events), "detectors": content}, figures)
    bars(
        options.results / "demand_quality-injection.png",
        f"Money in anomalies among the first {ALERTS_A_DAY} alarms of a day, {len(case.products)} series",
        {name: 100.0 * result.money_recall for name, result in found.items()},
        unit="%",
        notes={n: f"recall {r.recall:.0%}, precision {r.precision:.0%}" for n, r in found.items()},
        quiet=[name for name in found if not name.startswith("full")],
        figures=figures[: len(FALSE_DISCOVERY_LEVELS)],
    )


def injection_products(products: Sequence[Product], count: int) -> list[Product]:
    """The products of most revenue among those that were sold on most days of most of the half-year."""

    def is_regular(product: Product) -> bool:
        known = product.series.is_known
        return bool(known.sum() >= _INJECTION_DAYS and sold_days(product) >= _INJECTION_SHARE * known.sum())

    return sorted(filter(is_regular, products), key=lambda p: (-p.revenue, p.series_id))[:count]


def _told(name: str, result: Outcome) -> list[Figure]:
    return [
        Figure(f"{name}: precision", result.precision),
        Figure(f"{name}: recall", result.recall),
        Figure(f"{name}: delay", result.delay, "days"),
        Figure(f"{name}: false-discovery rate", result.false_discovery_rate),
        Figure(f"{name}: money recall at {ALERTS_A_DAY} alarms a day", result.money_recall),
        Figure(f"{name}: alarms a day", result.alarms_a_day),
    ]


def run_forecast(options: argparse.Namespace, folder: Path) -> None:
    """MASE and weighted RMSSE of the chosen forecaster and of seasonal naive, one day ahead, on the same days.

    Of series with 60 or more days on which they were sold, and besides of all series that the shop had for 60 open days
    or more: most of these are sold so seldom that no sale at all is the median of a day.
    """
    products = [p for p in retail_demand.read(_file(folder)) if p.series.is_known.sum() >= _FORECAST_DAYS]
    if options.quick:
        products = products[:: max(len(products) // options.series, 1)]
    errors = {name: np.array(rows) for name, rows in _errors(products).items()}
    weights = np.array([max(product.revenue, 0.0) for product in products])
    is_often = np.array([sold_days(product) >= _FORECAST_DAYS for product in products])
    figures = _accuracy(errors, weights, is_often, f"{_FORECAST_DAYS} days with sales", has_target=True)
    told = _accuracy(errors, weights, np.ones(len(products), dtype=bool), f"{_FORECAST_DAYS} open days")
    print_figures(f"{is_often.sum():,} and {len(products):,} series, one day ahead", [*figures, *told])
    counts = {"series_often_sold": int(is_often.sum()), "series": len(products)}
    save(options.results, "demand_quality_forecast", counts, [*figures, *told])
    bars(
        options.results / "demand_quality-forecast.png",
        f"Forecast error one day ahead in units of seasonal naive's, {is_often.sum():,} series with 60 days of sales",
        {f.name.split(": ")[-1]: f.value for f in figures if "/" in f.name},
        unit="",
        figures=figures,
    )


def sold_days(product: Product) -> int:
    """Days on which it was sold or came back."""
    return int(np.count_nonzero(np.nan_to_num(product.series.quantity)))


def _accuracy(
    errors: Mapping[str, nab.Array], weights: nab.Array, is_meant: Flags, which: str, *, has_target: bool = False
) -> list[Figure]:
    """Figures over the series that are meant and whose scaled errors exist."""
    told = is_meant & np.isfinite(errors["mase"]) & np.isfinite(errors["naive_mase"])
    share = {
        name: 100.0 * float(np.mean(errors[name][told] < errors[f"naive_{name}"][told])) for name in ("mase", "rmsse")
    }
    mean = float(errors["mase"][told].mean() / errors["naive_mase"][told].mean())
    weighted = wrmsse(errors["rmsse"][told], weights[told]) / wrmsse(errors["naive_rmsse"][told], weights[told])
    target, most = (70.0, 1.0) if has_target else (None, None)
    return [
        Figure(f"{which}: series with a smaller MASE than seasonal naive", share["mase"], "%", target, ">="),
        Figure(f"{which}: series with a smaller RMSSE than seasonal naive", share["rmsse"], "%", target, ">="),
        Figure(f"{which}: mean MASE / that of seasonal naive", mean, "", most),
        Figure(f"{which}: WRMSSE / that of seasonal naive", weighted, "", most),
    ]


def _errors(products: Sequence[Product]) -> Mapping[str, list[float]]:
    """Errors of each series over its judged days, scaled by seasonal naive over the days before them."""
    found: dict[str, list[float]] = {"mase": [], "naive_mase": [], "rmsse": [], "naive_rmsse": []}
    season, begin = DEFAULTS.season_days, DEFAULTS.minimum_history_days
    for product in products:
        made, actual = forecasts(product.series, DEFAULTS), product.series.quantity
        is_judged = np.isfinite(actual) & np.isfinite(made.naive)
        is_judged[:begin] = False
        days = np.flatnonzero(is_judged)
        for name, forecast in (("", made.forecast), ("naive_", made.naive)):
            found[f"{name}mase"].append(mase(actual[days], forecast[days], actual, season))
            found[f"{name}rmsse"].append(rmsse(actual[days], forecast[days], actual, season))
    return found


def _file(folder: Path) -> Path:
    files = sorted(folder.glob("*.csv.gz"))
    if not files:
        sys.exit(f"{folder}: no *.csv.gz here")
    return files[0]


if __name__ == "__main__":
    main()
