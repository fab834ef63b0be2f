"""Load the files of a folder into a lake: ``python -m benchmarks.references.pandas_by_hand <data> <lake>``."""

from benchmarks.references.pandas_by_hand.load import main

main()
