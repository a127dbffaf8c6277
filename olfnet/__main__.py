"""``python -m olfnet`` is the command ``olfnet``."""

from olfnet.cli import main

main()
