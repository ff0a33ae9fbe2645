"""The far side of the boundary: the process that holds a submission and one framework.

Nothing here imports the rest of katagrad, so that a sandbox can show a worker this folder and no other.
"""
