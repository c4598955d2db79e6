import numpy as np
import pytest

from research_lib.containers.corpus import Corpus
from research_lib.containers.documents import words_of
from research_lib.datasets import load
from research_lib.datasets.documents import halves, load_documents


def test_the_sample_is_what_it_says():
    sample = load("documents")
    assert len(sample) == 252
    assert sample.queries["label"].value_counts().to_dict() == {"synonym": 36, "exact": 18, "mixed": 18}
    assert sample.metadata["kind"].nunique() == 10
    assert not sample.queries["query"].duplicated().any()


def test_the_answers_to_an_exact_query_have_its_words_and_those_to_a_synonym_mostly_not():
    sample = load("documents")
    words = {name: set(words_of(text)) for name, text in zip(sample.names, sample.texts, strict=True)}
    for row in sample.queries.itertuples():
        asked = set(words_of(row.query))
        said = [bool(asked & words[name]) for name in row.relevant]
        if row.label == "exact":
            assert all(asked <= words[name] for name in row.relevant), row.query
        if row.label == "synonym":
            assert np.mean(said) <= 0.5, row.query
            assert any(asked & words[name] for name in sample.names), row.query  # else no method could know the word


def test_a_table_of_ones_own_with_queries_and_without(tmp_path):
    table, asked = tmp_path / "mine.csv", tmp_path / "asked.csv"
    table.write_text("name,year,text\ncat,1900,A cat sat.\nNA,1936,A DC-3 flew.\n", encoding="utf-8")
    asked.write_text("query,label,relevant\nall,easy,cat|NA\n", encoding="utf-8")
    mine = load_documents(table, queries=asked)
    assert list(mine.names) == ["cat", "NA"]
    assert list(mine.metadata["year"]) == ["1900", "1936"]
    assert mine.queries["relevant"][0] == ["cat", "NA"]
    assert len(load_documents(table).queries) == 0


def test_a_missing_file_and_a_missing_column_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mine\.csv: no such file"):
        load("documents", tmp_path / "mine.csv")
    with pytest.raises(ValueError, match=r"Unknown dataset 'wiki-txt'\. Did you mean 'wiki-text'"):
        load("documents", "wiki-txt")
    table = tmp_path / "mine.csv"
    table.write_text("title,text\ncat,A cat sat.\n")
    with pytest.raises(ValueError, match=r"mine\.csv: no column 'name'\. There are: 'title', 'text'\."):
        load("documents", table)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "mine.csv: empty"),
        (b"name,text\na,b,c\n", "mine.csv, row 2: 3 cells, the header in row 1 has 2"),
        (b'name,text\na,"b\n', "mine.csv, row 2: broken quotation marks"),
        (b"name,text,Text\na,b,c\n", "mine.csv: the column 'Text' stands in B1 and again in C1"),
        ("name,text\n가,나비가 날아간다\n".encode("cp949"), "mine.csv, line 2: .* give encoding='cp949'"),
    ],
)
def test_a_broken_table_is_named(tmp_path, content, message):
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load("documents", tmp_path / "mine.csv")
    (tmp_path / "mine.csv").write_text("name,text\n가,나비가 날아간다\n", encoding="cp949")
    assert list(load("documents", tmp_path / "mine.csv", encoding="cp949").names) == ["가"]


def test_a_text_of_ones_own_is_cut_in_halves(tmp_path):
    text = tmp_path / "mine.txt"
    text.write_text("A cat purrs and meows and purrs.\nA dog barks and bites and barks at a cat.\n", encoding="utf-8")
    assert load("documents", text).texts == ["a cat purrs", "a dog barks and bites"]


def test_halves_ask_for_words_that_the_first_half_says_and_for_such_that_it_does_not():
    corpus = Corpus([line.split() for line in ("a a cat purrs a cat meows loud", "it meows a loud dog cat cat", "no")])
    found = halves(corpus, n_words=1)
    assert found.texts == ["a a cat purrs", "it meows a"]
    assert list(found.names) == ["1 a a cat purrs", "2 it meows a"]
    asked = [(row.query, row.label, row.relevant) for row in found.queries.itertuples()]
    # "cat" and "meows" mark one first half each; "loud" and "dog" are said in no first half, so nobody can know them
    assert asked == [
        ("cat", "says", ["1 a a cat purrs"]),
        ("meows", "not say", ["1 a a cat purrs"]),
        ("cat", "not say", ["2 it meows a"]),
    ]


@pytest.mark.real("wiki-text")
def test_articles_can_be_asked_for_their_second_halves():
    articles = load("documents", "wiki-text")
    assert len(articles) == 106
    assert articles.queries["label"].value_counts().to_dict() == {"says": 106, "not say": 106}
