import bz2
import csv
import gzip
import hashlib
import json
import re
import shutil
import socket
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

import pooch
import pytest
from conftest import article

from research_lib.datasets import catalogue, load

CONTENT = "".join(article(f"Book {i}", ["Novel", f"Person {i * i}"]) for i in range(200)).encode()


@pytest.fixture
def server(monkeypatch):
    """A web server in a thread that can be told to hang up, to know no ranges, and to compress."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.requests.append(self.headers)
            content, status, start = server.content, server.status, 0
            if server.compresses and "gzip" in self.headers.get("Accept-Encoding", ""):
                content = gzip.compress(content, mtime=0)
            if server.knows_ranges and "Range" in self.headers:
                start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
                status = 206 if start < len(content) else 416
            body = content[start:] if status in (200, 206) else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if content is not server.content:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(body[: server.hangs_up_after])

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.content, server.status, server.requests = CONTENT, 200, []
    server.hangs_up_after, server.knows_ranges, server.compresses = None, True, False
    server.url = f"http://127.0.0.1:{server.server_port}/table.ndjson"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(catalogue, "CHUNK_BYTES", 1000)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def twin(server, cache, monkeypatch):
    """A catalogue of one dataset, which the server has."""
    file = catalogue.File("table.ndjson", server.url, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    dataset = catalogue.Dataset("books-twin", "books", "a twin", 200, 6, "MIT", "nobody", (file,))
    monkeypatch.setattr(catalogue, "DATASETS", (dataset,))
    return cache / "books-twin" / "table.ndjson"


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_missing_file_is_fetched_once(twin, server):
    assert not catalogue.is_cached("books-twin")
    assert catalogue.fetch("books-twin") == [twin]
    assert twin.read_bytes() == CONTENT
    assert catalogue.is_cached("books-twin")
    catalogue.fetch("books-twin")
    assert len(server.requests) == 1
    assert files_in(twin.parent) == [twin]


def test_load_fetches_by_name(twin, server, tmp_path, monkeypatch):
    (tmp_path / "books-twin").mkdir()  # a folder of that name does not hide the dataset
    monkeypatch.chdir(tmp_path)
    books = load("books", "books-twin", min_count=1)
    assert (books.n_rows, books.source) == (200, "books-twin")


@pytest.mark.parametrize("compresses", [False, True], ids=["plain", "compressing server"])
def test_an_interrupted_transfer_goes_on_where_it_stopped(twin, server, compresses):
    server.compresses = compresses
    server.hangs_up_after = 5500
    with pytest.raises(ConnectionError, match=r"books-twin: table.ndjson is not in the cache and cannot be fetched"):
        catalogue.fetch("books-twin")
    assert not catalogue.is_cached("books-twin")
    server.hangs_up_after = None
    catalogue.fetch("books-twin")
    assert twin.read_bytes() == CONTENT
    start = int(server.requests[1]["Range"].removeprefix("bytes=").removesuffix("-"))
    assert 4000 <= start <= 5500  # the rest, not all of it
    assert files_in(twin.parent) == [twin]


def test_a_server_without_ranges_is_asked_for_all_of_it(twin, server):
    server.hangs_up_after, server.knows_ranges = 5500, False
    with pytest.raises(ConnectionError):
        catalogue.fetch("books-twin")
    server.hangs_up_after = None
    catalogue.fetch("books-twin")
    assert twin.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(twin, server):
    server.content, server.hangs_up_after = 3 * CONTENT, 2 * len(CONTENT)
    with pytest.raises(ConnectionError):
        catalogue.fetch("books-twin")
    server.content, server.hangs_up_after = CONTENT, None
    catalogue.fetch("books-twin")
    assert twin.read_bytes() == CONTENT
    assert [request["Range"] is None for request in server.requests] == [True, False, True]


def test_what_has_another_hash_is_not_kept(twin, server):
    server.content = CONTENT.replace(b"Novel", b"Naval")
    with pytest.raises(ValueError, match=rf"books-twin: what {server.url} sent does not have the catalogue's SHA-256"):
        catalogue.fetch("books-twin")
    assert files_in(twin.parent) == []
    server.content = CONTENT
    catalogue.fetch("books-twin")
    assert twin.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 416, 503])
def test_a_server_that_refuses_is_said_with_the_way_out(twin, server, status):
    server.status = status
    with pytest.raises(
        ConnectionError, match=rf"fetched from {server.url} \(HTTPError\).*research-lib data import FOLDER"
    ):
        catalogue.fetch("books-twin")
    assert files_in(twin.parent) == []


def test_an_unreachable_server_is_said_with_the_way_out(twin, monkeypatch):
    with socket.socket() as nobody:  # a port that is taken and not listened to
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/table.ndjson"
        dataset = catalogue.DATASETS[0]
        file = catalogue.File("table.ndjson", url, dataset.files[0].sha256, len(CONTENT))
        unreachable = catalogue.Dataset("books-twin", "books", "a twin", 200, 6, "MIT", "nobody", (file,))
        monkeypatch.setattr(catalogue, "DATASETS", (unreachable,))
        with pytest.raises(ConnectionError, match=rf"fetched from {url} .*research-lib data import FOLDER"):
            load("books", "books-twin")
    assert files_in(twin.parent) == []


def test_a_cache_file_with_another_hash_is_not_read(twin, server):
    twin.parent.mkdir(parents=True)
    twin.write_bytes(CONTENT[:-1] + b" ")
    with pytest.raises(ValueError, match=r"table.ndjson: SHA-256 \w{12}…, expected \w{12}…: the file is damaged"):
        load("books", "books-twin")
    assert server.requests == []
    twin.unlink()  # as the message says
    assert load("books", "books-twin", min_count=1).n_rows == 200


def test_import_finds_files_by_hash_whatever_their_name(twin, server, tmp_path):
    folder = tmp_path / "downloads"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x (1).bin").write_bytes(CONTENT)
    (folder / "table.ndjson").write_bytes(CONTENT[::-1])  # the right name and size, another file
    (folder / "other.txt").write_bytes(b"")
    copied = catalogue.import_folder(folder)
    assert copied.to_dict("list") == {"file": [str(folder / "deep" / "x (1).bin")], "name": ["books-twin"]}
    assert twin.read_bytes() == CONTENT
    assert load("books", "books-twin", min_count=1).n_rows == 200
    assert server.requests == []


def test_import_of_a_folder_without_known_files_copies_nothing(twin, cache, tmp_path):
    (tmp_path / "empty").mkdir()
    assert len(catalogue.import_folder(tmp_path / "empty")) == 0
    assert not cache.exists()
    with pytest.raises(NotADirectoryError, match="missing: not a folder"):
        catalogue.import_folder(tmp_path / "missing")


def test_an_unknown_name_gets_its_near_miss():
    with pytest.raises(ValueError, match=r"Unknown dataset 'book-p15'. Did you mean 'books-p15'\? The catalogue has: "):
        catalogue.fetch("book-p15")
    with pytest.raises(
        ValueError, match=r"Unknown dataset 'zzzz'\. The catalogue has: books-p15, books, cosing, logv, expt-gap"
    ):
        catalogue.cached_paths("zzzz")


def test_the_cache_is_where_the_variable_says_or_the_systems(monkeypatch, tmp_path):
    monkeypatch.setenv("RESEARCH_LIB_DATA", str(tmp_path))
    assert catalogue.cache_folder() == tmp_path
    monkeypatch.delenv("RESEARCH_LIB_DATA")
    assert catalogue.cache_folder() == pooch.os_cache("research-lib")


def test_the_catalogue_is_what_was_agreed():
    names = [dataset.name for dataset in catalogue.catalogue()]
    older = ["books-p15", "books", "cosing", "logv", "expt-gap", "wiki-text", "word-tests"]
    assert names == [*older, "mnist-test", "movielens-small"]
    assert catalogue.catalogue("books") == catalogue.DATASETS[:2]
    assert catalogue.catalogue("days") == ()
    stated = {dataset.name: (dataset.rows, dataset.columns, *dataset.files) for dataset in catalogue.DATASETS}
    rows, columns, file = stated["books"]
    assert (rows, columns, file.n_bytes) == (37_020, 6, 58_925_764)
    assert file.sha256 == "0d486159c46313ac3498a76ef4abfc9f2db3f302e564cfe4c5fcec5298ace4b7"
    rows, columns, file = stated["books-p15"]
    assert (rows, columns, file.n_bytes) == (1413, 6, 1_962_641)
    assert file.sha256 == "8a5936d69be4886075c04fcec028094edb08442daceb81679acca1753ce0f0fe"
    rows, columns, file = stated["cosing"]
    assert (rows, columns, file.n_bytes) == (28_712, 4, 2_113_999)
    assert file.sha256 == "13b3974654814754d3dc272332fabd55710e33801866961ee537d190fc2c22a1"


@pytest.mark.parametrize("dataset", catalogue.DATASETS, ids=lambda dataset: dataset.name)
def test_every_dataset_says_where_it_is_from(dataset):
    assert dataset.licence and dataset.citation and dataset.description
    assert dataset.files
    for file in dataset.files:
        assert file.url.startswith("https://")
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)


@pytest.mark.parametrize("name", [pytest.param(d.name, marks=pytest.mark.real(d.name)) for d in catalogue.DATASETS])
def test_the_cached_file_has_the_stated_rows_columns_bytes_and_hash(name):
    dataset = catalogue.find(name)
    paths = catalogue.fetch(name)
    for file, path in zip(dataset.files, paths, strict=True):
        assert path.stat().st_size == file.n_bytes
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
    rows = []
    for path in paths if name == "expt-gap" else paths[:1]:  # its folds are parts of one table
        header, *table = rows_of(path)
        if path.suffix in (".csv", ".zip"):
            assert len(header) == dataset.columns
        else:
            table.insert(0, header)
        rows += table
    assert {len(row) for row in rows} == {dataset.columns}
    assert len({row[0] for row in rows} if name == "expt-gap" else rows) == dataset.rows


def rows_of(path):
    """Every row as a list of its fields: of a dump pages, of images their pixels, of MovieLens' archive the ratings."""
    if path.suffix == ".gz":
        pixels = gzip.decompress(path.read_bytes())[16:]
        return [pixels[start : start + 784] for start in range(0, len(pixels), 784)]
    if path.suffix == ".bz2":
        with bz2.open(path, "rt", encoding="utf-8") as lines:
            return [[line] for line in lines if line.strip() == "<page>"]
    if path.suffix == ".zip":
        ratings = zipfile.Path(path, "ml-latest-small/ratings.csv").read_text(encoding="utf-8")
        return list(csv.reader(ratings.splitlines()))
    with path.open(encoding="utf-8", newline="") as lines:
        if path.suffix == ".txt":
            return [line.split() for line in lines if not line.startswith(":")]
        return list(csv.reader(lines) if path.suffix == ".csv" else map(json.loads, lines))


