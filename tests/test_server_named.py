"""The endpoints of the page, with Gradio's own client."""

from collections.abc import Iterator

import pytest
from fakes import LED, ScriptedGenerator, open_assistant, write_corpus
from gradio_client import Client
from gradio_client.exceptions import AppError
from page_server import serving

from rag.assistant import Assistant

TOKEN = "secret"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("named")
    corpus = write_corpus(folder / "articles")
    with open_assistant(corpus, ScriptedGenerator(LED), home=folder / "home") as opened:
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


@pytest.mark.parametrize(("endpoint", "said"), [("/ask", "question"), ("/search", "query")])
def test_what_cannot_be_done_is_told(endpoint: str, said: str, client: Client) -> None:
    with pytest.raises(AppError, match=f"{said} is empty"):
        client.predict(" ", api_name=endpoint)


def test_nobody_gets_in_without_the_token(address: str) -> None:
    with pytest.raises(Exception, match="credentials"):
        Client(address, verbose=False, analytics_enabled=False)
