"""Where delivered files come from: one package or module per source, each writing the landing layout.

A source puts CSV files under ``<output>/<table>/`` that meet the landing contracts; everything after that is the same
pipeline for all of them.
"""