@pytest.mark.real("books-p15")
def test_the_real_file_is_imported_under_any_name(cache, tmp_path, monkeypatch):
    monkeypatch.undo()
    (path,) = catalogue.cached_paths("books-p15")
    (tmp_path / "downloads").mkdir()
    shutil.copy(path, tmp_path / "downloads" / "renamed")
    monkeypatch.setenv(catalogue.CACHE_VARIABLE, str(cache))
    assert not catalogue.is_cached("books-p15")
    assert list(catalogue.import_folder(tmp_path / "downloads")["name"]) == ["books-p15"]
    assert catalogue.is_cached("books-p15")


def test_a_local_file_is_described_as_an_entry_to_append(tmp_path):
    path = tmp_path / 'a "b"\\.csv'
    path.write_bytes(CONTENT)
    text = catalogue.describe(path)
    with (tmp_path / "catalogue.toml").open("w", encoding="utf-8") as file:
        file.write(f"{files('research_lib.datasets').joinpath('catalogue.toml').read_text(encoding='utf-8')}\n{text}")
    *published, mine = catalogue.read_catalogue(tmp_path / "catalogue.toml")
    assert tuple(published) == catalogue.DATASETS
    assert mine.name == 'my-a "b"\\'
    assert mine.files == (catalogue.File(path.name, "https://…", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)),)
    assert (mine.kind, mine.description, mine.rows, mine.columns) == ("…", "…", 0, 0)  # for somebody to fill in
    with pytest.raises(FileNotFoundError, match=r"missing\.csv: no such file"):
        catalogue.describe(tmp_path / "missing.csv")
