"""Timing of solutions, on top of pytest-benchmark."""
