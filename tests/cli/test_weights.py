import hashlib
import json
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from doubles import TINY, published_weights
from retrato.cli.main import retrato
from retrato.networks.gfpgan import GFPGAN
from retrato.weights import catalog, download
from retrato.weights.catalog import PUBLISHED_FILES, PublishedFile
from retrato.weights.load import load_gfpgan
from retrato.weights.names.kinds import Kind
from retrato.weights.store import StoredWeights, config_fields, write_weights

CONTENT = b"weights" * 100
SIGNED = PublishedFile("net", "net.pt", (), len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "MIT", "is tested", "7")
UNSIGNED = PublishedFile("odd", "odd.pt", (), None, None, "BSD", "is unsigned")


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder."""

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    """A publisher of net.pt."""
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "net.pt").write_bytes(CONTENT)
    running = ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *arguments: Quiet(*arguments, directory=tmp_path / "published")
    )
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, server):
    url = f"http://127.0.0.1:{server.server_port}"
    files = [PublishedFile(**{**vars(each), "urls": (f"{url}/{each.file_name}",)}) for each in (SIGNED, UNSIGNED)]
    monkeypatch.setattr(catalog, "PUBLISHED_FILES", tuple(files))
    monkeypatch.setattr(download, "PATIENCE", download.Patience(pause_seconds=0))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


def run(*arguments):
    return CliRunner().invoke(retrato, ["weights", *map(str, arguments)])


def listed():
    return {each["name"]: each for each in json.loads(run("list", "--json").stdout)}


def test_the_list_says_what_each_is_good_at_and_whether_it_is_here(home):
    (home / "net.pt").write_bytes(CONTENT)
    lines = [" ".join(line.split()) for line in run("list").stdout.splitlines()]
    assert "net 0.0 MB downloaded MIT is tested" in lines
    assert "odd unknown no BSD is unsigned" in lines
    assert any(line.startswith("bundled 24 MB bundled Apache-2.0") for line in lines)


def test_programs_are_told_all_that_is_known(home, server):
    (home / "net.pt").write_bytes(CONTENT)
    assert listed()["net"] == {
        "name": "net",
        "version": "7",
        "good_at": "is tested",
        "licence": "MIT",
        "size_bytes": len(CONTENT),
        "here": "downloaded",
        "path": str(home / "net.pt"),
        "file_name": "net.pt",
        "urls": [f"http://127.0.0.1:{server.server_port}/net.pt"],
        "sha256": SIGNED.sha256,
    }


def test_the_list_tells_bundled_half_downloaded_broken_and_offline_files_apart(home, tmp_path, monkeypatch):
    assert (listed()["bundled"]["here"], listed()["net"]["here"]) == ("bundled", None)
    (home / "net.pt.part").write_bytes(CONTENT[:10])
    assert listed()["net"]["here"] == "half downloaded"
    (home / "net.pt").write_bytes(CONTENT[:10])
    assert listed()["net"]["here"] == "broken (truncated)"
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path / "published"))
    assert listed()["net"]["here"] == "offline folder"


def test_a_download_goes_where_it_is_looked_for(home):
    result = run("download", "net")
    assert (result.exit_code, result.stdout) == (0, f"net: {home / 'net.pt'}\n")
    assert (home / "net.pt").read_bytes() == CONTENT


def test_a_download_may_go_into_any_folder(home, tmp_path):
    assert run("download", "net", "--to", "usb/stick").exit_code == 0
    assert (tmp_path / "usb" / "stick" / "net.pt").read_bytes() == CONTENT
    assert not (home / "net.pt").exists()


def test_what_is_here_is_not_downloaded_again(home, server):
    (home / "net.pt").write_bytes(CONTENT)
    Path("published/net.pt").unlink()
    assert run("download", "net").stdout == f"net: {home / 'net.pt'}\n"


def test_what_cannot_be_downloaded_is_named_and_the_others_go_on(home):
    result = run("download", "odd", "net")
    assert result.exit_code == 1
    assert "not done: could not fetch odd" in result.stderr
    assert (home / "net.pt").exists()


def test_an_unknown_name_is_refused_before_anything_is_fetched(home):
    assert run("download", "net", "nett").exit_code == 1
    assert not (home / "net.pt").exists()


def test_right_files_are_said_to_be_right(home):
    (home / "net.pt").write_bytes(CONTENT)
    (home / "odd.pt").write_bytes(b"whatever")
    result = run("verify")
    assert result.exit_code == 0
    assert f"net: whole: {home / 'net.pt'}" in result.stdout
    assert "odd: there; nobody has published its SHA-256, and none was recorded" in result.stdout
    assert "2 files checked" in result.stdout


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (CONTENT[:-1], "net: truncated, 699 of 700 bytes"),
        (CONTENT + b"x", "net: too long, 701 of 700 bytes"),
        (CONTENT[::-1], "net: other content"),
    ],
)
def test_wrong_files_are_named_with_what_to_do(home, content, verdict):
    (home / "net.pt").write_bytes(content)
    result = run("verify")
    assert result.exit_code == 1
    assert verdict in result.stdout
    assert f"delete {home / 'net.pt'}, then: retrato weights download net" in result.stderr


def test_a_file_that_has_changed_since_it_was_fetched_is_wrong(home):
    (home / "odd.pt").write_bytes(b"whatever")
    (home / "odd.pt.sha256").write_text(f"{'0' * 64}  odd.pt\n")
    result = run("verify", "odd")
    assert result.exit_code == 1
    assert "not what was first fetched" in result.stdout
    assert "odd.pt.sha256" in result.stderr


def test_a_named_file_that_is_not_here_is_wrong():
    result = run("verify", "net")
    assert result.exit_code == 1
    assert "net is not here: retrato weights download net" in result.stderr


@pytest.mark.parametrize("action", ["verify", "download"])
def test_what_comes_with_the_package_needs_neither(action):
    result = run(action, "bundled")
    assert result.exit_code == 0
    assert result.stdout.startswith("bundled: comes with the package: ")


def test_nothing_here_is_nothing_wrong():
    assert run("verify").exit_code == 0


def test_a_path_stands_alone(home):
    (home / "net.pt").write_bytes(CONTENT)
    assert run("path", "net").stdout == f"{home / 'net.pt'}\n"
    assert load_gfpgan(run("path", "bundled").stdout.strip()).config.image_size == 256


def test_a_path_to_what_is_not_here_is_refused_or_fetched(home):
    refused = run("path", "net")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "RETRATO_WEIGHTS" in str(refused.exception)
    assert run("path", "net", "--download").stdout == f"{home / 'net.pt'}\n"


def test_a_wrong_file_has_no_path(home):
    (home / "net.pt").write_bytes(CONTENT[:-1])
    assert run("path", "net").exit_code == 1


def test_a_published_file_becomes_ours_and_is_not_replaced_unless_asked():
    torch.save(published_weights("gfpgan_clean.safetensors"), "GFPGANv9.pth")
    result = run("convert", "GFPGANv9.pth", "ours.safetensors")
    assert result.exit_code == 0
    assert "GFPGANv9.pth (published weights GFPGANv9.pth (clean)) -> ours.safetensors" in result.stdout
    assert load_gfpgan("ours.safetensors").config.image_size == 64
    Path("ours.safetensors").write_text("something dear")
    assert run("convert", "GFPGANv9.pth", "ours.safetensors").exit_code == 1
    assert Path("ours.safetensors").read_text() == "something dear"
    assert run("convert", "GFPGANv9.pth", "ours.safetensors", "--overwrite").exit_code == 0
    assert load_gfpgan("ours.safetensors").config.image_size == 64


def test_what_cannot_be_converted_is_refused_and_nothing_is_written():
    network = GFPGAN(TINY)
    write_weights(Path("mine.safetensors"), StoredWeights("gfpgan", config_fields(TINY), network.state_dict(), {}))
    result = run("convert", "mine.safetensors", "theirs.pth")
    assert result.exit_code == 1
    assert "mine.safetensors: this network cannot be written in the clean layout: it keeps" in str(result.exception)
    assert not Path("theirs.pth").exists()


def test_the_bundled_model_says_why_it_cannot_be_published():
    assert "keep_input" in str(run("convert", "bundled", "theirs.pth").exception)


def test_the_layouts_of_the_option_are_those_that_there_are():
    help_text = run("convert", "--help").stdout
    assert f"[{'|'.join(Kind)}]" in help_text


def test_the_page_on_weights_has_the_catalog_as_it_is():
    page = (Path(__file__).parents[2] / "docs" / "weights.md").read_text()
    for each in PUBLISHED_FILES:
        size = "not published" if each.size_bytes is None else f"{each.size_bytes / 1e6:.0f} MB"
        row = (
            f"| `{each.name}` | {each.version or ''} | {each.purpose} | {size} | {each.licence} | `{each.file_name}` |"
        )
        assert row in page, f"docs/weights.md lacks this row:\n{row}"
    rows = [line for line in page.splitlines() if line.startswith("| `") and line.count(" | ") == 5]
    assert len(rows) == len(PUBLISHED_FILES)
