"""Tests of the graders: mutants of solutions, and the checks that must catch them."""
