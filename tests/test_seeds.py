"""The shipped articles: front matter, facts kept, and no wording taken from the originals."""

import re
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "seeds"
ORIGINALS = ROOT.parent / "shared" / "seeds"
RUN = 8

FACTS: dict[str, list[str]] = {
    "iran-confirms-truce-role.md": [
        "100 miles", "2005", "three delegates", "Saturday", "last Sunday", "last Thursday",
    ],
    "iran-shifts-to-brokering.md": [
        "3,400", "25,000", "240-mm", "April 4", "two decades", "two weeks", "late March",
    ],
    "iran-backs-maliki-crackdown.md": [
        "550 km", "340 miles", "April 4, 2008", "2003", "three times", "three decades", "fourth",
    ],
    "iraq-sends-team-to-tehran.md": [
        "700 rockets", "18 fighters", "2003", "eight-year", "1980s", "hundreds of thousands",
    ],
    "quds-leader-helped-broker-truce.md": [
        "12:19 pm", "March 31, 2008", "two years earlier", "2003", "26 October 2006",
        "November 2006", "third time", "1:23", "11:01 PM",
    ],
}  # fmt: skip
ARTICLES = sorted(FACTS)


def front_matter(text: str) -> dict[str, str]:
    """The plain ``key: value`` lines between the two ``---`` lines at the top."""
    match = re.match(r"---\n(.*?)\n---\n", text, flags=re.DOTALL)
    assert match, "no front matter"
    pairs = (line.partition(": ") for line in match.group(1).splitlines())
    return {key.strip(): value.strip().strip('"') for key, _, value in pairs}


def words(text: str) -> list[str]:
    """Lowercase words without accents, apostrophes or punctuation."""
    plain = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.findall(r"[a-z0-9]+", re.sub("['\u2018\u2019`]", "", plain))


def runs(tokens: list[str]) -> list[str]:
    return [" ".join(tokens[i : i + RUN]) for i in range(len(tokens) - RUN + 1)]


def read(name: str) -> str:
    return (SEEDS / name).read_text(encoding="utf-8")


def test_the_five_articles_are_all_there() -> None:
    assert sorted(path.name for path in SEEDS.glob("*.md") if path.name != "README.md") == ARTICLES


@pytest.mark.parametrize("name", ARTICLES)
def test_front_matter_is_complete(name: str) -> None:
    meta = front_matter(read(name))
    for key in ("title", "publisher", "published", "restates"):
        assert meta.get(key), f"{name}: {key} is missing"
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}|not stated", meta["published"])


@pytest.mark.parametrize("name", ARTICLES)
def test_facts_are_kept(name: str) -> None:
    text = read(name)
    assert [fact for fact in FACTS[name] if fact not in text] == []


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="the original articles are not at hand")
@pytest.mark.parametrize("name", ARTICLES)
def test_no_run_of_eight_words_is_shared_with_the_original(name: str) -> None:
    text = read(name)
    original = ORIGINALS / front_matter(text)["restates"]
    taken = set(runs(words(original.read_text(encoding="utf-8"))))
    shared = [run for run in runs(words(text)) if run in taken]
    assert not shared, f"{name} shares with its original: {shared}"
