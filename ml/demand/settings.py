"""What the full method can be told, in one place, with what each number does."""

from __future__ import annotations

from dataclasses import dataclass

_AT_LEAST_ONE = (
    "season_days",
    "minimum_history_days",
    "refit_days",
    "choice_days",
    "selection_days",
    "weekday_weeks",
    "fitted_days",
    "rare_demand_days",
    "unsettled_days",
)
_SHARES = (
    "single_day_share",
    "interval_level",
    "tail_share",
    "adaptation_step",
    "scale_weight",
    "stock_out_chance",
    "combination_margin",
)


@dataclass(frozen=True)
class DemandSettings:
    """Days are days of the calendar unless they are called judged; shares and levels lie in (0, 1).

    ValueError for a setting without meaning, naming it and what was expected.
    """

    #: Days of a season: the week of daily demand.
    season_days: int = 7
    #: Days of a second season, for MSTL alone, once two of them have been seen; 0 for none.
    year_days: int = 365
    #: Days before the first that is judged: four weeks, so that each weekday has been seen four times.
    minimum_history_days: int = 28
    #: Forecasters are fitted anew when the history has doubled, and after so many days at the latest; between, their
    #: states go on day by day. Two years take six fits at 182 days and 26 at 28.
    refit_days: int = 182
    #: One of them is chosen anew, and the scores that days are judged by are taken anew, after so many days.
    choice_days: int = 28
    #: The last days that a fit sees. Older ones cost time and tell little of the level and the week.
    fitted_days: int = 365
    #: Judged days over which forecasters are compared; the one with the smallest loss goes on.
    selection_days: int = 56
    #: What a squared error counts for in that loss beside an absolute one, each in units of seasonal naive's. The same
    #: loss says how much of its mean rare demand is forecast at (``ml.demand.rare_demand``).
    squared_error_weight: float = 4.0
    #: Days before each that tell on how large a share of days demand comes.
    rare_demand_days: int = 28
    #: Same weekdays that the mean of a weekday is taken over.
    weekday_weeks: int = 8
    #: Average days between two of demand from which it is intermittent (Syntetos, Boylan and Croston 2005).
    intermittent_interval: float = 1.32
    #: Days with an effect (promoted, reopened) that must have been seen before it is used, and the days of no effect
    #: that its estimate is mixed with.
    effect_minimum_days: int = 3
    effect_prior_days: float = 4.0
    #: Share of days that intervals are to cover.
    interval_level: float = 0.95
    #: Step of adaptive conformal inference: how fast intervals answer to days outside of them.
    adaptation_step: float = 0.01
    #: Judged days whose scores an interval and a p-value rest on.
    calibration_days: int = 365
    #: The first of them, which a day by itself is not ranked among once there are enough others.
    unsettled_days: int = 28
    #: Share of the scores on either side that the tail is fitted to, and the shape that few scores are mixed with.
    tail_share: float = 0.1
    tail_shape: float = 0.2
    #: Weight of a day in the running size of errors, which deviations are measured in.
    scale_weight: float = 0.04
    #: An error counts as no more than so many times the running size, so that an anomaly does not hide the next.
    scale_limit: float = 4.0
    #: Open days in a row without demand count as a stock-out where chance makes them rarer than this; after so many
    #: days in a row the product is taken to be gone.
    stock_out_chance: float = 0.01
    stock_out_longest_days: int = 28
    #: Days over which deviations are also taken together, and the score that one of them counts for at most: what
    #: lasts is seen before any one day of it is out of the ordinary, and one strange day is not taken for it.
    persistent_days: tuple[int, ...] = (3, 7)
    persistent_limit: float = 2.0
    #: Of the chance of a false alarm, the part that goes to single days; the rest is shared by what lasts.
    single_day_share: float = 0.5
    #: Weeks in a row in which one weekday alone is off on the same side that make a change of the season.
    seasonal_change_weeks: int = 3
    #: Forecasters that compete, by name (``ml.demand.forecasters``); seasonal_naive always does.
    regular_forecasters: tuple[str, ...] = ("weekday_mean", "auto_ets", "mstl")
    intermittent_forecasters: tuple[str, ...] = ("weekday_mean", "croston", "tsb", "adida")
    #: Whether the mean of all forecasters but seasonal naive competes too, and the part of its loss that a single one
    #: must save to be chosen instead: of few days, the best is easily mistaken.
    has_combination: bool = True
    combination_margin: float = 0.05

    def __post_init__(self) -> None:
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: found {getattr(self, name)}, expected at least 1")
        for name in _SHARES:
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name}: found {getattr(self, name)}, expected a number between 0 and 1")
        if self.squared_error_weight <= 0.0:
            raise ValueError(f"squared_error_weight: found {self.squared_error_weight}, expected more than 0")
        if self.minimum_history_days < 2 * self.season_days:
            raise ValueError(
                f"minimum_history_days: found {self.minimum_history_days}, expected two seasons, {2 * self.season_days}"
            )


#: What the table ``gold.demand_forecast`` is made with.
DEFAULTS = DemandSettings()
