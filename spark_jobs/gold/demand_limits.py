"""What the demand monitor goes by: the plain rule's season and window, and where anomalies and risk levels begin."""

from __future__ import annotations

#: The plain rule expects what was asked for so many days before.
SEASON_DAYS = 7
#: Days before the day judged whose deviations tell what is ordinary.
WINDOW_DAYS = 30
#: Deviations that these days must hold; with fewer the history is too short.
LEAST_DEVIATIONS = 20
#: |z| from which a day is an anomaly.
ANOMALY_BOUND = 2.0
#: Share of false ones that is allowed among the anomalies of a day by the full method.
FALSE_DISCOVERY_SHARE = 0.1
#: |z| from which a level applies, ascending; below the first the level is ``low``.
LEVEL_BOUNDS = ((2.0, "medium"), (3.0, "high"), (4.0, "critical"))
LOWEST_LEVEL, NOT_JUDGED = "low", "none"
#: Days after a day that its demand still bears on, as forecast or as deviation.
REACH_DAYS = SEASON_DAYS + WINDOW_DAYS
