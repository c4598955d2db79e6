import bz2
import gzip
import tracemalloc

import pytest

from research_lib.datasets import load
from research_lib.datasets import text as text_module
from research_lib.datasets.text import load_text

CAT = "The fat cat sat on the mat."


def page(title, text, ns=0, inside=""):
    return f"<page><title>{title}</title><ns>{ns}</ns>{inside}<revision><text>{text}</text></revision></page>\n"


def dump(*pages):
    return f'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/">\n{"".join(pages)}</mediawiki>\n'


WIKI = dump(
    page("Cat", "The '''cat''' [[sitting|sat]] on the [[mat]]."),
    page("Cats", "#REDIRECT [[Cat]]", inside='<redirect title="Cat" />'),
    page("Talk:Cat", "I like cats.", ns=1),
    page("Dog", "A &lt;b&gt;dog&lt;/b&gt; barks &amp;amp; bites."),
)
ARTICLES = [["the", "cat", "sat", "on", "the", "mat"], ["a", "dog", "barks", "bites"]]


def test_the_sample_is_the_planted_grammar():
    corpus = load("text")
    assert corpus.source == "synthetic: planted grammar"
    assert set(load("analogies")["answer"]) <= set(corpus.word_counts().index)


@pytest.mark.parametrize("ending", ["txt", "txt.gz", "txt.bz2"])
def test_a_text_file_has_a_document_a_line(tmp_path, ending):
    path = tmp_path / f"cats.{ending}"
    packed = {"gz": gzip.compress, "bz2": bz2.compress}.get(ending[4:], bytes)
    path.write_bytes(packed(f"\ufeff{CAT}\r\n\n12\nDie Mäuse\n\nΩ\nno end".encode()))
    corpus = load_text(path)
    expected = [["the", "fat", "cat", "sat", "on", "the", "mat"], ["die", "mäuse"], ["ω"], ["no", "end"]]
    assert list(corpus) == list(corpus) == expected
    assert list(load_text(path, min_words=2)) == [*expected[:2], expected[3]]
    assert repr(corpus) == f"Corpus(a stream of documents, from {path})"


def test_a_folder_has_a_document_a_file(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "b.txt").write_text(f"{CAT}\n{CAT}")
    (tmp_path / "deep" / "a.txt.gz").write_bytes(gzip.compress(b"a mouse"))
    (tmp_path / "picture.png").write_bytes(b"\xff")
    (tmp_path / "blank.txt").write_text("\n")
    assert [len(document) for document in load_text(tmp_path)] == [14, 2]


@pytest.mark.parametrize("ending", ["xml", "xml.bz2", "xml-p10p302.bz2"])
def test_a_dump_has_a_document_an_article(tmp_path, ending):
    path = tmp_path / f"wiki.{ending}"
    path.write_bytes(bz2.compress(WIKI.encode()) if ending.endswith("bz2") else WIKI.encode())
    assert list(load_text(path)) == ARTICLES


def test_a_file_larger_than_memory_is_streamed(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("some words in a line\n" * 40_000 + "one line with no end " * 40_000)
    tracemalloc.start()
    n_words = sum(len(document) for document in load_text(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_words == 2 * 5 * 40_000
    assert peak < 3e6  # as a list, the words would take ten times as much


def test_a_long_line_is_cut_between_words(tmp_path, monkeypatch):
    monkeypatch.setattr(text_module, "MAX_CHARACTERS", 12)
    path = tmp_path / "long.txt"
    path.write_text("some words in a line\nüber äöüßäöüßäöü and out\nshort\n")
    assert [word for document in load_text(path) for word in document] == [
        *("some", "words", "in", "a", "line", "über", "äöüßäöüßäöü", "and", "out", "short")
    ]


@pytest.mark.parametrize("broken", ["cut", "garbled", "not packed"])
def test_a_broken_bz2_is_said(tmp_path, broken):
    whole = bz2.compress(WIKI.encode() * 3)
    content = {"cut": whole[:-20], "garbled": whole[:60] + b"x" * 9 + whole[69:], "not packed": WIKI.encode()}[broken]
    for name, message in (
        ("wiki.xml.bz2", "broken after 0 pages"),
        ("plain.txt.bz2", "(not a whole file of UTF-8 text|named .bz2, but packed otherwise or damaged)"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=rf"{name}: {message}"):
            list(load_text(tmp_path / name))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WIKI[:-40], "broken XML after 3 pages"),
        (WIKI.replace("<title>Dog</title>", "<title>Dog</titel>"), r"broken XML after 3 pages \(mismatched tag"),
        ("", "broken XML after 0 pages"),
        (dump(), "no page in it, expected a MediaWiki dump"),
        (dump(page("Cats", "#REDIRECT [[Cat]]", inside="<redirect />")), "no article with at least 1 words"),
    ],
)
def test_a_broken_dump_is_said(tmp_path, content, message):
    path = tmp_path / "wiki.xml"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"wiki.xml: {message}"):
        list(load_text(path))


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "latin.txt").write_bytes("Mäuse".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin.txt: not a whole file of UTF-8 text"):
        list(load_text(tmp_path / "latin.txt"))
    (tmp_path / "blank.txt").write_text(" \n12\n")
    with pytest.raises(ValueError, match=r"blank.txt: no line with at least 1 words"):
        list(load_text(tmp_path / "blank.txt"))
    (tmp_path / "cats.pdf").write_text(CAT)
    with pytest.raises(ValueError, match=r"cats.pdf: expected a folder, a text file \(.txt"):
        load_text(tmp_path / "cats.pdf")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty: a folder without text files"):
        load_text(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match=r"none.txt: no such file"):
        load_text(tmp_path / "none.txt")
    with pytest.raises(ValueError, match=r"Unknown dataset 'wiki-txt'. Did you mean 'wiki-text'\?"):
        load_text("wiki-txt")


@pytest.mark.real("wiki-text")
def test_the_real_dump_has_its_articles():
    documents = list(load("text", "wiki-text"))
    assert len(documents) == 106
    assert 460_000 < sum(map(len, documents)) < 480_000
    assert documents[0][:6] == ["anarchism", "is", "a", "political", "philosophy", "that"]
    counts = load("text", "wiki-text").word_counts()
    assert counts.index[0] == "the"
    assert not {"ref", "nbsp", "http", "www", "thumb", "amp", "quot"} & set(counts.index[:2000])
