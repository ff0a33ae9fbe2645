"""The judges judged: mutants of solutions, and the checks that they must fall to."""
