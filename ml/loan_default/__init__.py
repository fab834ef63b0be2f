"""Probability that a loan defaults: Spark MLlib logistic regression on what was known before origination."""
