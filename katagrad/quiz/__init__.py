"""Quiz questions: theory with choices, and problems whose numbers are drawn from a seed."""
