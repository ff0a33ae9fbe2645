"""Grading a folder of strangers' submissions: intake, parallel grading, a ledger that survives kill -9, reports."""
