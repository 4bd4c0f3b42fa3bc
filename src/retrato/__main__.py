"""`python -m retrato`, as torchrun starts it."""

from retrato.cli.main import main

if __name__ == "__main__":
    main()
