"""The same full load by other means: what Risk Lakehouse is measured against, and judged by."""
