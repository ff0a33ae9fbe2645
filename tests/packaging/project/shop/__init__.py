"""A project of somebody's own, with benchmarks: what the tests of `bench` install nothing of and time."""
