"""What the file of a grader imports: inputs, expectations, oracles, thresholds, speed."""
