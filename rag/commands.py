"""What each subcommand of `footnote` does: options in, text on stdout, exit code out."""

import argparse
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeAlias

from rag import models
from rag.catalogue import ModelSpec
from rag.errors import ConfigError, FootnoteError, QuestionError
from rag.settings import Settings
from rag.terminal import (
    ANSWERING,
    Meter,
    as_json,
    complain,
    line,
    ranked,
    render,
    table,
)
from rag.types import Answer, Article, Filters

if TYPE_CHECKING:
    from rag.assistant import Assistant

DONE, UNUSABLE, REFUSED = 0, 2, 3
_Answered: TypeAlias = tuple[Answer, Mapping[str, Article]]
_LONGEST_INPUT = 1 << 20  # characters of stdin; a question is refused long before


def _open(args: argparse.Namespace, meter: Meter) -> "Assistant":
    """The assistant with its models loaded, so that what is missing is told at once."""
    from rag.assistant import Assistant

    settings = Settings.load(corpus=args.corpus, model=args.model)
    return Assistant.open(settings=settings, progress=meter, warm=True)


def index(args: argparse.Namespace) -> int:
    """Open each folder and tell what its index holds and what was left out; again on changes."""
    from rag.assistant import Assistant

    with ExitStack() as stack:
        opened = []
        for path in args.path or [None]:
            settings = Settings.load(corpus=path)
            meter = stack.enter_context(Meter(args.quiet))
            assistant = Assistant.open(settings=settings, progress=meter)
            opened.append(stack.enter_context(assistant))
            meter.clear()
            _tell(assistant)
            if args.warm:
                _read_ahead(assistant, meter)
        if args.watch:
            _watch(opened)
    return DONE


def _tell(assistant: "Assistant") -> None:
    """Print the summary of an index: what it holds, and each file that was skipped and why."""
    articles, skipped = assistant.articles(), assistant.skipped
    print(
        f"{line(str(assistant.settings.corpus))}: {_counted(len(articles), 'article')}, "
        f"{_counted(assistant.passage_count, 'passage')}, {_counted(len(skipped), 'file')} skipped"
    )
    for file, reason in skipped:
        print(f"  skipped {line(f'{file}: {reason}')}")


def _read_ahead(assistant: "Assistant", meter: Meter) -> None:
    """Have the model read the articles, and tell how much of them is kept."""
    kept, windows = assistant.read_ahead(meter)
    meter.clear()
    rest = ""
    if kept < windows:
        megabytes = assistant.settings.states_mb
        rest = f"; no more can be kept in {megabytes:,} MB (FOOTNOTE_STATES_MB)"
    print(f"  read ahead: {kept:,} of {_counted(windows, 'window')}{rest}")


def _watch(opened: "Sequence[Assistant]") -> None:
    """Bring the indexes up to date whenever their folders change, until Ctrl-C."""
    from index.build import index_folder
    from index.watch import watch

    corpora = {assistant.settings.corpus: assistant.settings.index_root for assistant in opened}
    changes = watch({corpus: index_folder(corpus, root) for corpus, root in corpora.items()})
    print("watching for changes; Ctrl-C ends it", flush=True)
    while True:
        try:
            next(changes)
        except KeyboardInterrupt:  # while it waits, this is how it is meant to end
            return
        for assistant in opened:
            try:
                if assistant.refresh():
                    _tell(assistant)
            except FootnoteError as error:  # such as a folder that is empty for the moment
                complain(str(error))
        sys.stdout.flush()


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def ask(args: argparse.Namespace) -> int:
    """Answer one question; the exit code tells a refusal."""
    question = " ".join(args.question)
    if question == "-":
        question = sys.stdin.read(_LONGEST_INPUT) if sys.stdin else ""
    if not question.strip():  # said before the models are loaded
        raise QuestionError("The question is empty. Type a question about the articles.")
    within = Filters(args.source, args.after, args.before)
    with Meter(args.quiet) as meter:
        answer, articles = (_ask_server if args.server else _ask_here)(
            args, question, within, meter
        )
    _speak_json(args)
    print(as_json(answer.to_dict()) if args.json else render(answer, articles))
    return REFUSED if answer.abstained else DONE


def _ask_here(args: argparse.Namespace, question: str, within: Filters, meter: Meter) -> _Answered:
    with _open(args, meter) as assistant:
        meter(ANSWERING, 0, 0)
        answer = assistant.ask(question, within=within)
        return answer, {article.id: article for article in assistant.articles()}


