"""How a worker process is started: plainly, or isolated by the kernel."""
