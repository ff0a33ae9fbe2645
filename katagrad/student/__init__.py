"""The student's loop: a workspace of stubs, where one stands in it, and checks at every save."""
