"""A conversation in the terminal: question, checked sentences, footnotes."""

import sys
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rag.errors import FootnoteError
from rag.terminal import ANSWERING, Meter, below, complain, credit, line, with_markers, wrap
from rag.types import Answer, Sentence, Turn

if TYPE_CHECKING:
    from rag.assistant import Assistant

HELP = """\
Type a question about the articles; a further one may refer to the answer before it.

/articles  list the articles
/new       begin a new conversation
/help      show this
/quit      leave; Ctrl-D does too

Ctrl-C stops an answer."""


class Chat:
    """One conversation over an assistant's articles."""

    def __init__(self, assistant: "Assistant", meter: Meter) -> None:
        self._assistant = assistant
        self._meter = meter
        self._articles = {article.id: article for article in assistant.articles()}
        self._history: list[Turn] = []

    def run(self) -> None:
        """Read and answer lines until /quit or the end of the input.

        Raises KeyboardInterrupt when it is interrupted while it waits for a question.
        """
        with suppress(ImportError):
            import readline  # noqa: F401 (gives `input` editing and a history)

        self._meter.clear()
        prompt = "> " if sys.stdin.isatty() else ""
        count = len(self._articles)
        articles = "one article" if count == 1 else f"{count:,} articles"
        print(f"Ask about {articles}. /help lists the commands.")
        while True:
            try:
                typed = input(prompt).strip()
            except EOFError:
                print()
                return
            if typed in ("/quit", "/exit"):
                return
            if typed.startswith("/"):
                self._obey(typed)
            elif typed:
                self._answer(typed)

    def _obey(self, command: str) -> None:
        if command == "/new":
            self._history.clear()
            print("A new conversation.")
        elif command == "/articles":
            for article in self._articles.values():
                print(wrap(credit(article), "- ", "  "))
        elif command == "/help":
            print(HELP)
        else:
            print(line(f"There is no command {command}. /help lists them."))

    def _answer(self, question: str) -> None:
        reply = _Reply(self._meter)
        events: Iterator[Any] = iter(())
        try:
            self._meter(ANSWERING, 0, 0)
            events = self._assistant.stream(question, tuple(self._history))
            for event in events:
                if isinstance(event, Sentence) and event.shown:
                    reply.add(with_markers(event.text, event.citations))
                elif isinstance(event, Answer):
                    reply.become(event.text)
                    reply.end(below(event, self._articles))
        except FootnoteError as error:
            reply.end()
            complain(str(error))
        except KeyboardInterrupt:
            reply.end("Stopped.")
        finally:
            # A stream left half read would keep the model to itself.
            if isinstance(events, Generator):
                events.close()
            self._meter.clear()
        if reply.text:
            self._history.append(Turn(question, reply.text))


class _Reply:
    """An answer on the screen, wrapped as it grows."""

    def __init__(self, meter: Meter) -> None:
        self.text = ""
        self._printed = ""
        self._meter = meter

    def add(self, sentence: str) -> None:
        """Print one more sentence."""
        self.become(f"{self.text} {sentence}".strip())

    def become(self, text: str) -> None:
        """Print what `text` has beyond the printed; all of it anew where it begins otherwise."""
        wrapped = wrap(text)
        self._meter.clear()
        if not wrapped.startswith(self._printed):
            print("\n")
            self._printed = ""
        print(wrapped[len(self._printed) :], end="", flush=True)
        self.text, self._printed = text, wrapped

    def end(self, rest: str = "") -> None:
        """End the line; `rest` goes below, in a paragraph of its own."""
        self._meter.clear()
        if self._printed:
            print("\n")
        if rest:
            print(f"{rest}\n")
        self._printed = ""
