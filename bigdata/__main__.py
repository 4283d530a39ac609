"""`python -m bigdata` is the `bigdata` program."""

from bigdata.cli.main import main

if __name__ == "__main__":
    main()
