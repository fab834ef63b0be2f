"""Daily demand judged series by series: forecast, interval, p-value and the kind of what is off."""
