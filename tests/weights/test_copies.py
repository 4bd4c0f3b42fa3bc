import hashlib
import os
from pathlib import Path

import pytest

from retrato.errors import UnavailableWeights
from retrato.weights import copies as module
from retrato.weights.catalog import PublishedFile
from retrato.weights.copies import Finding, copies, find_copy, sha256, weights_home

CONTENT = b"weights" * 100
SIGNED = PublishedFile("net", "net.pt", (), len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "MIT", "testing")
UNSIGNED = PublishedFile("net", "net.pt", (), None, None, "MIT", "testing")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "weights").mkdir(parents=True)
    return tmp_path / "home" / "weights"


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (CONTENT, Finding.WHOLE),
        (CONTENT[:-1], Finding.TRUNCATED),
        (CONTENT + b"x", Finding.TOO_LONG),
        (CONTENT[::-1], Finding.OTHER_CONTENT),
    ],
)
def test_a_file_is_whole_truncated_too_long_or_other(home, content, finding):
    (home / "net.pt").write_bytes(content)
    assert [each.finding for each in copies(SIGNED)] == [finding]
    assert find_copy(SIGNED) == (home / "net.pt" if finding is Finding.WHOLE else None)


@pytest.mark.parametrize(
    ("record", "finding"),
    [
        (None, Finding.UNPROVEN),
        (SIGNED.sha256, Finding.AS_RECORDED),
        ("0" * 64, Finding.CHANGED),
        ("", Finding.CHANGED),
    ],
)
def test_a_file_of_which_nobody_has_published_the_hash_is_compared_with_its_record(home, record, finding):
    (home / "net.pt").write_bytes(CONTENT)
    if record is not None:
        (home / "net.pt.sha256").write_text(f"{record}  net.pt\n" if record else "")
    assert [each.finding for each in copies(UNSIGNED)] == [finding]


def test_the_offline_folder_goes_first(home, tmp_path, monkeypatch):
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path))
    for folder in (home, tmp_path):
        (folder / "net.pt").write_bytes(CONTENT)
    assert find_copy(SIGNED) == tmp_path / "net.pt"


def test_a_right_file_under_another_name_stands_in_for_a_wrong_one(home):
    (home / "net.pt").write_bytes(CONTENT[:-1])
    (home / "net (1).pt").write_bytes(CONTENT)
    assert [each.finding for each in copies(SIGNED)] == [Finding.TRUNCATED, Finding.WHOLE]
    assert find_copy(SIGNED) == home / "net (1).pt"


def test_a_wrong_file_in_the_offline_folder_does_not_hide_a_right_one_at_home(home, tmp_path, monkeypatch):
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path))
    (tmp_path / "net.pt").write_bytes(b"a page that says: log in")
    (home / "net.pt").write_bytes(CONTENT)
    assert find_copy(SIGNED) == home / "net.pt"


def test_where_nothing_is_nothing_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path / "nowhere"))
    assert list(copies(SIGNED)) == []


def test_an_offline_folder_that_is_none_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(UnavailableWeights, match=r"RETRATO_WEIGHTS names .*nowhere, which is no folder"):
        find_copy(SIGNED)


def test_downloads_are_kept_in_the_cache_folder_by_default(monkeypatch):
    monkeypatch.delenv("RETRATO_HOME")
    monkeypatch.setenv("HOME", "/somewhere")
    assert weights_home() == Path("/somewhere/.cache/retrato/weights")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_named(home):
    (home / "net.pt").write_bytes(CONTENT)
    (home / "net.pt").chmod(0)
    with pytest.raises(UnavailableWeights, match=r"net\.pt: permission denied"):
        find_copy(SIGNED)


def test_the_hash_of_a_file_is_not_remembered_when_it_is_written_again_at_once(tmp_path):
    path = tmp_path / "file"
    for content in (b"one", b"two"):
        path.write_bytes(content)
        assert sha256(path) == hashlib.sha256(content).hexdigest()


def test_the_hash_of_a_file_that_has_settled_is_computed_once(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    os.utime(path, (1, 1))
    before = module._sha256.cache_info().misses
    assert sha256(path) == sha256(path)
    assert module._sha256.cache_info().misses == before + 1
