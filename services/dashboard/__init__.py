"""The dashboard: a page for each product, out of the lake's gold and ops tables and its views; it changes nothing."""
