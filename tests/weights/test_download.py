"""Against a server on this machine that misbehaves as real ones do."""

import hashlib
import logging
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from retrato.errors import UnavailableWeights, UnknownWeights
from retrato.weights import download
from retrato.weights.catalog import PUBLISHED_FILES, PublishedFile, published_file

CONTENT = bytes(range(256)) * 4096  # 1 MiB


@dataclass(frozen=True)
class Answer:
    """What a server sends, and how."""

    content: bytes = b""
    status: int = 200
    only: int | None = None
    """How many bytes come before it breaks off."""
    says: int | None = -1
    """The length that it claims; -1 for the right one, None for none."""
    kind: str = "application/octet-stream"
    pause_seconds: float = 0.0
    """Between pieces of 64 KiB."""
    waits: bool = False
    """Whether it falls silent in the end, and keeps the connection."""
    location: str | None = None


def rest(start, **more):
    """What is asked for, as honest servers send it."""
    return Answer(CONTENT[start:], 206 if start else 200, **more)


ANSWERS = {
    "/whole": rest,
    "/missing": lambda _: Answer(status=404),
    "/broken": lambda _: Answer(status=500),
    "/other": lambda _: Answer(CONTENT[::-1]),
    "/breaks": lambda start: rest(start, only=300_000),
    "/ignores-range": lambda start: Answer(CONTENT, only=None if start else 300_000),
    "/endless": lambda _: Answer(CONTENT * 20, says=None),
    "/cut-short": lambda _: Answer(CONTENT, only=300_000),
    "/without-length": lambda _: Answer(CONTENT, says=None),
    "/moved": lambda _: Answer(status=302, location="/whole"),
    "/nothing-to-continue": lambda start: Answer(status=416) if start else rest(0),
    "/says-too-little": lambda start: rest(start, says=len(CONTENT) // 2),
    "/says-too-much": lambda _: Answer(CONTENT, says=2 * len(CONTENT)),
    "/silent": lambda _: Answer(says=len(CONTENT), waits=True),
    "/falls-silent": lambda start: rest(start, only=300_000, waits=True),
    "/slow": lambda start: rest(start, pause_seconds=0.02),
    "/login": lambda _: Answer(b"<html>Pay for this network</html>", kind="text/html; charset=utf-8"),
}


class Publisher(BaseHTTPRequestHandler):
    """Answers as its addresses say; as a proxy, too, which is asked for whole ones."""

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.seen.append((self.path, wanted))
        path = urlsplit(self.path).path
        if path == "/busy":
            path = "/whole" if len(self.server.seen) == 3 else "/broken"
        self._send(ANSWERS[path](int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0))

    def _send(self, answer):
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        if answer.location:
            self.send_header("Location", answer.location)
        if answer.says is not None:
            self.send_header("Content-Length", str(len(answer.content) if answer.says == -1 else answer.says))
        self.end_headers()
        content = answer.content[: answer.only]
        try:
            for begin in range(0, len(content), 1 << 16):
                self.wfile.write(content[begin : begin + (1 << 16)])
                time.sleep(answer.pause_seconds)
        except ConnectionError:
            self.server.hung_up.set()
        if answer.waits:
            self.server.stopping.wait(5)
        self.close_connection = True

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    running.seen, running.hung_up, running.stopping = [], threading.Event(), threading.Event()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.stopping.set()
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    """No test pauses, and none asks a real proxy; a busy machine is no silent server."""
    monkeypatch.setattr(download, "PATIENCE", replace(HASTE, timeout_seconds=10))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


HASTE = download.Patience(timeout_seconds=0.3, pause_seconds=0)


def left_in(folder):
    """The names of what can be seen there."""
    return sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))


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
    assert left_in(tmp_path) == []


def test_no_more_is_read_than_the_file_has(publish, server, tmp_path):
    with pytest.raises(UnavailableWeights, match="other content"):
        download.download(publish("/endless"), tmp_path)
    assert server.hung_up.wait(timeout=10)


def test_an_unreachable_address_says_how_to_go_on_without_a_connection(publish, server, tmp_path):
    entry = publish("/whole")
    server.shutdown()
    server.server_close()
    with pytest.raises(
        UnavailableWeights,
        match=r"download http.*/whole elsewhere, and put it into .* as face\.pt, or into any folder .* RETRATO_WEIGHTS",
    ):
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


def test_an_address_that_has_moved_is_followed(publish, tmp_path):
    assert download.download(publish("/moved"), tmp_path).read_bytes() == CONTENT


def test_a_server_that_is_busy_is_asked_again(publish, server, tmp_path):
    assert download.download(publish("/busy"), tmp_path).read_bytes() == CONTENT
    assert len(server.seen) == 3


def test_a_file_that_is_not_there_is_not_asked_for_again(publish, server, tmp_path):
    with pytest.raises(UnavailableWeights, match="the server says 404"):
        download.download(publish("/missing"), tmp_path)
    assert len(server.seen) == 1


def test_a_server_that_stays_broken_is_named(publish, tmp_path):
    with pytest.raises(UnavailableWeights, match="/broken: the server says 500"):
        download.download(publish("/broken"), tmp_path)


