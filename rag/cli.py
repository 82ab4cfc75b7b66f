"""The command `footnote`: its subcommands with their options, and how it ends."""

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import metadata
from typing import TypeAlias

from rag import commands
from rag.commands import DONE, UNUSABLE
from rag.errors import FootnoteError
from rag.terminal import complain, whole_number

INTERRUPTED = 130
_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}

_DESCRIPTION = """\
Answers questions about a folder of articles on your own machine. Every sentence
of an answer carries a footnote: the exact words of the article it rests on."""
_EPILOG = """\
exit codes:
  0    done
  1    `eval`: a figure is below its threshold, or worse than the baseline
  2    wrong usage, or an error that the message explains
  3    `ask`: the articles do not say
  130  interrupted

Settings come from config.toml in the Footnote folder, from FOOTNOTE_* variables
and from the options, later ones first. `footnote COMMAND --help` tells more."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Raises SystemExit for wrong usage (2) and for --help (0), as argparse does.
    """
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = _run(sys.argv[1:] if argv is None else list(argv))
        sys.stdout.flush()  # so that a closed pipe shows here, not while Python exits
    except KeyboardInterrupt:
        start = "\n" if sys.stderr.isatty() else ""  # the terminal has shown ^C by itself
        print(f"{start}Interrupted; nothing was lost.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except FootnoteError as error:
        complain(str(error))
        return UNUSABLE
    except Exception as error:
        if os.environ.get("FOOTNOTE_DEBUG", "") not in ("", "0"):
            raise
        complain(_explain(error))
        return UNUSABLE
    return code


def _explain(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in _FULL:
        return "The disk is full. Free some space or set FOOTNOTE_HOME to a folder on another disk."
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}."
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"unexpected error ({text}). Set FOOTNOTE_DEBUG=1 to see where it comes from."


def _run(argv: list[str]) -> int:
    if argv[:1] == ["eval"]:  # it has options of its own, --help among them
        from eval.__main__ import main as evaluate

        return evaluate(argv[1:])
    args = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    return run(args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="footnote",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"footnote {_version()}")
    quiet = argparse.ArgumentParser(add_help=False)
    quiet.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    which = argparse.ArgumentParser(add_help=False, parents=[quiet])
    which.add_argument(
        "--corpus", metavar="PATH", help="folder of articles, or one (default: the settings')"
    )
    which.add_argument(
        "--model",
        metavar="M",
        help="answer model: name in `footnote models list`, GGUF file, or owner/repo/file.gguf",
    )
    chosen = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_index(chosen, quiet)
    _add_asking(chosen, which, quiet)
    _add_serve(chosen, which)
    _add(
        chosen,
        "eval",
        "Ask the hand-written questions and report the figures.",
        "footnote eval run --split report --limit 10",
    )
    _add_models(chosen, quiet)
    return parser


def _add(
    chosen: _Commands, name: str, text: str, example: str, *parents: argparse.ArgumentParser
) -> argparse.ArgumentParser:
    """Add a subcommand; the first sentence of `text` stands for it in the list."""
    return chosen.add_parser(
        name,
        help=text.split(".", maxsplit=1)[0].lower(),
        description=text,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=parents,
    )


def _add_index(chosen: _Commands, quiet: argparse.ArgumentParser) -> None:
    text = """\
Build or refresh the index of a folder of articles. The other commands do so
too when it is needed; this one tells what was indexed and what was left out."""
    parser = _add(chosen, "index", text, "footnote index ~/articles ~/reports", quiet)
    parser.add_argument(
        "path", metavar="PATH", nargs="*", help="folder or file (default: the settings' corpus)"
    )
    parser.add_argument(
        "--watch", action="store_true", help="go on updating it when files change, until Ctrl-C"
    )
    parser.add_argument(
        "--warm",
        action="store_true",
        help="have the model read the articles now, so that answers come sooner",
    )
    parser.set_defaults(run=commands.index)


def _add_asking(
    chosen: _Commands, which: argparse.ArgumentParser, quiet: argparse.ArgumentParser
) -> None:
    text = """\
Answer one question. Below the answer stand its footnotes, each an article's own
words; where the articles do not say, the passages nearest to the question."""
    example = 'footnote ask --corpus ~/articles "Who led the delegation?"'
    parser = _add(chosen, "ask", text, example, which)
    parser.add_argument(
        "question", metavar="QUESTION", nargs="+", help="the question; - reads it from stdin"
    )
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    parser.add_argument(
        "--server",
        metavar="URL",
        help="ask a running `footnote serve`, which has its models loaded (token: FOOTNOTE_AUTH)",
    )
    _add_filters(parser)
    parser.set_defaults(run=commands.ask)
    text = """\
Show the passages that the search finds for a query, best first. Each comes with its score,
that of the vectors (cosine) and that of the words (BM25); the answer model takes no part."""
    parser = _add(chosen, "search", text, 'footnote search "delegation to Qom"', quiet)
    parser.add_argument("--corpus", metavar="PATH", help="folder of articles, or one")
    parser.add_argument("query", metavar="QUERY", help="a question, or words")
    parser.add_argument("-k", type=whole_number, default=10, help="how many (default: 10)")
    parser.add_argument("--json", action="store_true", help="print the passages as JSON")
    _add_filters(parser)
    parser.set_defaults(run=commands.search)
    text = """\
Hold a conversation in the terminal. A question may refer to the answers before
it; /help lists what else can be typed."""
    parser = _add(chosen, "chat", text, "footnote chat --corpus ~/articles", which)
    parser.set_defaults(run=commands.chat)


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", default="", help="only articles of this publisher")
    for name, side in (("after", "or later"), ("before", "or earlier")):
        parser.add_argument(
            f"--{name}", metavar="DATE", default="", help=f"only those of DATE (YYYY-MM-DD) {side}"
        )


def _add_serve(chosen: _Commands, which: argparse.ArgumentParser) -> None:
    text = """\
Open the page in a browser. It is served on this machine until Ctrl-C stops it, and with it the
API and the MCP endpoint for programs (docs/server.md)."""
    parser = _add(chosen, "serve", text, "footnote serve --corpus ~/articles --port 8080", which)
    parser.add_argument(
        "--host",
        help="address to serve at (default: 127.0.0.1); others need a token in FOOTNOTE_AUTH",
    )
    parser.add_argument("--port", type=int, help="port to serve at (default: 7860)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.set_defaults(run=commands.serve)


def _add_models(chosen: _Commands, quiet: argparse.ArgumentParser) -> None:
    text = "List, fetch and check the model files. Each is pinned by its SHA-256."
    parser = _add(chosen, "models", text, "footnote models pull")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    text = "List the pinned models with their state. Below stand others that can be named."
    parser = _add(actions, "list", text, "footnote models list")
    parser.set_defaults(run=commands.list_models)
    text = "Fetch models that are absent. A file that differs is set aside and fetched anew."
    pull = _add(actions, "pull", text, "footnote models pull smollm2-135m-instruct", quiet)
    pull.set_defaults(run=commands.pull_models)
    text = "Hash every model file again. The exit code is 2 when one is absent or altered."
    verify = _add(actions, "verify", text, "footnote models verify", quiet)
    verify.set_defaults(run=commands.verify_models)
    for parser in (pull, verify):
        parser.add_argument(
            "name", metavar="NAME", nargs="*", help="default: the models of the settings"
        )


def _version() -> str:
    try:
        return metadata.version("footnote")
    except metadata.PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
