"""Measurements; see README.md."""

import rag as rag  # before numpy, as in a program of its own
