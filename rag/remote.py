"""A running server's answers, for a command that then need not load the models itself."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from rag.errors import ConfigError, FootnoteError, QuestionError
from rag.types import Answer, Article, Filters

_PATIENCE_S = 600.0  # questions wait for one another


class _NoRedirect(HTTPRedirectHandler):
    """Goes nowhere else: question and token are for the server that was named."""

    def redirect_request(self, *_: Any) -> None:
        """None, so that the reply is taken for a refusal."""


class Remote:
    """What is asked of the server at an address such as http://127.0.0.1:7860."""

    def __init__(self, address: str, token: str = "") -> None:
        """Raises ConfigError for what is no address, and for a token that cannot be sent."""
        wrong = ConfigError(f"{address} is no address of a server. Try http://127.0.0.1:7860.")
        try:
            parts = urlsplit(address if "://" in address else f"http://{address}")
        except ValueError as error:
            raise wrong from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise wrong
        if not token.isascii():
            raise ConfigError("FOOTNOTE_AUTH holds letters that no token has. Set it again.")
        self._address = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def ask(self, question: str, within: Filters) -> Answer:
        """The answer to `question`. Raises QuestionError or ConfigError as the server says."""
        answer = self._call("/api/ask", {"question": question, **asdict(within)})
        try:
            return Answer.from_dict(answer)
        except ValueError as error:
            raise self._stranger() from error

    def articles(self) -> Mapping[str, Article]:
        """The articles by id, without their texts."""
        listed = self._call("/api/articles")
        if not isinstance(listed, list):
            raise self._stranger()
        try:
            return {
                one["id"]: Article(
                    one["id"],
                    one["title"],
                    one["path"],
                    text="",
                    source=one["source"],
                    published=one["published"],
                )
                for one in listed
            }
        except (KeyError, TypeError) as error:
            raise self._stranger() from error

    def _call(self, route: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the server answers; a POST where there is a `body`."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"accept": "application/json", "content-type": "application/json"}
        request = Request(f"{self._address}{route}", data, headers | self._headers)
        try:
            opener = build_opener(ProxyHandler({}), _NoRedirect)
            with opener.open(request, timeout=_PATIENCE_S) as response:
                return json.load(response)
        except HTTPError as error:
            raise self._refused(error) from error
        except TimeoutError as error:
            raise ConfigError(
                f"The server at {self._address} has not answered within {_PATIENCE_S:.0f} "
                "seconds. Others may be asking; try again later."
            ) from error
        except (URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            raise ConfigError(
                f"No server answers at {self._address} ({reason}). Start one with "
                "`footnote serve`, or leave --server out."
            ) from error
        except ValueError as error:
            raise self._stranger() from error

    def _refused(self, error: HTTPError) -> FootnoteError:
        """What the server said against it."""
        try:
            told = str(json.load(error)["error"])
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            return self._stranger()
        return QuestionError(told) if error.code == http.client.BAD_REQUEST else ConfigError(told)

    def _stranger(self) -> ConfigError:
        return ConfigError(
            f"What answers at {self._address} is no Footnote of this version. Name another server."
        )
