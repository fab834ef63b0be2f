"""Load the files of a folder into a lake: ``python -m benchmarks.references.polars_by_hand <data> <lake>``."""

from benchmarks.references.polars_by_hand.load import main

main()
