"""The server for programs, over a real socket, with a scripted model."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fakes import LED, ScriptedGenerator, open_assistant, write_corpus
from page_server import serving

from rag.assistant import Assistant
from rag.errors import IndexStoreError, ModelError

WHO = "Who led the delegation to Qom?"
PATIENCE_S = 20.0  # a test that has not come this far by then is stuck
SSE = {"accept": "text/event-stream"}


class Gated(ScriptedGenerator):
    """Stops in the middle of an answer when it is asked to, until the test goes on."""

    def __init__(self) -> None:
        super().__init__(LED)
        self.go_on = threading.Event()
        self.stopped = threading.Event()
        self.fails: Exception | None = None
        self.reset()

    def reset(self) -> None:
        self.fails = None
        self.stopped.clear()
        self.go_on.set()

    def stream(self, prompt: Any, max_tokens: int) -> Iterator[str]:
        if self.fails:
            raise self.fails
        for number, piece in enumerate(super().stream(prompt, max_tokens)):
            if number == 2 and not self.go_on.is_set():
                self.stopped.set()
                assert self.go_on.wait(PATIENCE_S), "nobody let it go on"
            yield piece


@pytest.fixture(scope="module")
def generator() -> Gated:
    return Gated()


@pytest.fixture(scope="module")
def assistant(generator: Gated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("server")
    corpus = write_corpus(folder / "articles")
    model = str(folder / "models" / "own.gguf")
    with open_assistant(corpus, generator, home=folder / "home", model=model) as opened:
        generator.name = model  # as with a model that the settings name by its place
        yield opened


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with serving(assistant) as address:
        yield address


@pytest.fixture
def program(address: str, generator: Gated) -> Iterator[httpx.Client]:
    generator.reset()
    with httpx.Client(base_url=address, timeout=PATIENCE_S, trust_env=False) as client:
        yield client
    generator.reset()


def events(reply: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in reply.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line:
            yield name, json.loads(line.removeprefix("data: "))


def refused(reply: httpx.Response, status: int) -> str:
    assert reply.status_code == status
    assert reply.json().keys() == {"error"}
    return str(reply.json()["error"])


# Asking


def test_health_tells_what_is_served_before_and_after_the_model_is_loaded(
    program: httpx.Client, assistant: Assistant
) -> None:
    assistant.close()
    told = program.get("/health").json()
    assert told == {
        "status": "ok",
        "model": "own.gguf",
        "model_loaded": False,
        "articles": 3,
        "passages": assistant.passage_count,
        "index_version": assistant.index_version,
    }
    program.post("/api/ask", json={"question": WHO})
    assert program.get("/health").json() == told | {"model_loaded": True}


def test_an_answer_is_the_assistant_s_own(program: httpx.Client, assistant: Assistant) -> None:
    told = program.post("/api/ask", json={"question": WHO}).json()
    here = json.loads(json.dumps(assistant.ask(WHO).to_dict()))
    assert told.pop("timings").keys() == here.pop("timings").keys()
    assert told == here | {"model": "own.gguf"}
    assert told["citations"][0]["quote"] == LED


def test_a_question_may_refer_to_those_before_it(
    program: httpx.Client, generator: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    stream = Assistant.stream

    def noted(self: Assistant, question: str, history: Any = (), **more: Any) -> Any:
        given.extend(history)
        return stream(self, question, history, **more)

    monkeypatch.setattr(Assistant, "stream", noted)
    history = [{"question": "Who went to Qom?", "answer": "Three delegates."}]
    program.post("/api/ask", json={"question": WHO, "history": history})
    assert [(turn.question, turn.answer) for turn in given] == [
        ("Who went to Qom?", "Three delegates.")
    ]


def test_a_stream_is_tokens_then_sentences_then_the_answer(program: httpx.Client) -> None:
    with program.stream("POST", "/api/ask", json={"question": WHO}, headers=SSE) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        found = list(events(reply))
    names = [name for name, _ in found]
    assert names[0] == "token"
    assert names[-2:] == ["sentence", "answer"]
    sentence, answer = found[-2][1], found[-1][1]
    assert sentence["citations"] == answer["citations"]
    assert answer["model"] == "own.gguf"


def test_tokens_come_while_the_model_writes(program: httpx.Client, generator: Gated) -> None:
    generator.go_on.clear()
    with program.stream("POST", "/api/ask", json={"question": WHO}, headers=SSE) as reply:
        name, data = next(events(reply))
        assert (name, data) == ("token", {"text": "Ali"})
        generator.go_on.set()


@pytest.mark.parametrize("headers", [SSE, {}])
def test_who_leaves_in_the_middle_makes_room(
    headers: dict[str, str], program: httpx.Client, generator: Gated, address: str
) -> None:
    generator.go_on.clear()
    with pytest.raises(httpx.ReadTimeout), httpx.Client(trust_env=False) as leaving:
        leaving.post(
            f"{address}/api/ask",
            json={"question": WHO},
            headers=headers,
            timeout=httpx.Timeout(PATIENCE_S, read=0.5),
        )
    assert generator.stopped.wait(PATIENCE_S)
    generator.go_on.set()
    assert program.post("/api/ask", json={"question": WHO}).json()["text"].startswith("Ali Adeeb")


def test_who_leaves_while_waiting_is_not_asked_for(
    program: httpx.Client, generator: Gated, address: str
) -> None:
    def ask(timeout: float) -> int:
        post = {"json": {"question": WHO}, "timeout": timeout, "trust_env": False}
        return httpx.post(f"{address}/api/ask", **post).status_code  # type: ignore[arg-type]

    before = len(generator.asked)
    assert ask(PATIENCE_S) == 200
    each = len(generator.asked) - before
    generator.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, PATIENCE_S)
        assert generator.stopped.wait(PATIENCE_S)
        with pytest.raises(httpx.ReadTimeout):
            ask(0.5)
        generator.go_on.set()
        assert first.result() == 200
    assert program.post("/api/ask", json={"question": WHO}).status_code == 200
    assert len(generator.asked) == before + 3 * each


def test_those_who_wait_hold_up_nobody_else(
    program: httpx.Client, generator: Gated, address: str
) -> None:
    def ask(_number: int) -> int:
        post = {"json": {"question": WHO}, "timeout": PATIENCE_S, "trust_env": False}
        return httpx.post(f"{address}/api/ask", **post).status_code  # type: ignore[arg-type]

    generator.go_on.clear()
    waiting = 45  # more than there are threads for requests
    with ThreadPoolExecutor(waiting) as pool:
        asked = pool.map(ask, range(waiting))
        try:
            assert generator.stopped.wait(PATIENCE_S)
            time.sleep(0.5)  # until they all are in line
            start = time.monotonic()
            assert program.get("/").status_code == 200
            assert program.get("/api/articles").status_code == 200
            assert program.post("/api/search", json={"query": "Qom"}).status_code == 200
            assert time.monotonic() - start < PATIENCE_S / 2
        finally:
            generator.go_on.set()
        assert list(asked) == [200] * waiting


# Reading


def test_articles_are_listed_without_their_texts(
    program: httpx.Client, assistant: Assistant
) -> None:
    listed = program.get("/api/articles").json()
    talks = next(article for article in listed if article["source"] == "Reuters")
    assert talks["title"] == "The talks in Qom"
    assert talks["published"] == "2008-04-07"
    assert talks.keys() == {"id", "title", "path", "source", "published", "passages"}
    assert sum(article["passages"] for article in listed) == assistant.passage_count


def test_a_search_gives_ranked_passages(program: httpx.Client, assistant: Assistant) -> None:
    found = program.post("/api/search", json={"query": "delegates Qom", "k": 2}).json()
    assert [passage["rank"] for passage in found] == [1, 2]
    assert found[0]["score"] >= found[1]["score"] > 0
    article = next(a for a in assistant.articles() if a.id == found[0]["article_id"])
    assert article.text[found[0]["start"] : found[0]["end"]] == found[0]["text"]


def test_a_search_can_be_limited_to_a_source_and_to_days(program: httpx.Client) -> None:
    def found(**within: str) -> set[str]:
        given = {"query": "the harbour and the delegation", **within}
        return {one["article_id"] for one in program.post("/api/search", json=given).json()}

    assert found() > {"qom.md"}
    assert found(source="Reuters") == found(published_after="2008-04-07") == {"qom.md"}
    assert found(published_before="2008-04-06") == set()
    reply = program.post("/api/search", json={"query": "x", "source": "Nobody"})
    assert (reply.status_code, "Nobody" in reply.json()["error"]) == (400, True)


# What goes wrong


@pytest.mark.parametrize("question", ["", "  ?! ", "x" * 5000])
def test_a_question_that_cannot_be_one_is_a_bad_request(
    question: str, program: httpx.Client
) -> None:
    for headers in (SSE, {}):
        reply = program.post("/api/ask", json={"question": question}, headers=headers)
        assert "question" in refused(reply, 400)
    assert "query is empty" in refused(program.post("/api/search", json={"query": " "}), 400)


@pytest.mark.parametrize(
    ("route", "content", "said"),
    [
        ("ask", "{", "JSON"),
        ("ask", "[1]", ""),
        ("ask", "{}", "question: Field required"),
        ("ask", '{"question": 3}', "question: "),
        ("ask", '{"question": "\\ud800"}', "question: "),
        ("ask", '{"question": "x", "histroy": []}', "histroy: "),
        ("ask", '{"question": "x", "history": [{"question": "y"}]}', "history.0.answer: "),
        ("search", '{"query": "x", "k": 0}', "k: "),
        ("search", '{"query": "x", "k": 1000000}', "k: "),
        ("search", '{"query": "x", "k": "many"}', "k: "),
    ],
)
def test_a_malformed_request_is_told_where(
    route: str, content: str, said: str, program: httpx.Client
) -> None:
    headers = {"content-type": "application/json"}
    reply = program.post(f"/api/{route}", content=content, headers=headers)
    assert said in refused(reply, 422)


def test_an_over_long_body_is_refused_however_it_comes(program: httpx.Client) -> None:
    body = json.dumps({"question": "x" * (1 << 20)}).encode()
    assert "too long" in refused(program.post("/api/ask", content=body), 413)
    pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
    assert "too long" in refused(program.post("/api/ask", content=pieces), 413)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ModelError("/secret/place/model.gguf is damaged."), 503),
        (IndexStoreError("/secret/place is locked."), 500),
        (ValueError("in /secret/place"), 500),
    ],
)
def test_a_failure_names_no_file_and_the_next_question_is_answered(
    error: Exception,
    status: int,
    program: httpx.Client,
    generator: Gated,
    capfd: pytest.CaptureFixture[str],
) -> None:
    generator.fails = error
    said = refused(program.post("/api/ask", json={"question": WHO}), status)
    reply = program.post("/api/ask", json={"question": WHO}, headers=SSE)
    assert list(events(reply))[-1] == ("error", {"error": said, "status": status})
    assert "terminal" in said
    assert "/" not in said
    assert "/secret/place" in capfd.readouterr().err
    generator.fails = None
    assert program.post("/api/ask", json={"question": WHO}).status_code == 200


def test_an_unknown_route_and_a_wrong_method_are_told(program: httpx.Client) -> None:
    assert "/api/docs" in refused(program.get("/api/nothing"), 404)
    reply = program.get("/api/ask")
    assert "POST" in refused(reply, 405)
    assert reply.headers["allow"] == "POST"


def test_nothing_that_is_sent_holds_a_path_of_this_machine(
    program: httpx.Client, assistant: Assistant
) -> None:
    place = str(assistant.settings.home.parent)
    replies = [program.get(path) for path in ("/health", "/api/articles", "/api/openapi.json")]
    replies += [program.get(path) for path in ("/api/docs", "/", "/config", "/gradio_api/info")]
    replies.append(program.post("/api/ask", json={"question": WHO}))
    replies.append(program.post("/api/search", json={"query": WHO}))
    for reply in replies:
        assert reply.status_code == 200, reply.url
        assert place not in reply.text, reply.url


# Descriptions


def test_the_description_names_every_route_and_its_fields(program: httpx.Client) -> None:
    paths = program.get("/api/openapi.json").json()["paths"]
    assert paths.keys() == {"/api/ask", "/api/search", "/api/articles", "/health"}
    page = program.get("/api/docs").text
    for path in paths:
        assert path in page
    assert "standalone_question" in page
    assert "//" not in page.replace("<!doctype html>", "")  # loads nothing from elsewhere


def test_every_reply_carries_the_headers(program: httpx.Client) -> None:
    for reply in (program.get("/"), program.get("/api/nothing"), program.get("/health")):
        policy = reply.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "same-origin"
        assert "server" not in reply.headers


def test_a_browser_keeps_gradio_s_files_and_nothing_else(program: httpx.Client) -> None:
    page = program.get("/")
    assert "cache-control" not in page.headers
    (script, *_) = re.findall(r"assets/index-[\w-]+\.js", page.text)
    kept = program.get(f"/{script}")
    assert (kept.status_code, "immutable" in kept.headers["cache-control"]) == (200, True)
    missing = program.get("/assets/index-00000000.js")
    assert missing.status_code == 404
    assert "cache-control" not in missing.headers


# Who may ask


def test_other_names_and_other_sites_are_refused(program: httpx.Client) -> None:
    assert program.get("/health", headers={"host": "evil.example"}).status_code == 400
    for origin in ("http://evil.example", "null"):
        headers = {"origin": origin}
        assert refused(program.post("/api/search", json={"query": "x"}, headers=headers), 403)
    headers = {"origin": str(program.base_url).rstrip("/")}
    assert program.post("/api/search", json={"query": "x"}, headers=headers).status_code == 200


# The end


def test_closing_breaks_an_open_page_off_without_a_word(
    assistant: Assistant, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with httpx.Client(trust_env=False, timeout=PATIENCE_S) as page:
        with serving(assistant) as address:
            beat = page.send(
                page.build_request("GET", f"{address}/gradio_api/heartbeat/page"), stream=True
            )
            assert next(beat.iter_lines()) == "data: ALIVE"
        beat.close()
    socket.create_server(("127.0.0.1", int(address.rsplit(":", 1)[1]))).close()
    assert capfd.readouterr().err == ""
    assert not caplog.records
