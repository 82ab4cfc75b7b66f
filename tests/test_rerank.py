"""The reranker: what it reorders, where it comes from, and what is refused as one."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from fake_sources import FakeHub, keep_root, serve, sha256  # noqa: F401 (fixtures)
from fakes import LED, HashEmbedder, ScriptedGenerator, open_assistant, write_corpus

from index.build import build
from index.types import Article
from rag import models, rerank
from rag.cli import main
from rag.errors import ModelError
from rag.loading import load_reranker
from rag.rerank import CrossEncoderReranker, reordered
from rag.retrieve import Search, windows
from rag.settings import Settings

EMBEDDER = HashEmbedder()
NAME = "owner/judge"
FILES = {
    "config.json": b'{"architectures": ["BertForSequenceClassification"]}',
    "tokenizer_config.json": b"{}",
    "tokenizer.json": b"{ }",
    "model.safetensors": b"weights",
}


class Prefers:
    """Likes texts that hold a word, and remembers what it was shown."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.shown: list[tuple[str, list[str]]] = []

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        self.shown.append((question, list(texts)))
        return np.array([self.word in text for text in texts], dtype=np.float32)


def search(texts: list[str], query: str, reranker: Prefers | None) -> Search:
    articles = [Article(f"{i}.md", f"T{i}", f"{i}.md", text) for i, text in enumerate(texts)]
    index = build(articles, EMBEDDER, 800)
    return Search(index, query, EMBEDDER.encode([query])[0], reranker=reranker)


def test_the_first_change_places_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerank, "FIRST", 3)
    ranked = [(7, 0.9), (5, 0.8), (6, 0.7), (1, 0.6)]
    texts = {7: "no", 5: "no, too", 6: "yes", 1: "yes, but too far behind"}
    found = reordered(Prefers("yes"), "?", ranked, texts.__getitem__)
    assert found == [(6, 0.9), (7, 0.8), (5, 0.7), (1, 0.6)]
    assert reordered(Prefers("yes"), "?", [], texts.__getitem__) == []


def test_passages_and_sentences_are_read_whole_and_reordered() -> None:
    texts = [f"The harbour strike number {i}. A line between. It ended." for i in range(6)]
    texts[4] += " The truce held."
    plain, judge = search(texts, "harbour strike", None), Prefers("truce")
    reranked = search(texts, "harbour strike", judge)
    assert plain.passages(1)[0].article_id != "4.md"
    assert reranked.passages(1)[0].article_id == "4.md"
    before, after = plain.passages(6), reranked.passages(6)
    assert [p.score for p in after] == [p.score for p in before]
    assert [p.rank for p in after] == [1, 2, 3, 4, 5, 6]
    assert {(p.id, p.dense_score) for p in after} == {(p.id, p.dense_score) for p in before}
    assert "T4\nThe harbour strike number 4." in "".join(judge.shown[0][1])
    rows = reranked.sentences(3)
    best = windows(reranked._index, rows, 1)[0]
    assert (best.article_id, "truce" in best.text) == ("4.md", True)
    question, shown = judge.shown[-1]
    assert question == "harbour strike"
    assert max(text.count(".") for text in shown) == 3, "a sentence between its neighbours"
    assert len(shown) <= rerank.FIRST


def test_the_assistant_s_search_takes_its_word(tmp_path: Path) -> None:
    files = {"a.md": f"{LED} So it was said.", "b.md": "The delegation came. It saw a crane."}
    assistant = open_assistant(write_corpus(tmp_path / "c", files), ScriptedGenerator(LED))
    query = "Who headed the delegation to Qom?"
    assert assistant.retrieve(query)[0].article_id == "a.md"
    assistant._reranker = Prefers("crane")
    assert assistant.retrieve(query)[0].article_id == "b.md"
    assert assistant.evidence_sentences(query, 1)[0].article_id == "b.md"
    assert assistant.ask(query).passages[0].article_id == "b.md"


