"""Benchmarks of one's own: the fixture `bench` in any project, without a topic."""
