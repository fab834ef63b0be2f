"""Open days in a row on which nothing was sold: how rare the run is, and whether it looks like an empty shelf."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.demand.daily_grid import Array, DailySeries, Flags
from ml.demand.settings import DemandSettings

Places = NDArray[np.int64]
#: Known days before a run that tell how often demand comes.
_REMEMBERED = 112
#: Known days before a run that show the usual size of demand, and the last of them that show whether it was fading.
_BEFORE, _LATELY = 56, 7
#: Days without demand that the share of all days counts for when it is asked how often one follows another.
_PRIOR_DAYS = 10.0
#: Demand of the last week, or of the rest of the shop, below this share of its usual size is fading.
_FADING = 0.5


def run_p_values(demand: Array, longest: int) -> Array:
    """For each known day: the chance of the run of days without demand that it ends; 1 on a day with demand.

    1 as well where fewer than a week of days lie before the run, and once it is longer than ``longest``.
    """
    day = np.arange(demand.size)
    is_without = demand <= 0.0
    begin = np.maximum.accumulate(np.where(is_without, -1, day)) + 1
    length = day - begin + 1
    is_told = is_without & (begin >= _LATELY) & (length <= longest)
    return np.where(is_told, _chance_of_none(is_without, begin, length), 1.0)


def least_mean_p_values(demand: Array, is_left_out: Flags, days: int) -> Array:
    """For each day: the p-value that too little demand over the last ``days`` days has at least.

    Little demand is no rarer than as many days without any are. Counted over days whose demand is known and that are
    not left out; NaN on others and before there are ``days`` of them.
    """
    found = np.full(demand.size, np.nan)
    known = np.flatnonzero(np.isfinite(demand) & ~is_left_out)
    begin = np.arange(known.size - days + 1)
    if begin.size:
        found[known[days - 1 :]] = _chance_of_none(demand[known] <= 0.0, begin, np.full(begin.size, days))
    return found


def _chance_of_none(is_without: Flags, begin: Places, length: Places) -> Array:
    """The chance that the ``length`` days from each ``begin`` on bring no demand, told from the days before it.

    Such days come in clusters (a season ends, a shelf is empty): the first by its share of the days, each further one
    by the share of such days that followed another where that is larger, mixed with the first share as if
    ``_PRIOR_DAYS`` days had told it. What so few days tell is not exact, so each day of the run is taken to have told
    more of it (the predictive chance of a beta-binomial, Laplace's rule of succession for several days).
    """
    from scipy.special import gammaln

    since = np.maximum(begin - _REMEMBERED, 0)

    def count(flags: Flags, first: Places) -> Array:
        sums = np.concatenate([[0.0], np.cumsum(flags)])
        return np.asarray(sums[begin] - sums[np.minimum(first, begin)])

    follows = np.concatenate([[False], is_without[:-1]])
    share = (count(is_without, since) + 1.0) / (begin - since + 2.0)
    told = count(follows, since + 1) + _PRIOR_DAYS
    stayed = np.maximum(count(follows & is_without, since + 1) + _PRIOR_DAYS * share, told * share)
    further = length - 1.0
    stay = gammaln(stayed + further) - gammaln(stayed) - gammaln(told + further) + gammaln(told)
    return np.asarray(np.maximum(share * np.exp(stay), np.finfo(float).tiny))


def least_p_values(demand: Array, is_left_out: Flags) -> Array:
    """For each day: the p-value that too little demand has at least, by ranks among the days before.

    Little demand is no rarer than none at all was. Of a day with more returns than demand, its rank alone is believed:
    days before tell how often such days come and not how large returns may be. Days of which nothing is known (NaN),
    whose own value is 0, and those left out count for nothing.
    """
    seen = np.where(is_left_out, np.nan, demand)
    known, without = (np.concatenate([[0], np.cumsum(is_such)])[:-1] for is_such in (np.isfinite(seen), seen <= 0.0))
    as_low = np.where(np.isfinite(demand), without, 0)
    for day in np.flatnonzero(demand < 0.0):
        as_low[day] = 1 + np.count_nonzero(seen[:day] <= demand[day])
    return np.asarray(as_low / (known + 1.0), dtype=np.float64)


def stock_outs(series: DailySeries, settings: DemandSettings) -> Flags:
    """The days of a grid that belong to a stock-out as far as the days up to them tell; the first days of one do not.

    A run of open days without demand is one from the day on which it is rarer than ``stock_out_chance`` until it has
    lasted ``stock_out_longest_days``, where it began at once and the rest of the shop sells as before.
    """
    known = np.flatnonzero(series.is_known)
    demand, others = series.quantity[known], series.other_quantity[known]
    found = np.zeros(series.days, dtype=bool)
    chance = run_p_values(demand, settings.stock_out_longest_days)
    for place in np.flatnonzero(chance <= settings.stock_out_chance):
        if is_like_a_stock_out(demand[: place + 1], others[: place + 1]):
            found[known[place]] = True
    return found


def is_like_a_stock_out(demand: Array, others: Array) -> bool:
    """Whether the run that the last of these known days ends began at once while the rest of the shop sold as before.

    ``others`` is the demand of the rest of the shop on the same days, NaN where there is none to compare with.
    """
    positive = np.flatnonzero(demand > 0.0)
    if not positive.size or demand[-1] > 0.0:
        return False
    begin = int(positive[-1]) + 1
    before = slice(max(0, begin - _BEFORE), begin)
    if demand[before][-_LATELY:].mean() < _FADING * demand[before].mean():
        return False
    rest_before, rest_now = others[before], others[begin:]
    if not np.isfinite(rest_before).any() or not np.isfinite(rest_now).any():
        return True
    return bool(np.nanmean(rest_now) >= _FADING * np.nanmean(rest_before))
