"""Never finishes being imported.

Dresses up: wrong.
"""
from wrong import log_softmax, softmax, softmax_jvp

while True:
    pass