def test_what_it_put_first_is_weighed_first(tmp_path: Path) -> None:
    files = {"a.md": f"{LED} So it was said.", "b.md": "The delegation came. It saw a crane."}
    generator = ScriptedGenerator(LED)
    assistant = open_assistant(write_corpus(tmp_path / "c", files), generator)
    query = "Who headed the delegation to Qom?"
    for reranker, first in ((None, LED), (Prefers("crane"), "crane")):
        generator.judged.clear()
        assistant._reranker = reranker
        assistant.ask(query)
        assert first in generator.judged[0].user


def put(hub: FakeHub, **other: bytes) -> None:
    for path, data in (FILES | other).items():
        hub.put(data, f"/{NAME}/resolve/main/{path}")


def test_a_reranker_of_the_hub_notes_its_hashes_and_is_held_to_them(
    root: Path, served: FakeHub
) -> None:
    put(served)
    folder = models.resolve(models.cross_encoder(NAME, root), root)
    assert folder == root / "owner" / "judge"
    for path, data in FILES.items():
        assert (folder / path).read_bytes() == data
        assert (folder / f"{path}.sha256").read_text() == f"{sha256(data)}  {path}\n"
    asked = len(served.requests)
    assert models.resolve(models.cross_encoder(NAME, root), root, offline=True) == folder
    assert len(served.requests) == asked
    (folder / "model.safetensors").write_bytes(b"others!")
    with pytest.raises(ModelError, match=r"differs .* remove .*model\.safetensors\.sha256"):
        models.resolve(models.cross_encoder(NAME, root), root)


def test_a_reranker_that_cannot_be_had_is_told(root: Path, served: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"the Hugging Face Hub has no config.json in owner/judge"):
        models.resolve(models.cross_encoder(NAME, root), root)
    offline = Settings(home=tmp_path, reranker=NAME, offline=True)
    with pytest.raises(ModelError, match="network is switched off"):
        load_reranker(offline)
    for name in ("judge", "owner/../judge", "owner/judge/model.safetensors"):
        with pytest.raises(ModelError, match="There is no reranker"):
            load_reranker(Settings(home=tmp_path, reranker=name))


def test_the_models_of_the_settings_are_pulled_and_verified_with_the_reranker(
    served: FakeHub, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(served)
    monkeypatch.setenv("FOOTNOTE_RERANKER", NAME)
    assert main(["models", "pull", NAME]) == 0
    assert main(["models", "verify", NAME]) == 0
    assert str(home / "models" / "owner" / "judge") in capsys.readouterr().out


def test_none_is_loaded_where_none_is_named(tmp_path: Path) -> None:
    assert load_reranker(Settings(home=tmp_path)) is None


@pytest.mark.parametrize("kind", ["BertModel", None])
def test_a_model_without_a_score_is_no_reranker(tmp_path: Path, kind: str | None) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": kind and [kind]}))
    with pytest.raises(ModelError, match="is no reranker"):
        CrossEncoderReranker(tmp_path, "toy")


def made(folder: Path, labels: int = 1) -> Path:
    """A cross-encoder of one small layer with seeded numbers."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "harbour", "strike", "truce"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    special |= {"cls_token": "[CLS]", "sep_token": "[SEP]"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **special)
    fast.save_pretrained(folder)
    size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = BertConfig(vocab_size=len(words), intermediate_size=8, num_labels=labels, **size)
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.mark.real
@pytest.mark.filterwarnings("default")  # what the libraries have to say to each other
def test_a_cross_encoder_is_loaded_and_scores_each_text(tmp_path: Path) -> None:
    reranker = load_reranker(Settings(home=tmp_path, reranker=str(made(tmp_path / "one"))))
    assert reranker is not None
    scores = reranker.scores("harbour strike", ["truce", "strike strike", "truce"])
    assert scores.shape == (3,)
    assert scores.dtype == np.float32
    assert scores[0] == pytest.approx(scores[2])
    assert scores[0] != scores[1]
    with pytest.raises(ModelError, match="is no reranker"):
        CrossEncoderReranker(made(tmp_path / "three", labels=3), "three")
    (tmp_path / "one" / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="cannot be loaded"):
        CrossEncoderReranker(tmp_path / "one", "one")
