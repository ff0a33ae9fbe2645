"""The worker's side of the boundary: the process that runs a submission with one framework.

This package imports nothing else from katagrad, so a sandbox needs to show a worker only this folder.
"""
