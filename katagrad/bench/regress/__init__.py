"""Whether a revision is slower than another, by launches of both in turn."""
