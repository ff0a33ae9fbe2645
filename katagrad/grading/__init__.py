"""Grading of one submission: its files, the checks of a grader, and the results."""
