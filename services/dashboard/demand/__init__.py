"""Page *Demand*: which series is off today, how sure, and what it costs."""
