"""Page *Banking*: loan book, vintages, default model, compliance alerts, data quality and runs."""
