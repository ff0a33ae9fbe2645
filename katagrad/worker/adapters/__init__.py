"""The worker's adapters: one module for each framework. No other code depends on a framework."""
