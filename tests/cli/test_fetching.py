import hashlib
import io
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import tqdm

from retrato.cli.fetching import fetch_named
from retrato.weights import catalog
from retrato.weights.catalog import PublishedFile

CONTENT = b"weights" * 100_000


class Publisher(BaseHTTPRequestHandler):
    """Serves CONTENT."""

    def do_GET(self):
        self.server.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    running.seen = []
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def server(monkeypatch, tmp_path):
    with serving() as running:
        urls = (f"http://127.0.0.1:{running.server_port}/net.pt",)
        digest = hashlib.sha256(CONTENT).hexdigest()
        entry = PublishedFile("net", "net.pt", urls, len(CONTENT), digest, "MIT", "testing")
        monkeypatch.setattr(catalog, "PUBLISHED_FILES", (entry,))
        monkeypatch.setenv("RETRATO_HOME", str(tmp_path))
        monkeypatch.delenv("RETRATO_WEIGHTS", raising=False)
        yield running


@pytest.fixture
def shown(monkeypatch):
    """What a terminal would show."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal, bar = Terminal(), tqdm.tqdm
    monkeypatch.setattr(tqdm, "tqdm", lambda **options: bar(**options, file=terminal))
    return terminal


def test_a_catalog_name_is_fetched_under_a_bar_that_counts_bytes(server, shown, tmp_path):
    fetch_named("net")
    assert (tmp_path / "weights" / "net.pt").read_bytes() == CONTENT
    last = shown.getvalue().split("\r")[-1]
    assert last.startswith("net: 100%")
    assert "700k/700k" in last


def test_what_is_here_shows_no_bar(server, shown):
    fetch_named("net")
    before = shown.getvalue()
    fetch_named("net")
    assert (shown.getvalue(), len(server.seen)) == (before, 1)


@pytest.mark.parametrize("name", ["bundled", "runs/mine/weights.safetensors", "unheard-of", ""])
def test_what_is_in_no_catalog_is_left_to_others(server, name):
    fetch_named(name)
    assert server.seen == []
