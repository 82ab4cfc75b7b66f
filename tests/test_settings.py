"""Settings: which source wins, and that what cannot be used is named."""

from pathlib import Path

import pytest

from rag.errors import ConfigError
from rag.settings import DEFAULT_MODEL, PROJECT, Settings


def load(**env: str) -> Settings:
    return Settings.load(env={f"FOOTNOTE_{name.upper()}": value for name, value in env.items()})


def test_the_defaults_need_nothing() -> None:
    settings = Settings.load(env={})
    assert settings == Settings()
    assert settings.corpus == PROJECT / "seeds"
    assert settings.model == DEFAULT_MODEL
    assert settings.host == "127.0.0.1"
    assert not settings.offline


def test_every_test_has_a_home_of_its_own(home: Path, tmp_path: Path) -> None:
    settings = Settings.load()
    assert settings.home == home
    assert tmp_path in settings.models_dir.parents
    assert tmp_path in settings.index_root.parents


def test_later_sources_win(home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("port = 1000\nthreads = 2\nmodel = 'a'\noffline = true\n")
    env = {"FOOTNOTE_HOME": str(home), "FOOTNOTE_PORT": "2000", "FOOTNOTE_THREADS": "3"}
    settings = Settings.load(env=env, threads=4, model=None)
    assert (settings.port, settings.threads, settings.model) == (2000, 4, "a")
    assert settings.offline
    assert Settings.load(env={}, home=str(home)).port == 1000


def test_an_empty_variable_counts_as_unset() -> None:
    assert load(port="", model="", corpus="") == Settings()


def test_the_home_is_not_moved_by_the_file_that_lies_in_it(home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("home = '/elsewhere'\n")
    assert load(home=str(home)).home == home


def test_a_tilde_is_the_user_s_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = load(home="~/fn", corpus="~/articles")
    assert (settings.home, settings.corpus) == (tmp_path / "fn", tmp_path / "articles")


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("TRUE", True), (" on ", True), ("0", False), ("no", False)]
)
def test_offline_is_a_flag(text: str, value: bool) -> None:
    assert load(offline=text).offline is value


def test_the_hub_s_own_switch_counts_unless_ours_is_set() -> None:
    assert Settings.load(env={"HF_HUB_OFFLINE": "1"}).offline
    assert not Settings.load(env={"HF_HUB_OFFLINE": "0"}).offline
    assert not Settings.load(env={"HF_HUB_OFFLINE": "1", "FOOTNOTE_OFFLINE": "0"}).offline


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "many"),
        ("port", "0"),
        ("passage_chars", "-5"),
        ("passage_chars", "8.5"),
        ("threads", "-1"),
        ("min_support", "half"),
        ("min_support", "nan"),
        ("min_support", "7"),
        ("embedder_backend", "onnx"),
        ("strictness", "high"),
        ("strictness", "nan"),
        ("strictness", "1.5"),
        ("offline", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"The setting {name} cannot be '{value}'"):
        load(**{name: value})


@pytest.mark.parametrize(
    "text", ["port = [1]", "corpus = 3", "states_mb = {}", "offline = 'perhaps'"]
)
def test_a_value_of_the_wrong_kind_in_the_file_is_named(home: Path, text: str) -> None:
    home.mkdir()
    (home / "config.toml").write_text(f"{text}\n")
    with pytest.raises(ConfigError, match=f"The setting {text.split(maxsplit=1)[0]} cannot be"):
        load(home=str(home))


def test_an_unknown_setting_is_named_with_the_known_ones(home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("modle = 'x'\n")
    with pytest.raises(ConfigError, match=r"no setting named modle.*settings are: .*model"):
        load(home=str(home))
    with pytest.raises(ConfigError, match="no setting named prot"):
        Settings.load(env={}, prot=80)


@pytest.mark.parametrize("data", [b"port = ", b"\xff\xfe", b"port = 1\nport = 2"])
def test_a_file_that_is_no_toml_is_named(home: Path, data: bytes) -> None:
    home.mkdir()
    (home / "config.toml").write_bytes(data)
    with pytest.raises(ConfigError, match=r"config.toml is not valid TOML.*Mend or remove it"):
        load(home=str(home))


@pytest.mark.parametrize("name", ["corpus", "home"])
def test_a_user_that_there_is_not_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load(**{name: "~nobody-of-that-name/articles"})


@pytest.mark.parametrize("value", ["inf", "8.5"])
def test_a_number_in_the_file_that_is_not_whole_is_refused(home: Path, value: str) -> None:
    home.mkdir()
    (home / "config.toml").write_text(f"passage_chars = {value}\n")
    with pytest.raises(ConfigError, match="passage_chars"):
        load(home=str(home))
