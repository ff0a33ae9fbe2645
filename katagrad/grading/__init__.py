"""One submission, judged: its files, the checks of a grader, and the record of both."""
