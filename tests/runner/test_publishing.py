import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from research_lib.runner.execution import RunResult
from research_lib.runner.parameters import NotebookError
from research_lib.runner.publishing import publish


def fake_result(root, name, figures, error=None):
    run_folder = root / name
    (run_folder / "figures").mkdir(parents=True)
    for figure in figures:
        (run_folder / "figures" / figure).write_bytes(f"{name}/{figure}".encode())
    (run_folder / "provenance.json").write_text('{"commit": "c0ffee"}', encoding="utf-8")
    return RunResult(name, run_folder, {"dataset": "books-p15", "rate": float("nan")}, 1.0, {}, [], error)


def test_published_figures_replace_those_of_their_notebook_only(tmp_path):
    figures = tmp_path / "figures"
    publish([fake_result(tmp_path / "1", "04_books", ["map.png", "map.svg", "old.png"])], figures)
    publish([fake_result(tmp_path / "2", "05_films", ["map.png"])], figures)
    manifest = publish([fake_result(tmp_path / "3", "04_books", ["map.png", "map.svg"])], figures)
    entries = json.loads(manifest.read_text(), parse_constant=pytest.fail)
    assert list(entries) == ["04_books/map.png", "04_books/map.svg", "05_films/map.png"]
    assert sorted(str(path.relative_to(figures)) for path in figures.glob("*/*.[ps][nv]g")) == list(entries)
    assert entries["04_books/map.png"] == {
        "sha256": "5b4b8dc085133bc1d9a7a81289ed02bd8cb345842e4c46f9857cdead4d44d86e",
        "notebook": "04_books",
        "commit": "c0ffee",
        "source": "books-p15",
        "parameters": {"dataset": "books-p15", "rate": {"__float__": "nan"}},
    }


def test_records_are_published_with_the_figures(tmp_path):
    result = replace(fake_result(tmp_path / "1", "04_books", ["map.png"]), records={"hit": 0.5, "none": float("nan")})
    publish([result], tmp_path / "figures")
    records = json.loads((tmp_path / "figures" / "04_books" / "records.json").read_text(), parse_constant=pytest.fail)
    assert records == {"hit": 0.5, "none": {"__float__": "nan"}}


def test_a_failed_run_is_not_published(tmp_path):
    with pytest.raises(NotebookError, match="Not published: a cell failed"):
        publish([fake_result(tmp_path, "04_books", ["map.png"], error="a cell failed")], tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize(
    "manifest",
    [
        "{not json",
        "[]",
        '{"04_books/map.png": 1}',
        '{"04_books/map.png": {}}',
        '{"../../victim.png": {"notebook": "04_books"}}',
        '{"../victim.png": {"notebook": ".."}}',
        '{"/victim.png": {"notebook": ""}}',
        '{"05_films/victim.png": {"notebook": "04_books"}}',
        '{"04_books/..\\\\victim.png": {"notebook": "04_books"}}',
        '{"04_books/victim.txt": {"notebook": "04_books"}}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:40],
)
def test_a_damaged_manifest_is_named_and_nothing_is_deleted(tmp_path, manifest):
    figures = tmp_path / "a" / "figures"
    figures.mkdir(parents=True)
    (figures / "manifest.json").write_text(manifest)
    victims = [tmp_path / "victim.png", tmp_path / "a" / "victim.png"]
    for victim in victims:
        victim.touch()
    with pytest.raises(NotebookError, match=r"manifest\.json is damaged: "):
        publish([fake_result(tmp_path, "04_books", ["map.png"])], figures)
    assert all(victim.exists() for victim in victims)
    assert [path.name for path in figures.iterdir()] == ["manifest.json"]


def test_what_is_published_at_once_is_all_in_the_manifest(tmp_path):
    results = [fake_result(tmp_path / str(i), f"0{i}_books", ["map.png"]) for i in range(8)]
    with ThreadPoolExecutor(8) as pool:  # a lock holds between open files, so also between processes
        list(pool.map(lambda result: publish([result], tmp_path / "figures"), results))
    manifest = json.loads((tmp_path / "figures" / "manifest.json").read_text())
    assert list(manifest) == [f"0{i}_books/map.png" for i in range(8)]
