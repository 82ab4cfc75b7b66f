"""The real models: the plumbing with the small one, two questions with the default one.

They have to be in the model folder: `footnote models pull` and
`footnote models pull smollm2-135m-instruct`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import CORPUS, write_corpus
from llama_cpp._internals import LlamaContext
from safetensors.numpy import load_file, save_file

import prompts
from benchmarks.pipelines import Floor
from index.embed import SentenceTransformerEmbedder
from rag import adapter, models
from rag.assistant import Assistant
from rag.compose import checking, compose
from rag.context import Context
from rag.errors import ModelError, QuestionError
from rag.generate import LlamaGenerator, Prompt
from rag.loading import fit, load_generator
from rag.settings import DEFAULT_EMBEDDER, DEFAULT_MODEL, PROJECT, Settings
from rag.states import States
from rag.trials import Trials
from rag.types import Evidence, SourceSentence, Turn

pytestmark = pytest.mark.real

SMALL = "smollm2-135m-instruct"
QUESTION = "Who headed the Iraqi delegation to Qom?"
TEXT = CORPUS["qom.md"].split("\n\n", 1)[1]
RUN = Evidence("a", "p", "The talks", "a", "Reuters", "2008-04-07",
               (SourceSentence("a", "p", TEXT, 0, len(TEXT)),), TEXT, 0, len(TEXT), 1)  # fmt: skip
JUDGE, ADAPTED = compose(QUESTION, [RUN])
ANSWER = replace(ADAPTED, adapted=False)
OTHER = Prompt("You are brief.", "Name three rivers.")


@pytest.fixture(scope="module")
def small_file(real_models: Path) -> Path:
    return models.resolve(SMALL, real_models, offline=True)


@pytest.fixture(scope="module")
def embedder(real_models: Path) -> SentenceTransformerEmbedder:
    folder = models.resolve(DEFAULT_EMBEDDER, real_models, offline=True)
    return SentenceTransformerEmbedder(folder, DEFAULT_EMBEDDER)


@pytest.fixture(scope="module")
def used(small_file: Path) -> Iterator[LlamaGenerator]:
    """A generator that one test after another uses."""
    generator = loaded(small_file)
    yield generator
    generator.close()


def loaded(file: Path, context_tokens: int = 2048, states: States | None = None) -> LlamaGenerator:
    return LlamaGenerator(file, SMALL, context_tokens, threads=0, states=states)


def reply(generator: LlamaGenerator, prompt: Prompt = ANSWER, tokens: int = 40) -> str:
    return "".join(generator.stream(prompt, tokens))


@pytest.fixture(scope="module")
def fresh(small_file: Path) -> tuple[float, str]:
    """The margin and the reply of contexts that have seen nothing else."""
    first, second = loaded(small_file), loaded(small_file)
    try:
        return first.margin(JUDGE), reply(second)
    finally:
        first.close()
        second.close()


def home_of(real_models: Path, folder: Path) -> Settings:
    """Settings with indexes of their own and the models of whoever runs the tests."""
    folder.mkdir(parents=True)
    (folder / "models").symlink_to(real_models)
    return Settings.load(home=folder, offline=True)


# The generator


def test_threads_are_tried_and_change_no_answer(
    small_file: Path,
    fresh: tuple[float, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rag.threads.candidates", lambda most: [2, 1])  # CI has two cores
    generator = loaded(small_file)
    generator.margin(JUDGE)
    trials = Trials(tmp_path / "machine.json", SMALL)
    generator.fit_threads(trials)
    found = trials.get("threads")
    assert isinstance(found, list)
    assert set(found) <= {1, 2}
    assert (generator.margin(JUDGE), reply(generator)) == fresh
    generator.close()


@pytest.fixture
def guessing(small_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LlamaGenerator]:
    """A generator that guesses behind a single token, whatever this machine is like.

    What it guesses is evaluated one by one, whose sums are rounded as those of other generators.
    """
    monkeypatch.setattr("rag.lookup.fit", lambda *_: 1)
    generator = loaded(small_file)
    generator.fit_lookup(Trials(Path("unused"), SMALL))
    context = generator._context
    monkeypatch.setattr(
        context,
        "evaluate_each",
        lambda tokens, at: np.stack([context.evaluate([t], at + n) for n, t in enumerate(tokens)]),
    )
    yield generator
    generator.close()


COPIED = Prompt("", "Repeat this word for word, and nothing else: Adeeb led it in Qom. He left.")


def calls(generator: LlamaGenerator, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens each call of the model has that writes; it grows."""
    made: list[int] = []
    context = generator._context
    each = context.evaluate_each

    def counted(tokens: Sequence[int], at: int) -> Any:
        made.append(len(tokens))
        return each(tokens, at)

    monkeypatch.setattr(context, "evaluate_each", counted)
    return made


