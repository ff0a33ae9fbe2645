"""The student's loop: a workspace of stubs, the progress in it, and checks at every save."""
