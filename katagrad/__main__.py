"""`python -m katagrad` and `kata`: the entry point, which imports everything else."""


def main() -> None:
    """Run the command line. Ctrl-C ends it without a traceback, also while it is imported."""
    try:
        from katagrad import cli

        cli.main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
