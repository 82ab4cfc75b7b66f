"""The write path: files -> articles -> passages and sentences -> a searchable index."""

import os

# The threads of OpenBLAS, which numpy computes with, wait for their next work at full speed, for
# some 30 ms unless told otherwise: the model, which is asked just then, goes without their cores.
# OpenBLAS reads this when numpy is first imported; `rag` imports this package before that.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # 2 to the power of it, in clock ticks
