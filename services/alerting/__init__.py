"""The daily alerts: who became a high risk and what a compliance officer must look at, told once."""
