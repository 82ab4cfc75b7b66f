"""What answers cost: seconds and tokens."""

from collections.abc import Sequence

from eval.metrics import percentile
from rag.types import Timings

PERCENTILES = (50, 90, 95, 99)


def latencies(
    seconds: Sequence[float], percentiles: Sequence[int] = PERCENTILES
) -> dict[str, float | None]:
    """Percentiles of latency in seconds, as {"p50": ...}; None where nothing was measured.

    Linear between ranks (Hyndman and Fan 1996, type 7). A high percentile of few answers is
    little more than the slowest one.
    """
    return {f"p{q}": percentile(seconds, q) for q in percentiles}


def token_counts(timings: Sequence[Timings]) -> dict[str, dict[str, float | int | None]]:
    """Tokens read (`prompt`) and written (`answer`): total, and mean of an answer."""
    counts = {
        "prompt": [timing.prompt_tokens for timing in timings],
        "answer": [timing.answer_tokens for timing in timings],
    }
    return {
        name: {"total": sum(values), "mean": sum(values) / len(values) if values else None}
        for name, values in counts.items()
    }
