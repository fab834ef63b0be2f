"""The full load written by hand for pandas: ``load``, and a module for the tables of each subject of gold."""
