"""What a worker must know of a framework: one module for each, and no other place names one."""
