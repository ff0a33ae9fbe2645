"""The page of benchmark results: one HTML file that needs no network."""
