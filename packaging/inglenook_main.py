"""Where the frozen application begins, and each process that it starts."""

import multiprocessing

if __name__ == "__main__":
    # First of all: a child that serves the engine or reads a document begins here too, and goes no further.
    multiprocessing.freeze_support()

    from app.cli import main

    raise SystemExit(main())
