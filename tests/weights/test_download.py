"""Against a server on this machine that misbehaves as real ones do."""

import hashlib
import logging
import re
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from retrato.errors import UnavailableWeights, UnknownWeights
from retrato.weights import download
from retrato.weights.catalog import PUBLISHED_FILES, PublishedFile, published_file

CONTENT = bytes(range(256)) * 4096  # 1 MiB


class Publisher(BaseHTTPRequestHandler):
    """Serves CONTENT at /whole, and worse elsewhere."""

    requests: list[tuple[str, str | None]]

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.seen.append((self.path, wanted))
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        match self.path:
            case "/missing":
                self.send_error(404)
            case "/other":
                self._send(CONTENT[::-1])
            case "/breaks":
                self._send(CONTENT[start:], status=206 if start else 200, only=300_000)
            case "/ignores-range":
                self._send(CONTENT, only=None if wanted else 300_000)
            case "/endless":
                self._send(CONTENT * 20, length=None)
            case "/cut-short":
                self._send(CONTENT, only=300_000)
            case "/without-length":
                self._send(CONTENT, length=None)
            case "/login":
                self._send(b"<html>Pay for this network</html>", kind="text/html; charset=utf-8")
            case _:
                self._send(CONTENT[start:], status=206 if start else 200)

    def _send(self, content, status=200, only=None, length=0, kind="application/octet-stream"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content[:only])
        except ConnectionError:
            self.server.hung_up.set()
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    running.seen, running.hung_up = [], threading.Event()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def publish(server):
    def entry(*paths):
        urls = tuple(f"http://127.0.0.1:{server.server_port}{path}" for path in paths)
        return PublishedFile("face-net", "face.pt", urls, len(CONTENT), DIGEST, "MIT", "testing")

    return entry


@pytest.fixture
def publish_unsigned(publish):
    """An entry of which nobody has published size and SHA-256."""

    def entry(*paths):
        return replace(publish(*paths), size_bytes=None, sha256=None)

    return entry


def test_a_file_is_fetched_whole(publish, tmp_path):
    assert download.download(publish("/whole"), tmp_path).read_bytes() == CONTENT


def test_a_broken_connection_is_continued_where_it_broke(publish, server, tmp_path):
    assert download.download(publish("/breaks", "/whole"), tmp_path).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.seen] == [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"][
        : len(server.seen)
    ]


def test_a_server_that_cannot_continue_begins_anew(publish, tmp_path):
    assert download.download(publish("/ignores-range"), tmp_path).read_bytes() == CONTENT


def test_the_next_address_is_tried(publish, tmp_path):
    assert download.download(publish("/missing", "/other", "/whole"), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["/missing", "/other", "/endless"])
def test_what_is_not_the_right_file_never_gets_its_name(publish, tmp_path, path):
    with pytest.raises(UnavailableWeights, match="RETRATO_WEIGHTS"):
        download.download(publish(path), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_more_is_read_than_the_file_has(publish, server, tmp_path):
    with pytest.raises(UnavailableWeights, match="other content"):
        download.download(publish("/endless"), tmp_path)
    assert server.hung_up.wait(timeout=10)


def test_an_unreachable_address_says_how_to_go_on_without_a_connection(publish, server, tmp_path):
    entry = publish("/whole")
    server.shutdown()
    server.server_close()
    with pytest.raises(UnavailableWeights, match="without a connection, download http"):
        download.download(entry, tmp_path)


def test_a_fetched_file_is_not_fetched_again(publish, server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "published_file", lambda _: publish("/whole"))
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    assert download.find_weights("face-net") == download.find_weights("face-net")
    assert len(server.seen) == 1


def test_a_damaged_file_is_fetched_again(publish, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "published_file", lambda _: publish("/whole"))
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    found = download.find_weights("face-net")
    found.write_bytes(CONTENT[:-1] + b"x")
    assert download.find_weights("face-net").read_bytes() == CONTENT


def test_an_offline_folder_gives_the_file_under_any_name(publish, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "published_file", lambda _: publish("/missing"))
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path))
    (tmp_path / "as the browser called it (1).pt").write_bytes(CONTENT)
    assert download.find_weights("face-net").name == "as the browser called it (1).pt"


def test_a_folder_that_cannot_be_written_is_named(publish, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnavailableWeights, match="cannot keep face-net"):
        download.download(publish("/whole"), tmp_path / "file" / "weights")


def test_only_web_addresses_are_fetched(tmp_path):
    local = PublishedFile("face-net", "face.pt", ("file:///etc/hostname",), 10, "0" * 64, "MIT", "testing")
    with pytest.raises(UnavailableWeights, match="only https and http"):
        download.download(local, tmp_path)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownWeights, match="lpips-squeezenet"):
        published_file("gfpgan-v9")


def test_an_unknown_hash_is_recorded_beside_the_file_and_said(publish_unsigned, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, logger="retrato"):
        fetched = download.download(publish_unsigned("/whole"), tmp_path)
    assert fetched.read_bytes() == CONTENT
    assert (tmp_path / "face.pt.sha256").read_text() == f"{DIGEST}  face.pt\n"
    assert DIGEST in caplog.text


