"""How well does the support of a footnote tell what is borne out? python -m benchmarks.support

Claims with the sentences that they are held to, labelled supported, partially_supported or
not_supported (WiCE: Kamoi et al. 2023). A half of them, by a hash of their ids, is for fitting; the
other tells how good the fit is. See benchmarks/README.md.
"""

import argparse
import hashlib
import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.adapter.lessons import lines
from index.lexical import words
from rag import FootnoteError, Settings
from rag.cite import Citer
from rag.errors import ConfigError
from rag.loading import load_embedder
from rag.settings import PROJECT
from rag.support import Signals, support
from rag.types import Evidence, SourceSentence

FILE = PROJECT.parent / "shared" / "bench" / "wice" / "claims.jsonl"
NEAREST = 10
RESAMPLES, SEED = 1_000, 0


def main() -> int:
    """Print the figures of one half; 0 done, 2 something unusable."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", default=FILE, help="default: %(default)s")
    parser.add_argument(
        "--fit", action="store_true", help="of the half for fitting, and fit the weights"
    )
    args = parser.parse_args()
    if not args.file.is_file():
        raise ConfigError(f"There is no file {args.file}. Name one in the layout of WiCE.")
    half = "tune" if args.fit else "report"
    claims = [claim for claim in lines(args.file) if _half(claim) == half]
    settings = Settings.load()
    embedder = load_embedder(settings)
    labels = np.array([claim["label"] for claim in claims])
    found = []
    for number, claim in enumerate(claims, 1):
        found.append(
            Citer("", _evidence(claim["evidence"], claim["claim"]), embedder).signals(
                claim["claim"]
            )
        )
        print(f"\r{number}/{len(claims)}", end="", file=sys.stderr, flush=True)
    print(f"\r{len(claims)} claims: {dict(Counter(labels.tolist()))}")
    signals = np.array(found)
    for name, scores in zip(Signals._fields, signals.T, strict=True):
        _print(name, -scores if name == "numbers" else scores, labels)
    _print("support", np.array([support(one) for one in found]), labels)
    if args.fit:
        _fit(signals, labels)
    return 0


def _evidence(sentences: Sequence[str], claim: str) -> list[Evidence]:
    """The sentences that hold most of the claim's words, with those beside them, as runs.

    Up to three hundred come with a claim, most of them about something else: Footnote would have
    searched them first.
    """
    held = [set(words(sentence)) for sentence in sentences]
    held_by = Counter(word for one in held for word in one)
    wanted = {
        word: math.log(1 + len(held) / held_by[word]) for word in words(claim) if word in held_by
    }
    shares = [sum(wanted[word] for word in wanted.keys() & one) for one in held]
    best = sorted(range(len(held)), key=shares.__getitem__, reverse=True)[:NEAREST]
    rows = sorted({at for row in best for at in (row - 1, row, row + 1)} & {*range(len(held))})
    runs: list[list[int]] = []
    for row in rows:
        if runs and runs[-1][-1] == row - 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    return [_run([sentences[row] for row in run]) for run in runs]


def _run(texts: Sequence[str]) -> Evidence:
    sentences = tuple(SourceSentence("", "", text, 0, len(text)) for text in texts)
    whole = " ".join(texts)
    return Evidence("", "", "", "", "", "", sentences, whole, 0, len(whole), 1.0)


def _half(claim: dict[str, Any]) -> str:
    return "report" if hashlib.sha256(claim["id"].encode()).digest()[-1] % 2 else "tune"


def _print(name: str, scores: NDArray[np.float64], labels: NDArray[np.str_]) -> None:
    """AUROC of supported against not supported and against all others, with 95 % intervals."""
    cells = []
    for others in (("not_supported",), ("not_supported", "partially_supported")):
        chosen = np.isin(labels, ["supported", *others])
        cells.append(_auroc(scores[chosen], labels[chosen] == "supported"))
    print(f"{name:<10}{cells[0]:>26}{cells[1]:>26}")


def _auroc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> str:
    """With a percentile bootstrap over the claims (Efron 1979)."""
    drawn = np.random.default_rng(SEED).integers(0, len(scores), (RESAMPLES, len(scores)))
    again = [
        roc_auc_score(positive[rows], scores[rows])
        for rows in drawn
        if 0 < positive[rows].sum() < len(rows)
    ]
    low, high = np.percentile(again, [2.5, 97.5])
    return f"{roc_auc_score(positive, scores):.3f} ({low:.3f} to {high:.3f})"


def _fit(signals: NDArray[np.float64], labels: NDArray[np.str_]) -> None:
    """Print the weights that tell supported from all others, and how they do on what is new."""
    positive = labels == "supported"
    folds = np.arange(len(signals)) % 10
    scores = np.zeros(len(signals))
    for fold in range(10):
        held = folds == fold
        scores[held] = _fitted(signals[~held], positive[~held]).decision_function(signals[held])
    _print("ten folds", scores, labels)
    model = _fitted(signals, positive)
    weights = ", ".join(f"{weight:.2f}" for weight in model.coef_[0])
    print(f"_WEIGHTS, _CONSTANT = Signals({weights}), {model.intercept_[0]:.2f}")


def _fitted(signals: NDArray[np.float64], positive: NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=10.0, max_iter=1000).fit(signals, positive)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FootnoteError as error:
        print(f"support: {error}", file=sys.stderr)
        sys.exit(2)