@pytest.mark.parametrize("prompt", [ANSWER, OTHER, COPIED])
def test_guessed_tokens_are_the_model_s_own_or_dropped(
    prompt: Prompt,
    guessing: LlamaGenerator,
    used: LlamaGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = calls(guessing, monkeypatch)
    for tokens in (40, 40, 7, 1):
        assert [*guessing.stream(prompt, tokens)] == [*used.stream(prompt, tokens)]
    assert max(made) > 1, "none was guessed"


def test_what_is_copied_takes_fewer_calls(
    guessing: LlamaGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = calls(guessing, monkeypatch)
    written = [*guessing.stream(COPIED, 40)]
    assert len(made) < len(written) / 2, "".join(written)


def leave(generator: LlamaGenerator, taken: int) -> None:
    """Leave a reply behind so many of its pieces."""
    left = generator.stream(ANSWER, 40)
    for _ in range(taken):
        next(left)
    left.close()  # type: ignore[attr-defined]


def test_guesses_leave_nothing_behind(guessing: LlamaGenerator, fresh: tuple[float, str]) -> None:
    for taken in range(1, 12, 3):
        leave(guessing, taken)
        assert reply(guessing) == fresh[1]
        assert guessing.margin(JUDGE) == fresh[0]


def test_a_check_goes_on_behind_what_was_guessed_rightly(
    guessing: LlamaGenerator, used: LlamaGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering = replace(COPIED, begun="Adeeb")
    made = calls(guessing, monkeypatch)
    for tokens in (40, 12, 9, 6):
        check = checking(answering, reply(guessing, answering, tokens))
        reply(used, answering, tokens)
        assert guessing.margin(check) == used.margin(check)
    assert max(made) > 1, "none was guessed"


def test_what_a_call_of_many_says_is_what_calls_of_one_say(small_file: Path) -> None:
    generator = loaded(small_file)
    context, tokens = (
        generator._context,
        generator._split("Adeeb led it in Qom. He left on Friday."),
    )
    together = context.evaluate_each(tokens, 0)
    context.cut(0)
    for at, token in enumerate(tokens):
        alone = context.evaluate([token], at)
        assert together[at].argmax() == alone.argmax()
        assert np.corrcoef(together[at], alone)[0, 1] > 0.999
    context.cut(0)
    with pytest.raises(RuntimeError):
        context.evaluate_each([], 0)
    generator.close()


def test_whether_guessing_pays_is_tried_once_with_the_model(
    small_file: Path, fresh: tuple[float, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = Trials(tmp_path / "machine.json", SMALL)
    generator = loaded(small_file)
    generator.margin(JUDGE)
    generator.fit_lookup(trials)
    assert generator.margin(JUDGE) == fresh[0]
    monkeypatch.setattr("rag.lookup._try", None)  # a second time would fail
    generator.fit_lookup(trials)
    generator.close()


def test_a_model_that_cannot_take_back_guesses_nothing(
    small_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.lookup.fit", lambda *_: 1)
    monkeypatch.setattr(Context, "takes_back", False)
    generator = loaded(small_file)
    generator.fit_lookup(Trials(Path("unused"), SMALL))
    made = calls(generator, monkeypatch)
    reply(generator, COPIED)
    assert set(made) == {1}
    generator.close()


@pytest.mark.parametrize("guesses", [True, False])
def test_the_setting_says_whether_it_is_tried(
    guesses: bool, real_models: Path, tmp_path: Path
) -> None:
    settings = replace(
        home_of(real_models, tmp_path / "home"), model=SMALL, prompt_lookup=guesses, threads=2
    )
    generator = load_generator(settings)
    fit(settings, generator)
    generator.close()
    assert (settings.home / "machine.json").exists() == guesses


def test_passages_that_the_judge_read_change_nothing_in_the_answer(
    used: LlamaGenerator, fresh: tuple[float, str]
) -> None:
    assert used.margin(JUDGE) == fresh[0]
    assert reply(used) == fresh[1] != ""


def test_a_margin_is_the_same_each_time_and_after_other_prompts(
    used: LlamaGenerator, fresh: tuple[float, str]
) -> None:
    assert math.isfinite(fresh[0])
    margins = [used.margin(JUDGE), used.margin(JUDGE)]
    reply(used, OTHER)
    margins.append(used.margin(JUDGE))
    assert margins == [fresh[0]] * 3


def test_a_stream_left_in_the_middle_leaves_the_model_usable(
    used: LlamaGenerator, fresh: tuple[float, str]
) -> None:
    for taken in range(1, 4):
        leave(used, taken)
        assert reply(used) == fresh[1]
    assert used.margin(JUDGE) == fresh[0]


@pytest.fixture(scope="module")
def random_adapter(tmp_path_factory: pytest.TempPathFactory) -> adapter.Adapter:
    """An adapter of random numbers, large enough to be felt."""
    random = np.random.default_rng(0)
    file = tmp_path_factory.mktemp("adapter") / "random.safetensors"
    matrices = {
        f"blk.{layer}.attn_q.lora_{side}": random.standard_normal(shape).astype(np.float16)
        for layer in range(0, 30, 3)
        for side, shape in (("a", (4, 576)), ("b", (576, 4)))
    }
    noted = {"architecture": "llama", "model_sha256": "", "prompts": "", "rank": "4"}
    save_file(matrices, file, noted | {"scale": "2.0"})
    return adapter.read(file)


@pytest.fixture(scope="module")
def adapted(small_file: Path, random_adapter: adapter.Adapter) -> Iterator[LlamaGenerator]:
    generator = loaded(small_file)
    generator.adapt(random_adapter)
    yield generator
    generator.close()


def test_an_adapter_changes_the_requests_meant_for_it_and_nothing_else(
    adapted: LlamaGenerator, used: LlamaGenerator, fresh: tuple[float, str]
) -> None:
    margin = adapted.margin(JUDGE)
    assert abs(margin - fresh[0]) > 0.1
    # behind passages that were read for another request, are in the cache, or are read anew
    assert reply(adapted) == fresh[1]
    margins = [adapted.margin(JUDGE), adapted.margin(JUDGE)]
    assert reply(adapted, OTHER) == reply(used, OTHER)
    margins.append(adapted.margin(JUDGE))
    assert margins == [margin] * 3
    # the same words, once meant for the adapter and once not
    plain = replace(JUDGE, adapted=False)
    assert adapted.margin(plain) == fresh[0]
    assert reply(adapted) == reply(adapted) == fresh[1]
    assert reply(adapted, ADAPTED) != fresh[1]


def windows(count: int) -> list[Prompt]:
    """The judge's prompts about as many windows."""
    texts = [f"{number} men led the delegation to Qom. {TEXT}" for number in range(count)]
    return [compose(QUESTION, [replace(RUN, text=text)])[0] for text in texts]


class Counting(States):
    """Says how often a state was there, and can spoil what it gives back."""

    found = 0
    spoil = False

    def get(self, key: str) -> bytes | None:
        state = super().get(key)
        self.found += state is not None
        return state[: len(state) // 2] if state and self.spoil else state


def test_what_was_read_comes_back_to_the_bit(small_file: Path, tmp_path: Path) -> None:
    states = Counting(tmp_path, 100_000_000)
    plain, first = loaded(small_file), loaded(small_file, states=states)
    asked = [*windows(3), JUDGE]
    text, margins = reply(plain), [plain.margin(prompt) for prompt in asked]
    assert [plain.margin(prompt) for prompt in reversed(asked)] == margins[::-1]
    plain.close()
    assert [first.margin(prompt) for prompt in asked] == margins
    first.close()
    assert states.found == 0
    second = loaded(small_file, states=states)
    try:
        assert [second.margin(prompt) for prompt in reversed(asked)] == margins[::-1]
        assert states.found == 4
        assert second.margin(JUDGE) == margins[-1]
        assert reply(second) == text
        # under other words of the system's the same passages are another state
        assert second.margin(replace(JUDGE, system="You are brief.")) not in margins
        assert second.margin(JUDGE) == margins[-1]
    finally:
        second.close()


def test_no_part_of_a_prompt_is_read_twice(
    small_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = loaded(small_file)
    evaluated: list[int] = []
    evaluate = Context.evaluate

    def counting(context: Context, tokens: Sequence[int], at: int) -> Any:
        evaluated.append(len(tokens))
        return evaluate(context, tokens, at)

    def read_for(asking: Callable[[], object]) -> list[int]:
        evaluated.clear()
        asking()
        return [*evaluated]

    monkeypatch.setattr(Context, "evaluate", counting)
    first, second = windows(2)
    elsewhere = compose(QUESTION, [replace(RUN, title="Other talks")])[0]
    try:
        system, opening, text, request = read_for(lambda: generator.margin(first))
        assert generator.length(first) == system + opening + text + request
        answering = replace(first, begun="Yes. He")
        begun = generator.length(answering) - generator.length(first)
        assert read_for(lambda: next(generator.stream(answering, 9))) == [begun]
        assert read_for(lambda: generator.margin(first)) == []
        assert read_for(lambda: next(generator.stream(first, 9))) == []
        why = replace(first, request="Why?")
        of_why = generator.length(why) - (system + opening + text)
        assert read_for(lambda: generator.margin(why)) == [of_why]
        assert read_for(lambda: generator.margin(second)) == [text, request]
        assert len(read_for(lambda: generator.margin(elsewhere))) == 3
        assert len(read_for(lambda: generator.margin(replace(first, system="Be brief.")))) == 4
    finally:
        generator.close()


def test_an_answer_is_the_same_whether_or_not_the_judge_was_just_asked(
    adapted: LlamaGenerator,
) -> None:
    answering = replace(windows(1)[0], begun="Yes.\n")
    reply(adapted, OTHER)
    alone = reply(adapted, answering)
    for before in (windows(1)[0], windows(2)[1], answering):
        adapted.margin(before)
        assert reply(adapted, answering) == alone != ""
    margin = adapted.margin(windows(1)[0])
    left = adapted.stream(answering, 9)
    next(left)
    next(left)
    assert adapted.margin(windows(1)[0]) == margin
    assert reply(adapted, answering) == alone


@pytest.fixture(scope="module")
def checking_adapter(
    random_adapter: adapter.Adapter, tmp_path_factory: pytest.TempPathFactory
) -> adapter.Adapter:
    """The same with a check, of random numbers too."""
    random = np.random.default_rng(1)
    file = tmp_path_factory.mktemp("adapter") / "checking.safetensors"
    check = {
        f"check.blk.{layer}.attn_q.lora_{side}": random.standard_normal(shape).astype(np.float16)
        for layer in (9, 20)
        for side, shape in (("a", (2, 576)), ("b", (576, 2)))
    }
    noted = {"architecture": "llama", "model_sha256": "", "prompts": "", "rank": "4"}
    noted |= {"scale": "2.0", "check_rank": "2"}
    save_file(load_file(random_adapter.path) | check, file, noted)
    return adapter.read(file)


def test_a_check_goes_on_behind_what_was_written(
    used: LlamaGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated: list[int] = []
    evaluate = Context.evaluate

    def counted(self: Context, tokens: Sequence[int], at: int) -> Any:
        evaluated.append(len(tokens))
        return evaluate(self, tokens, at)

    monkeypatch.setattr(Context, "evaluate", counted)
    for asked in windows(2):
        answering = replace(asked, adapted=False, begun="Yes.\n")
        written = reply(used, answering, tokens=9)
        check = checking(answering, written)
        own = used.length(check) - used.length(replace(check, check=""))
        evaluated.clear()
        margin = used.margin(check)
        assert sum(evaluated) == own + 1, "and the last token, behind which nothing was"
        # the same read anew in one piece, whose sums are rounded otherwise
        reply(used, OTHER)
        anew = used.margin(check)
        assert anew == pytest.approx(margin, abs=0.5)
        assert used.margin(checking(answering, "He stayed at home.")) not in {anew, margin}
        assert reply(used, answering, tokens=9) == written
        assert used.margin(check) == margin


def test_a_check_has_matrices_of_its_own(
    adapted: LlamaGenerator, small_file: Path, checking_adapter: adapter.Adapter
) -> None:
    generator = loaded(small_file)
    try:
        generator.adapt(checking_adapter)
        assert (generator.checks, adapted.checks) == (True, False)
        asked = windows(1)[0]
        answering = replace(asked, begun="Yes.\n")
        check = checking(answering, "He stayed at home.")
        assert abs(generator.margin(check) - adapted.margin(check)) > 0.1
        # which take part in nothing else, before or after
        assert generator.margin(asked) == adapted.margin(asked)
        assert reply(generator, answering) == reply(adapted, answering) != ""
        generator.margin(check)
        assert reply(generator, asked) == reply(adapted, asked) != ""
        plain = replace(check, adapted=False)
        assert generator.margin(plain) == adapted.margin(plain)
    finally:
        generator.close()


def test_what_all_prompts_begin_with_is_kept_in_no_state(small_file: Path, tmp_path: Path) -> None:
    generator = loaded(small_file, states=States(tmp_path, 100_000_000))
    lengths = []
    for system in ("Be brief.", "You are as brief as can be. " * 20):
        prompt = replace(JUDGE, system=system)
        lengths.append(generator.length(prompt))
        generator.margin(prompt)
    generator.close()
    one, other = (file.stat().st_size for file in tmp_path.iterdir())
    assert one == other
    assert lengths[1] > lengths[0] + 100


def test_an_adapter_has_no_part_in_what_is_kept(
    small_file: Path, tmp_path: Path, random_adapter: adapter.Adapter, fresh: tuple[float, str]
) -> None:
    states = Counting(tmp_path, 100_000_000)
    first = loaded(small_file, states=states)
    first.adapt(random_adapter)
    adapted = [first.margin(prompt) for prompt in (JUDGE, *windows(2), JUDGE)]
    first.close()
    found = states.found
    plain = loaded(small_file, states=states)
    assert plain.margin(JUDGE) == fresh[0]
    assert states.found == found + 1
    plain.close()
    second = loaded(small_file, states=states)
    second.adapt(random_adapter)
    assert [second.margin(prompt) for prompt in (JUDGE, *windows(2), JUDGE)] == adapted
    assert adapted[0] != fresh[0]
    second.close()


def test_what_is_read_for_one_call_only_is_not_kept(small_file: Path, tmp_path: Path) -> None:
    generator = loaded(small_file, states=States(tmp_path / "states", 100_000_000))
    kept = generator.margin(replace(JUDGE, transient=True))
    assert not (tmp_path / "states").exists()
    assert generator.margin(windows(1)[0]) != kept
    assert generator.margin(JUDGE) == kept
    assert len(list((tmp_path / "states").iterdir())) == 2
    generator.close()


def test_a_state_of_another_context_is_not_used(small_file: Path, tmp_path: Path) -> None:
    """What a model keeps may depend on the context's size (LongRoPE)."""
    states = Counting(tmp_path, 100_000_000)
    for context_tokens in (2048, 1024):
        generator = loaded(small_file, context_tokens, states)
        generator.margin(JUDGE)
        generator.close()
    assert states.found == 0


def test_what_was_read_ahead_answers_as_if_it_had_not_been(
    small_file: Path, tmp_path: Path, fresh: tuple[float, str]
) -> None:
    states = Counting(tmp_path, 100_000_000)
    first = loaded(small_file, states=states)
    other = prompts.render("judge", question="")
    assert not first.has_read(JUDGE)
    assert all(first.read_ahead(replace(prompt, request=other)) for prompt in [*windows(2), JUDGE])
    assert all(first.has_read(prompt) for prompt in [*windows(2), JUDGE])
    first.close()
    assert len(list(tmp_path.iterdir())) == 3
    second = loaded(small_file, states=states)
    try:
        assert second.margin(JUDGE) == fresh[0]
        assert states.found == 1
    finally:
        second.close()


def test_reading_ahead_can_be_broken_off_anywhere(
    small_file: Path,
    tmp_path: Path,
    fresh: tuple[float, str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    generator = loaded(small_file, states=States(tmp_path / "states", 100_000_000))
    try:
        for after in (0, 1, 50, 200):
            asked = 0

            def stopped(after: int = after) -> bool:
                nonlocal asked
                asked += 1
                return asked > after

            assert not generator.read_ahead(JUDGE, stopped)
            assert asked == after + 1, "looked at again and again, and no more once it is true"
            assert not generator.has_read(JUDGE)
        assert not (tmp_path / "states").exists()
        assert capfd.readouterr().err == "", "that it ended is no error"
        assert generator.margin(JUDGE) == fresh[0]
        other = windows(1)[0]
        assert generator.read_ahead(other)
        generator.read_ahead(windows(2)[1], lambda: True)
        assert generator.margin(JUDGE) == fresh[0]
        assert reply(generator) == fresh[1]
    finally:
        generator.close()


def test_reading_ahead_ends_where_no_more_can_be_kept(small_file: Path, tmp_path: Path) -> None:
    nothing = loaded(small_file)
    assert not nothing.read_ahead(JUDGE)
    nothing.close()
    generator = loaded(small_file, states=States(tmp_path, 100))
    assert not generator.read_ahead(JUDGE)
    generator.close()


def test_a_model_that_cannot_take_tokens_back_reads_again(
    small_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: tuple[float, str]
) -> None:
    """Recurrent models cannot; the small one is made to be like them."""
    monkeypatch.setattr(LlamaContext, "kv_cache_seq_rm", lambda *_: False)
    states = Counting(tmp_path, 100_000_000)
    generator = loaded(small_file, states=states)
    try:
        for _ in range(2):
            assert generator.margin(JUDGE) == fresh[0]
            assert generator.margin(JUDGE) == fresh[0]
            assert reply(generator) == reply(generator) == fresh[1]
            assert reply(generator, OTHER)
        assert states.found > 0
    finally:
        generator.close()


def test_a_state_that_cannot_be_used_is_read_anew(small_file: Path, tmp_path: Path) -> None:
    states = Counting(tmp_path, 100_000_000)
    first = loaded(small_file, states=states)
    margins = [first.margin(prompt) for prompt in windows(2)]
    first.close()
    states.spoil = True
    second = loaded(small_file, states=states)
    try:
        assert [second.margin(prompt) for prompt in windows(2)] == margins
        assert states.found == 2
    finally:
        second.close()


def test_an_adapter_of_another_model_is_refused(small_file: Path) -> None:
    found = adapter.find(models.pinned_sha256(DEFAULT_MODEL))
    assert found is not None
    generator = loaded(small_file)
    try:
        with pytest.raises(ModelError, match=r"cannot use the adapter .* FOOTNOTE_ADAPTER=0"):
            generator.adapt(found)
        assert generator.adapter == ""
    finally:
        generator.close()


def test_a_reply_that_has_begun_goes_on(used: LlamaGenerator) -> None:
    """What was read before the request serves it too, and the beginning is part of its length."""
    whole = reply(used)
    first = whole[: len(whole) // 2].rpartition(" ")[0]
    begun = replace(ANSWER, begun=ANSWER.begun + first)
    rest = reply(used, begun)
    assert used.render(begun) == used.render(ANSWER) + first
    assert used.length(begun) > used.length(ANSWER)
    assert whole.startswith(first + rest[:8])
    assert reply(used) == whole


def test_the_floor_can_be_written_again_and_again(small_file: Path) -> None:
    floor = Floor(small_file, answer_tokens=8, threads=0)
    try:
        assert [len([*floor.write(tokens)]) for tokens in (4, 8, 8, 1)] == [4, 8, 8, 1]
    finally:
        floor.close()


def test_no_more_tokens_than_asked_for(used: LlamaGenerator) -> None:
    assert len(list(used.stream(OTHER, 5))) <= 5
    assert list(used.stream(OTHER, 0)) == []


def test_a_prompt_s_length_is_that_of_all_it_says(used: LlamaGenerator) -> None:
    short, longer = (used.length(Prompt("", text)) for text in ("Ali", "Ali Adeeb led it"))
    assert 3 <= longer - short <= 8
    assert used.length(Prompt("Ali Adeeb", "led it")) > longer - 3
    behind = used.length(Prompt("", "Ali Adeeb led it", "Who?"))
    assert longer + 2 <= behind <= longer + 5


def test_a_closed_model_is_told_and_no_crash(small_file: Path) -> None:
    generator = loaded(small_file)
    left = generator.stream(OTHER, 5)
    next(left)
    generator.close()
    generator.close()
    for use in (
        lambda: generator.margin(JUDGE),
        lambda: generator.length(JUDGE),
        lambda: reply(generator),
        lambda: next(left),
    ):
        with pytest.raises(RuntimeError, match="the model was closed"):
            use()


def test_a_prompt_beyond_the_context_is_an_error_and_no_crash(small_file: Path) -> None:
    generator = loaded(small_file, context_tokens=256)
    with pytest.raises((ValueError, RuntimeError, IndexError)):
        reply(generator, Prompt("", "word " * 600))
    assert reply(generator, OTHER)
    generator.close()


def test_other_scripts_come_out_whole(used: LlamaGenerator) -> None:
    written = reply(used, Prompt("Repeat what you are given.", "naïve café 誰が 🙂 café 誰が 🙂"))
    assert "\ufffd" not in written.rstrip("\ufffd")


def test_half_a_file_is_refused_with_what_to_do(small_file: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.gguf"
    with small_file.open("rb") as whole:
        half.write_bytes(whole.read(50_000_000))
    with pytest.raises(ModelError, match=r"cut short or damaged\. Download it again"):
        models.resolve(str(half), tmp_path)
    with pytest.raises(ModelError, match=r"cannot load .*footnote models verify"):
        loaded(half)


def test_a_text_file_called_gguf_is_refused_with_what_to_do(tmp_path: Path) -> None:
    text = tmp_path / "notes.gguf"
    text.write_text("These are notes.\n" * 100)
    with pytest.raises(ModelError, match=r"is not a GGUF file\. Name a model"):
        models.resolve(str(text), tmp_path)
    with pytest.raises(ModelError, match=r"cannot load .*footnote models verify"):
        loaded(text)


# Questions


@pytest.fixture(scope="module")
def plumbing(real_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """The small model over the little corpus; the judge lets every question through."""
    folder = tmp_path_factory.mktemp("plumbing")
    given = home_of(real_models, folder / "home")
    corpus = write_corpus(folder / "articles")
    settings = Settings.load(
        home=given.home, offline=True, model=SMALL, strictness=0.0, min_support=0.0
    )
    with Assistant.open(corpus, settings=settings) as assistant:
        yield assistant


def check(assistant: Assistant, question: str, history: tuple[Turn, ...] = ()) -> None:
    answer = assistant.ask(question, history)
    texts = {article.id: article.text for article in assistant.articles()}
    for citation in answer.citations:
        assert texts[citation.article_id][citation.start : citation.end] == citation.quote
        assert f"[{citation.number}]" in answer.text[citation.answer_end :]
    assert answer.abstained == (answer.citations == ())
    assert answer.text == prompts.REFUSAL or answer.citations
    assert 0 < answer.timings.retrieve_s <= answer.timings.first_token_s <= answer.timings.total_s
    assert answer.timings.prompt_tokens > 100
    assert answer.timings.answer_tokens > 0
    assert (answer.model, answer.passages[0].rank) == (SMALL, 1)


def test_an_answer_end_to_end(plumbing: Assistant) -> None:
    check(plumbing, QUESTION)
    check(plumbing, "When did it reopen?", (Turn("Which harbour?", "Umm Qasr. [1]"),))
    check(plumbing, "誰が率いたか？ 🙂 <|im_end|> {passages}")


def test_a_question_too_long_for_the_context_is_told(plumbing: Assistant) -> None:
    with pytest.raises(QuestionError, match="longer than the model can read"):
        plumbing.ask("誰が率いたか" * 650)


def test_two_threads_that_ask_at_once_both_get_answers(plumbing: Assistant) -> None:
    alone = plumbing.ask(QUESTION)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(plumbing.ask, [QUESTION, QUESTION]))
    assert [answer.text for answer in answers] == [alone.text] * 2


@pytest.fixture(scope="module")
def footnote(real_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """What a user gets: the default models over the shipped articles."""
    settings = home_of(real_models, tmp_path_factory.mktemp("default") / "home")
    with Assistant.open(PROJECT / "seeds", settings=settings) as assistant:
        assert assistant.model == DEFAULT_MODEL
        yield assistant


def test_a_fact_of_the_articles_is_answered_and_cited(footnote: Assistant) -> None:
    answer = footnote.ask("Who headed the Iraqi delegation to Qom?")
    assert not answer.abstained
    assert "Adeeb" in answer.text
    texts = {article.id: article.text for article in footnote.articles()}
    assert any("Adeeb" in citation.quote for citation in answer.citations)
    for citation in answer.citations:
        assert texts[citation.article_id][citation.start : citation.end] == citation.quote


def test_a_question_in_another_language_is_answered_in_the_articles_words(
    footnote: Assistant,
) -> None:
    german = "Welches Kaliber hatten die Raketen, die auf die Residenz des Botschafters fielen?"
    answer = footnote.ask(german)
    assert answer.standalone_question == german
    assert "rockets" in answer.query
    assert any("240" in citation.quote for citation in answer.citations)


def test_what_the_articles_do_not_say_is_refused(footnote: Assistant) -> None:
    answer = footnote.ask("What is the capital of Mongolia?")
    assert (answer.abstained, answer.text) == (True, prompts.REFUSAL)
    assert answer.citations == ()