def test_what_was_fetched_without_a_known_hash_is_found_again(publish_unsigned, server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "published_file", lambda _: publish_unsigned("/whole"))
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    assert download.find_weights("face-net") == download.find_weights("face-net")
    assert len(server.seen) == 1


def test_a_file_that_has_changed_since_its_hash_was_recorded_is_fetched_again(publish_unsigned, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "published_file", lambda _: publish_unsigned("/whole"))
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    download.find_weights("face-net").write_bytes(b"something else")
    assert download.find_weights("face-net").read_bytes() == CONTENT


def test_a_publisher_who_exchanges_an_unsigned_file_is_noticed(publish_unsigned, tmp_path):
    download.download(publish_unsigned("/whole"), tmp_path).unlink()
    with pytest.raises(UnavailableWeights, match=r"other content than .*face\.pt\.sha256"):
        download.download(publish_unsigned("/other"), tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["face.pt.sha256"]


def test_a_broken_connection_is_noticed_by_the_length_that_the_server_says(publish_unsigned, tmp_path):
    assert download.download(publish_unsigned("/cut-short", "/breaks", "/whole"), tmp_path).read_bytes() == CONTENT
    with pytest.raises(UnavailableWeights, match="closed after 300000 bytes"):
        download.download(publish_unsigned("/cut-short"), tmp_path / "elsewhere")


def test_an_unsigned_file_is_taken_from_a_server_that_says_no_length(publish_unsigned, tmp_path):
    assert download.download(publish_unsigned("/without-length"), tmp_path).read_bytes() == CONTENT


def test_halves_of_unsigned_files_from_different_days_are_not_joined(publish_unsigned, tmp_path):
    (tmp_path / "face.pt.part").write_bytes(b"half of something older")
    assert download.download(publish_unsigned("/whole"), tmp_path).read_bytes() == CONTENT


def test_the_login_page_of_a_network_is_not_taken_for_an_unsigned_file(publish_unsigned, tmp_path):
    with pytest.raises(UnavailableWeights, match="a web page"):
        download.download(publish_unsigned("/login"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_offline_folder_gives_an_unsigned_file_by_its_name_alone(publish_unsigned, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "published_file", lambda _: publish_unsigned("/missing"))
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path))
    (tmp_path / "another.pt").write_bytes(CONTENT)
    (tmp_path / "face.pt").write_bytes(CONTENT)
    assert download.find_weights("face-net").name == "face.pt"


def test_catalog_entries_have_names_files_and_hashes_of_their_own():
    for values in ([each.name for each in PUBLISHED_FILES], [each.file_name for each in PUBLISHED_FILES]):
        assert len(set(values)) == len(values)
    hashes = [each.sha256 for each in PUBLISHED_FILES if each.sha256]
    assert len(set(hashes)) == len(hashes)
    assert {len(each) for each in hashes} == {64, 8}


@pytest.mark.parametrize(
    "published", [each for each in PUBLISHED_FILES if re.search("-[0-9a-f]{8}[.]", each.file_name)]
)
def test_some_publishers_name_their_files_after_the_hash(published):
    assert published.sha256[:8] in published.file_name


@pytest.mark.parametrize("published", PUBLISHED_FILES, ids=lambda each: each.name)
def test_every_file_can_be_fetched_or_says_where_it_is_or_is_part_of_another(published):
    assert published.urls or published.page or "first part of" in published.purpose


@pytest.fixture
def publish_by_prefix(publish):
    """An entry of which the first digits of the SHA-256 alone are published."""

    def entry(*paths):
        return replace(publish(*paths), size_bytes=None, sha256=DIGEST[:8])

    return entry


def test_the_first_digits_of_a_hash_are_enough(publish_by_prefix, tmp_path):
    assert download.download(publish_by_prefix("/whole"), tmp_path).read_bytes() == CONTENT


def test_a_file_with_other_first_digits_is_refused(publish_by_prefix, tmp_path):
    with pytest.raises(UnavailableWeights, match="other content"):
        download.download(publish_by_prefix("/other"), tmp_path)


def test_a_file_of_unknown_size_is_not_looked_for_under_other_names(publish_by_prefix, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "published_file", lambda _: publish_by_prefix("/missing"))
    monkeypatch.setenv("RETRATO_WEIGHTS", str(tmp_path))
    (tmp_path / "another.pt").write_bytes(CONTENT)
    assert download.find_here("face-net") is None


def test_a_file_that_no_address_gives_says_where_a_person_finds_it(publish, tmp_path):
    entry = replace(publish(), page="https://example.org/faces")
    with pytest.raises(UnavailableWeights, match=r"face\.pt from https://example\.org/faces.*RETRATO_WEIGHTS"):
        download.download(entry, tmp_path)


def test_what_is_not_here_is_not_fetched_by_looking(monkeypatch, tmp_path):
    monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
    monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
    assert download.find_here("vgg16") is None
