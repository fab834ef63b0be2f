"""The demand monitor: which series is off, how sure that is, and what it costs."""
