"""Measurements; see README.md."""

import rag as rag  # first, as in the programs that are measured: see index/__init__.py