@pytest.mark.parametrize("path", ["/says-too-little", "/says-too-much"])
def test_a_server_that_lies_about_the_length_is_not_believed(publish, tmp_path, path):
    assert download.download(publish(path), tmp_path).read_bytes() == CONTENT


def test_a_silent_server_is_given_up_and_the_next_one_asked(publish, tmp_path):
    started = time.perf_counter()
    assert download.download(publish("/silent", "/whole"), tmp_path, HASTE).read_bytes() == CONTENT
    assert time.perf_counter() - started < 2


def test_a_silent_server_is_named_with_how_long_it_was_waited_for(publish, tmp_path):
    with pytest.raises(UnavailableWeights, match=r"/silent: no answer for 0\.3 s"):
        download.download(publish("/silent"), tmp_path, HASTE)


def test_tries_that_get_further_do_not_count(publish, server, tmp_path):
    assert download.download(publish("/falls-silent"), tmp_path, HASTE).read_bytes() == CONTENT
    assert len(server.seen) > HASTE.attempts


def test_what_cannot_be_continued_begins_anew(publish, server, tmp_path):
    (tmp_path / "face.pt.part").write_bytes(b"x" * 1000)
    assert download.download(publish("/nothing-to-continue"), tmp_path).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.seen] == ["bytes=1000-", None]


def test_half_of_something_else_is_thrown_away(publish, tmp_path):
    (tmp_path / "face.pt.part").write_bytes(b"x" * 1000)
    assert download.download(publish("/whole"), tmp_path).read_bytes() == CONTENT


def test_a_whole_file_that_lacks_nothing_but_its_name_is_not_fetched(publish, server, tmp_path):
    (tmp_path / "face.pt.part").write_bytes(CONTENT)
    assert download.download(publish("/whole"), tmp_path).read_bytes() == CONTENT
    assert server.seen == []


def test_progress_counts_what_was_there_already_and_ends_with_the_whole(publish, tmp_path):
    (tmp_path / "face.pt.part").write_bytes(CONTENT[:300_000])
    progress = list(download.downloading(publish("/whole"), tmp_path))
    assert progress[0].done_bytes > 300_000
    assert progress[-1] == download.Progress(len(CONTENT), len(CONTENT))


def test_a_library_says_nothing(publish, tmp_path, capfd):
    download.download(publish("/whole"), tmp_path)
    assert capfd.readouterr() == ("", "")


def test_a_proxy_is_asked_in_place_of_the_publisher(publish, server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    elsewhere = replace(publish("/whole"), urls=("http://weights.invalid/whole",))
    assert download.download(elsewhere, tmp_path).read_bytes() == CONTENT
    assert server.seen == [("http://weights.invalid/whole", None)]


def test_a_proxy_is_not_asked_for_what_no_proxy_names(publish, tmp_path, monkeypatch):
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert download.download(publish("/whole"), tmp_path).read_bytes() == CONTENT
        assert proxy.seen == []


def test_a_proxy_that_is_set_is_mentioned_when_nothing_works(publish, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(UnavailableWeights, match="a proxy is set"):
        download.download(publish("/whole"), tmp_path)


FETCH = """
import sys
from pathlib import Path
from retrato.weights.catalog import PublishedFile
from retrato.weights.download import downloading

entry = PublishedFile("face-net", "face.pt", (sys.argv[1],), int(sys.argv[2]), sys.argv[3], "MIT", "testing")
for progress in downloading(entry, Path(sys.argv[4])):
    print(progress.done_bytes, flush=True)
"""


def fetching(server, path, folder):
    """Another process that fetches."""
    url = f"http://127.0.0.1:{server.server_port}{path}"
    arguments = [url, str(len(CONTENT)), DIGEST, str(folder)]
    return subprocess.Popen([sys.executable, "-c", FETCH, *arguments], stdout=subprocess.PIPE)


def test_of_two_processes_one_fetches_and_the_other_waits_for_it(publish, server, tmp_path):
    with fetching(server, "/slow", tmp_path) as other:
        other.stdout.readline()
        seen = [each.done_bytes for each in download.downloading(publish("/missing"), tmp_path)]
        other.communicate()
    assert other.returncode == 0
    assert [path for path, _ in server.seen] == ["/slow"]
    assert seen
    assert seen == sorted(seen)
    assert (tmp_path / "face.pt").read_bytes() == CONTENT


def test_what_a_killed_process_has_fetched_is_continued(publish, server, tmp_path):
    with fetching(server, "/falls-silent", tmp_path) as other:
        while not other.stdout.readline().startswith(b"262144"):
            pass
        other.kill()
    assert download.download(publish("/whole"), tmp_path).read_bytes() == CONTENT
    assert server.seen[-1] == ("/whole", "bytes=262144-")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_said(publish, tmp_path):
    (tmp_path / "face.pt.part").symlink_to("/dev/full")
    with pytest.raises(UnavailableWeights, match="the disk is full; free some space, it takes 1 MB"):
        download.download(publish("/whole"), tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(publish, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(UnavailableWeights, match="permission denied; set RETRATO_HOME"):
        download.download(publish("/whole"), tmp_path / "locked")


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
    assert left_in(tmp_path) == ["face.pt.sha256"]


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
    assert left_in(tmp_path) == []


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
