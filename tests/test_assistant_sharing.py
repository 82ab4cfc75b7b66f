"""One assistant for many: threads, streams left half read, loading and closing the model."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes import LED, HashEmbedder, Opener, ScriptedGenerator, open_assistant, write_corpus

from index.build import index_folder, open_index
from rag.assistant import Assistant
from rag.errors import CorpusError, ModelError
from rag.loading import Begun
from rag.shared import SharedModel
from rag.types import Answer

QUESTION = "Who headed the Iraqi delegation to Qom?"


def test_two_threads_that_ask_at_once_both_get_answers(opener: Opener) -> None:
    assistant = opener()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(assistant.ask, [QUESTION] * 16))
    assert {answer.text for answer in answers} == {f"{LED} [1]"}


def test_it_is_told_whether_another_thread_waits_for_the_model(opener: Opener) -> None:
    assistant = opener()
    asked = assistant.stream(QUESTION)
    next(asked)
    assert not assistant.wanted
    waiting = threading.Thread(target=assistant.ask, args=(QUESTION,))
    waiting.start()
    for _ in range(1000):
        if assistant.wanted:
            break
        time.sleep(0.01)
    assert assistant.wanted
    list(asked)
    waiting.join(10)
    assert not assistant.wanted


def test_a_stream_may_be_left_and_finished_elsewhere(opener: Opener) -> None:
    assistant = opener()
    left = assistant.stream(QUESTION)
    next(left)
    left.close()  # type: ignore[attr-defined]
    begun = assistant.stream(QUESTION)
    next(begun)
    done: list[Any] = []
    finishing = threading.Thread(target=lambda: done.extend(begun))
    finishing.start()
    finishing.join(10)
    assert isinstance(done[-1], Answer)
    assert assistant.ask(QUESTION).text == f"{LED} [1]"


def test_leaving_with_a_stream_half_read_does_not_hang(opener: Opener) -> None:
    half_read = []

    def leave() -> None:
        with opener() as assistant:
            half_read.append(assistant.stream(QUESTION))
            next(half_read[0])

    leaving = threading.Thread(target=leave)
    leaving.start()
    leaving.join(0.5)
    hangs = leaving.is_alive()
    half_read[0].close()  # type: ignore[attr-defined]
    leaving.join(10)
    assert not hangs


def test_an_error_in_the_middle_lets_the_next_question_through(opener: Opener) -> None:
    class Breaking(ScriptedGenerator):
        def stream(self, prompt: Any, max_tokens: int) -> Iterator[str]:
            yield "Ali"
            if not self.asked:
                self.asked.append(prompt)
                raise KeyboardInterrupt
            yield LED.removeprefix("Ali")

    assistant = opener(Breaking())
    with pytest.raises(KeyboardInterrupt):
        assistant.ask(QUESTION)
    assert assistant.ask(QUESTION).text == f"{LED} [1]"


def test_the_model_is_loaded_when_needed_and_again_after_closing(corpus: Path) -> None:
    generator, loaded = ScriptedGenerator(LED), []
    assistant = open_assistant(corpus, generator)
    assistant._model = SharedModel(lambda: loaded.append("loaded") or generator)  # type: ignore[func-returns-value]
    assert assistant.retrieve(QUESTION)[0].article_id == "qom.md"
    assert (loaded, assistant.model) == ([], assistant.settings.model)
    with assistant:
        assistant.warm()
        assistant.ask(QUESTION)
        assert (loaded, assistant.model) == (["loaded"], "scripted")
    assistant.close()
    assert generator.closed == 1
    assert not assistant.ask(QUESTION).abstained
    assert loaded == ["loaded"] * 2


def test_a_model_that_cannot_be_loaded_is_told_each_time(corpus: Path) -> None:
    assistant = open_assistant(corpus, ScriptedGenerator())

    def fail() -> ScriptedGenerator:
        raise ModelError("It is damaged.")

    assistant._model = SharedModel(fail)
    for _ in range(2):
        with pytest.raises(ModelError, match="damaged"):
            assistant.ask(QUESTION)


def test_a_model_is_loaded_while_the_index_is_opened(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator, loaded, opened = ScriptedGenerator(LED), threading.Event(), HashEmbedder()
    threads = []

    def load(*_: Any) -> ScriptedGenerator:
        threads.append(threading.current_thread())
        loaded.set()
        return generator

    def embedder(*_: Any, **__: Any) -> HashEmbedder:
        return opened

    def index(*given: Any) -> Any:
        assert loaded.wait(10), "it is loaded only now"
        return open_index(*given)

    monkeypatch.setattr("rag.models.resolve", lambda *_, **__: corpus)
    monkeypatch.setattr("index.embed.SentenceTransformerEmbedder", embedder)
    monkeypatch.setattr("index.build.open_index", index)
    monkeypatch.setattr("rag.models.is_here", lambda *_: True)
    monkeypatch.setattr("rag.loading.load_if_here", load)
    monkeypatch.setattr("rag.loading.load_generator", load)
    with Assistant.open(corpus, warm=True) as assistant:
        assert assistant.loaded
        assert assistant.ask(QUESTION).text == f"{LED} [1]"
    assistant.ask(QUESTION)
    assert [thread is threading.current_thread() for thread in threads] == [False, True]

    gone = threading.Event()
    monkeypatch.setattr(generator, "close", gone.set)
    monkeypatch.setattr("index.build.open_index", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Assistant.open(corpus, warm=True)
    assert gone.wait(10), "nobody will ask for it"


def test_what_could_not_be_loaded_meanwhile_is_told_by_whoever_has_the_terminal() -> None:
    loads: list[threading.Thread] = []

    def load() -> ScriptedGenerator:
        loads.append(threading.current_thread())
        raise ModelError("It is damaged.")

    begun = Begun(load, load)
    for count in (2, 3):
        with pytest.raises(ModelError, match="damaged"):
            begun()
        assert len(loads) == count
    assert loads.count(threading.current_thread()) == 2


def test_a_model_that_has_to_be_fetched_is_loaded_after_the_index() -> None:
    generator = ScriptedGenerator()
    begun = Begun(lambda: None, lambda: generator)
    assert begun() is generator
    begun.drop()
    assert generator.closed == 0


def test_of_what_nobody_asked_for_nothing_stays(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> ScriptedGenerator:
        raise ModelError("It is damaged.")

    wait, generator = threading.Event(), ScriptedGenerator()
    for begin in (fail, lambda: None, lambda: wait.wait(10) and generator):
        begun = Begun(begin, fail)
        begun.drop()
    wait.set()
    for _ in range(1000):
        if generator.closed:
            break
        time.sleep(0.01)
    assert generator.closed == 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


OTHER = {"bridge.txt": "The bridge of Kut\n\nThe bridge of Kut was mended in June."}


def test_one_beside_another_has_articles_of_its_own_and_the_same_model(
    corpus: Path, tmp_path: Path
) -> None:
    generator, loaded = ScriptedGenerator(LED), []
    first = open_assistant(corpus, generator)
    first._model = SharedModel(lambda: loaded.append("loaded") or generator)  # type: ignore[func-returns-value]
    other = first.beside(write_corpus(tmp_path / "other", OTHER))
    assert [article.id for article in other.articles()] == ["bridge.txt"]
    assert other.conversations_dir != first.conversations_dir
    assert first.ask(QUESTION).text == f"{LED} [1]"
    assert {passage.article_id for passage in other.ask(QUESTION).passages} == {"bridge.txt"}
    assert loaded == ["loaded"]
    with pytest.raises(CorpusError, match="/nowhere"):
        first.beside("/nowhere")


def test_those_beside_each_other_wait_for_one_model_and_end_with_it(
    opener: Opener, tmp_path: Path
) -> None:
    first = opener()
    other = first.beside(write_corpus(tmp_path / "other"))
    half_read = first.stream(QUESTION)
    next(half_read)
    waiting = threading.Thread(target=lambda: other.ask(QUESTION), daemon=True)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    half_read.close()  # type: ignore[attr-defined]
    waiting.join(10)
    assert not waiting.is_alive()
    left = other.stream(QUESTION)
    next(left)
    closing = threading.Thread(target=first.close, daemon=True)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()


def test_an_empty_folder_refuses_until_an_article_is_added(opener: Opener, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    first = opener()
    with pytest.raises(CorpusError, match="holds no article"):
        first.beside(tmp_path / "new")
    empty = first.beside(tmp_path / "new", may_be_empty=True)
    assert (empty.articles(), empty.passage_count, empty.retrieve(QUESTION)) == ([], 0, [])
    answer = empty.ask(f"{QUESTION} And what is the latest news?")
    assert (answer.abstained, answer.reason) == (True, "no_evidence")
    empty.add([write_corpus(tmp_path / "articles") / "qom.md"])
    assert empty.ask(QUESTION).text == f"{LED} [1]"
    assert [a.id for a in first.beside(tmp_path / "new").articles()] == ["qom.md"]


def test_what_is_kept_about_a_folder_is_forgotten_and_the_folder_stays(
    opener: Opener, tmp_path: Path
) -> None:
    first = opener()
    folder = write_corpus(tmp_path / "other", OTHER)
    other = first.beside(folder)
    kept = [
        other.conversations_dir,
        other.added_dir,
        index_folder(folder, first.settings.index_root),
    ]
    for each in kept[:2]:
        each.mkdir(parents=True)
    assert all(each.is_dir() for each in kept)
    first.forget(folder)
    first.forget(folder)
    assert not any(each.exists() for each in kept)
    assert (folder / "bridge.txt").exists()
