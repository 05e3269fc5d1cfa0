import hashlib
import os
from pathlib import Path

import pytest

from compose.core.errors import ModelError, UsageError
from compose.models import cache, digest, hub, registry
from compose.models.cache import UserPaths, cache_folder, parse_user_paths
from compose.models.checkpoint import Checkpoint, UrlSource
from compose.models.crop_builtin import weights_folder

RIGHT = bytes(range(256)) * 40
WRONG = RIGHT[:-1] + b"!"
ROW = Checkpoint(
    name="tiny",
    purpose="tests",
    file="tiny-weights.bin",
    sha256=hashlib.sha256(RIGHT).hexdigest(),
    size=len(RIGHT),
    licence="MIT",
    sources=(UrlSource("https://weights.example/tiny-weights.bin"),),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("COMPOSE_MODELS", "COMPOSE_OFFLINE", "HF_HUB_OFFLINE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(registry.CHECKPOINTS, "tiny", ROW)
    return tmp_path / "home"


def put(path: Path, content: bytes = RIGHT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_an_absent_checkpoint_is_told_with_its_file_source_and_place(home: Path) -> None:
    with pytest.raises(ModelError) as caught:
        hub.resolve("tiny")
    sentence = str(caught.value)
    for part in (
        "tiny-weights.bin",
        "compose models pull tiny",
        "https://weights.example/tiny-weights.bin",
        str(home / "models" / "tiny-weights.bin"),
    ):
        assert part in sentence
    assert not home.exists()


def test_the_places_are_searched_in_order(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "package" / "weights"
    inside = put(weights / ROW.file)
    monkeypatch.setattr(cache.resources, "files", lambda _: tmp_path / "package")
    assert hub.resolve("tiny") == inside
    cached = put(home / "models" / ROW.file)
    assert hub.resolve("tiny") == cached
    second = put(tmp_path / "second" / ROW.file)
    first = put(tmp_path / "first" / ROW.file)
    monkeypatch.setenv("COMPOSE_MODELS", os.pathsep.join([str(first.parent), str(second.parent)]))
    assert hub.resolve("tiny") == first
    first.unlink()
    assert hub.resolve("tiny") == second
    named = put(tmp_path / "named.bin")
    monkeypatch.setenv("COMPOSE_MODELS", f"{second.parent}{os.pathsep}tiny={named}")
    assert hub.resolve("tiny") == named
    flag = put(tmp_path / "flag.bin")
    assert hub.resolve("tiny", parse_user_paths([f"tiny={flag}"])) == flag


@pytest.mark.parametrize("content", [WRONG, RIGHT[:-1], RIGHT + b"x", b""])
def test_a_file_with_another_hash_is_refused_and_named(home: Path, content: bytes) -> None:
    path = put(home / "models" / ROW.file, content)
    with pytest.raises(ModelError, match=r"hash differs.*compose models pull tiny") as caught:
        hub.resolve("tiny")
    assert str(path) in str(caught.value)
    with pytest.raises(ModelError):
        hub.open_verified("tiny")
    assert hub.resolve("tiny", verify=False) == path


def test_the_contents_of_a_file_the_user_names_are_the_user_s_choice(tmp_path: Path) -> None:
    own = put(tmp_path / "fine-tuned.bin", b"own weights")
    user = UserPaths(files={"tiny": own})
    assert hub.resolve("tiny", user) == own
    with hub.open_verified("tiny", user) as opened:
        assert opened.read() == b"own weights"
    assert hub.verify("tiny", user).status == "wrong"


def test_a_named_file_that_is_missing_is_an_error_and_not_passed_over(
    home: Path, tmp_path: Path
) -> None:
    put(home / "models" / ROW.file)
    with pytest.raises(ModelError, match="is not a file"):
        hub.resolve("tiny", UserPaths(files={"tiny": tmp_path / "nowhere\n.bin"}))


def test_opening_reads_from_the_start_after_the_check(home: Path) -> None:
    put(home / "models" / ROW.file)
    for _ in range(2):  # hashed, then remembered
        with hub.open_verified("tiny") as opened:
            assert opened.read() == RIGHT


def test_a_right_file_is_hashed_once_and_a_changed_one_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    original = hashlib.file_digest

    def counting(*arguments: object) -> object:
        hashed.append("once")
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(digest.hashlib, "file_digest", counting)
    path = put(home / "models" / ROW.file)
    hub.resolve("tiny")
    hub.resolve("tiny")
    assert len(hashed) == 1
    assert hub.verify("tiny").status == "ok"  # looks anew whatever is remembered
    assert len(hashed) == 2
    before = path.stat()
    path.write_bytes(WRONG)  # same size; the old time is put back below
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ModelError):
        hub.resolve("tiny")
    assert len(hashed) == 3


@pytest.mark.parametrize("note", [b"", b"[]", b"{", b'{"state": 3}', b'{"sha256": 1}', b"\xff"])
def test_a_spoilt_memory_only_costs_a_second_hash(home: Path, note: bytes) -> None:
    put(home / "models" / ROW.file)
    hub.resolve("tiny")
    (kept,) = (home / "verified").iterdir()
    kept.write_bytes(note)
    assert hub.resolve("tiny") == home / "models" / ROW.file


def test_a_home_that_cannot_be_written_is_no_obstacle_to_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "shared" / ROW.file).parent
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("COMPOSE_MODELS", str(folder))
    assert hub.resolve("tiny") == folder / ROW.file


def test_a_hash_prefix_is_checked_and_called_what_it_is(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ROW.sha256 is not None
    row = Checkpoint("tiny", "", ROW.file, None, None, "MIT", (), sha256_prefix=ROW.sha256[:8])
    monkeypatch.setitem(registry.CHECKPOINTS, "tiny", row)
    put(home / "models" / ROW.file)
    assert hub.verify("tiny").status == "prefix"
    put(home / "models" / ROW.file, WRONG)
    verdict = hub.verify("tiny")
    assert verdict.status == "wrong"
    assert verdict.error.endswith("compose models pull tiny`.")


def test_without_any_known_hash_only_a_named_file_is_opened(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Checkpoint("tiny", "", ROW.file, None, None, "MIT", ())
    monkeypatch.setitem(registry.CHECKPOINTS, "tiny", row)
    path = put(home / "models" / ROW.file)
    with pytest.raises(ModelError, match=r"no hash of .* is known.*--checkpoint tiny=PATH"):
        hub.resolve("tiny")
    assert hub.resolve("tiny", UserPaths(files={"tiny": path})) == path


@pytest.mark.parametrize("argument", ["tiny", "tiny=", "=x", "unheard-of=x", ""])
def test_arguments_that_name_no_checkpoint_are_wrong_usage(argument: str) -> None:
    with pytest.raises(UsageError):
        parse_user_paths([argument])


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("crop-rank", "`compose train crop`: --weights DIR"),
        ("saliency", "`compose train`: COMPOSE_TRAINED=DIR"),
        ("outlines", "`compose train`: COMPOSE_TRAINED=DIR"),
        ("crop-trunk-vit", "leave .*crop-trunk-vit=.* out"),
    ],
)
def test_networks_that_ship_are_not_silently_named(
    name: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = put(tmp_path / "own.onnx")
    with pytest.raises(UsageError, match=f"{name} ships with the tool.*{way}") as refused:
        parse_user_paths([f"{name}={own}"])
    assert "--checkpoint" in str(refused.value)
    monkeypatch.setenv("COMPOSE_MODELS", f"{name}={own}")
    with pytest.raises(UsageError, match=f"{name} ships with the tool.*{way}") as refused:
        parse_user_paths()
    assert "COMPOSE_MODELS" in str(refused.value)


def test_a_network_that_ships_lies_where_engines_look_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = registry.CHECKPOINTS["outlines"]
    put(tmp_path / "models" / row.file)
    monkeypatch.setenv("COMPOSE_MODELS", str(tmp_path / "models"))
    assert hub.verify("outlines", parse_user_paths()).status == "ok"
    found = cache.find(row, parse_user_paths())
    assert found is not None
    assert (found.path, found.place) == (weights_folder() / row.file, "embedded")


def test_a_folder_with_an_equals_sign_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "a=b" / ROW.file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPOSE_MODELS", "a=b")
    assert hub.resolve("tiny") == path


def test_the_cache_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder() == tmp_path / "home"
    monkeypatch.delenv("COMPOSE_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "compose"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "user")
    monkeypatch.setattr(cache.sys, "platform", "linux")
    assert cache_folder() == tmp_path / "user" / ".cache" / "compose"
    monkeypatch.setattr(cache.sys, "platform", "darwin")
    assert cache_folder() == tmp_path / "user" / "Library" / "Caches" / "compose"
    monkeypatch.setattr(cache.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder() == tmp_path / "local" / "compose" / "Cache"