def _ask_server(
    args: argparse.Namespace, question: str, within: Filters, meter: Meter
) -> _Answered:
    from rag.remote import Remote

    if args.corpus or args.model:
        raise ConfigError(
            "A server answers from its own articles, with its own model: leave --corpus and "
            "--model out, or --server."
        )
    server = Remote(args.server, Settings.load().auth)
    meter(ANSWERING, 0, 0)
    answer = server.ask(question, within)
    return answer, {} if args.json else server.articles()


def search(args: argparse.Namespace) -> int:
    """Show what the search finds, and how near each half of it takes that to be."""
    from rag.assistant import Assistant

    if not args.query.strip():
        raise QuestionError("The query is empty. Type what to search the articles for.")
    settings = Settings.load(corpus=args.corpus)
    with (
        Meter(args.quiet) as meter,
        Assistant.open(settings=settings, progress=meter) as assistant,
    ):
        found = assistant.retrieve(
            args.query,
            args.k,
            source=args.source,
            published_after=args.after,
            published_before=args.before,
        )
        articles = {article.id: article for article in assistant.articles()}
    _speak_json(args)
    if args.json:
        print(as_json([asdict(passage) for passage in found]))
    else:
        print("\n\n".join(ranked(passage, articles) for passage in found))
    return DONE


def chat(args: argparse.Namespace) -> int:
    """Hold a conversation."""
    from rag.chat import Chat

    with Meter(args.quiet) as meter, _open(args, meter) as assistant:
        Chat(assistant, meter).run()
    return DONE


def _speak_json(args: argparse.Namespace) -> None:
    if args.json and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # JSON is, whatever the terminal is set to


def serve(args: argparse.Namespace) -> int:
    """Serve the page until it is interrupted."""
    import app

    given = {"corpus": args.corpus, "model": args.model, "host": args.host, "port": args.port}
    with Meter(args.quiet) as meter:
        app.run(Settings.load(**given), meter, open_browser=not args.no_browser)
    return DONE


def list_models(_args: argparse.Namespace) -> int:
    """Show the pinned models with their state, then others that can be named."""
    folder = Settings.load().models_dir
    rows = [("NAME", "ROLE", "SIZE", "LICENCE", "STATE")]
    for spec in models.CATALOGUE.values():
        size = f"{spec.bytes / 1e6:,.0f} MB"
        rows.append((spec.name, spec.role, size, spec.licence, models.state(spec, folder)))
    print(f"Pinned by SHA-256, kept in {line(str(folder))}:\n")
    print("\n".join(table(rows, "  ")))
    print("\nNot pinned; fetched when named in --model or FOOTNOTE_MODEL:\n")
    others = [("NAME", "SIZE", "LICENCE", "REFERENCE")]
    for other in models.SUGGESTIONS:
        others.append((other.name, f"{other.gigabytes} GB", other.licence, other.reference))
    print("\n".join(table(others, "  ")))
    return DONE


def pull_models(args: argparse.Namespace) -> int:
    """Fetch models and tell where they are."""
    settings = Settings.load()
    for name, model in _named(args, settings):
        with Meter(args.quiet) as meter:
            path = models.pull(model, settings.models_dir, offline=settings.offline, progress=meter)
        print(line(f"{name}: {path}"))
    return DONE


def verify_models(args: argparse.Namespace) -> int:
    """Hash the files of models; the exit code tells that one is absent or altered."""
    settings = Settings.load()
    bad = []
    for name, model in _named(args, settings):
        with Meter(args.quiet) as meter:
            checks = models.verify(model, settings.models_dir, progress=meter)
        for check in checks:
            print(f"{check.state:<8} {line(str(check.path))}")
            if check.state == "altered" and check.sha256:
                print(f"         SHA-256 {check.sha256}, not {check.expected}")
        if any(check.state != "present" for check in checks):
            bad.append(name)
    if bad:
        complain(
            f"{', '.join(bad)}: files are absent or altered. "
            f"Run `footnote models pull {' '.join(bad)}` to fetch them."
        )
    return UNUSABLE if bad else DONE


def _named(args: argparse.Namespace, settings: Settings) -> Iterator[tuple[str, str | ModelSpec]]:
    """The names that are given, else those of the settings, each with what `models` takes."""
    used = (settings.model, settings.embedder, settings.reranker)
    for name in args.name or filter(None, used):
        reranks = name == settings.reranker
        yield name, models.cross_encoder(name, settings.models_dir) if reranks else name
