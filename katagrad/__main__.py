"""`python -m katagrad`: the same commands as `kata`."""

from katagrad.cli import main

if __name__ == "__main__":
    main()
