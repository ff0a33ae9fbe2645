"""How a worker process is started: plainly, or shut in by the kernel."""
