"""`python -m app.cli`: the same as `tandem`, for children of processes that were not started through the script."""

from app.cli import main

if __name__ == "__main__":
    main()
