"""The full load written by hand for Polars: ``load``, and a module for the tables of each subject of gold."""
