"""The pytest plugin: collection of topics, options, verdicts and their record."""
