"""nbgrader, both ways: notebooks of topics that its commands run, and scores in its gradebook."""
