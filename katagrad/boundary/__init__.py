"""The driver's side of the boundary: worker processes, and submissions as graders see them."""

from katagrad.boundary.implementation import Implementation, Remote, image, kernel, opaque
from katagrad.boundary.process import Pool, Worker

__all__ = ["Implementation", "Pool", "Remote", "Worker", "image", "kernel", "opaque"]
