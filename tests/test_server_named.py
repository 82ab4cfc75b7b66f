"""The endpoints of the page, with Gradio's own client."""

import threading
from collections.abc import Iterator

import pytest
from fakes import LED, ScriptedGenerator, open_assistant, write_corpus
from gradio_client import Client
from gradio_client.exceptions import AppError
from page_server import serving

from rag.assistant import Assistant
from rag.generate import Prompt

TOKEN = "secret"


class Slow(ScriptedGenerator):
    """Waits, in the middle of an answer, until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__(LED)
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[str]:
        for piece in super().stream(prompt, max_tokens):
            self.begun.set()
            assert self.go_on.wait(20)
            yield piece


@pytest.fixture(scope="module")
def generator() -> Slow:
    return Slow()


@pytest.fixture(scope="module")
def assistant(generator: Slow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("named")
    corpus = write_corpus(folder / "articles")
    with open_assistant(corpus, generator, home=folder / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with serving(assistant, auth=TOKEN) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("downloads")
    headers = {"authorization": f"Bearer {TOKEN}"}
    quiet = {"verbose": False, "analytics_enabled": False}
    client = Client(address, headers=headers, download_files=folder, **quiet)
    yield client
    client.close()


def test_two_endpoints_are_named_and_no_other(client: Client) -> None:
    named = client.view_api(return_format="dict")
    assert named["named_endpoints"].keys() == {"/ask", "/search"}
    assert named["unnamed_endpoints"] == {}


def test_an_answer_comes_with_its_citations(client: Client, assistant: Assistant) -> None:
    answer = client.predict("Who led the delegation?", api_name="/ask")
    (citation,) = answer["citations"]
    texts = {article.id: article.text for article in assistant.articles()}
    found = texts[citation["article_id"]][citation["start"] : citation["end"]]
    assert found == citation["quote"] == LED
    assert str(assistant.settings.home.parent) not in str(answer)


def test_a_search_gives_ranked_passages(client: Client) -> None:
    found = client.predict("delegates Qom", 2, api_name="/search")
    assert [passage["rank"] for passage in found] == [1, 2]


@pytest.mark.parametrize(
    ("given", "endpoint", "said"),
    [
        ([" "], "/ask", "question is empty"),
        ([" "], "/search", "query is empty"),
        (["Qom", -1], "/search", "k has to be"),
        (["Qom", 101], "/search", "k has to be"),
    ],
)
def test_what_cannot_be_done_is_told(
    given: list[object], endpoint: str, said: str, client: Client
) -> None:
    with pytest.raises(AppError, match=said):
        client.predict(*given, api_name=endpoint)


def test_a_job_that_is_cancelled_in_the_middle_leaves_the_line_in_order(
    client: Client, generator: Slow
) -> None:
    generator.go_on.clear()
    jobs = [client.submit("Who led the delegation?", api_name="/ask") for _ in range(3)]
    assert generator.begun.wait(20)
    for job in jobs:
        job.cancel()
    generator.go_on.set()
    answer = client.predict("Who led the delegation?", api_name="/ask")
    assert answer["citations"][0]["quote"] == LED


def test_nobody_gets_in_without_the_token(address: str) -> None:
    with pytest.raises(Exception, match="credentials"):
        Client(address, verbose=False, analytics_enabled=False)
