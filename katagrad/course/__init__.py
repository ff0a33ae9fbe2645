"""Grade a folder of submissions: intake, parallel grading, a crash-safe ledger, reports."""
