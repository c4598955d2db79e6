import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research_lib.containers.corpus import END, Corpus, pairs_within, tokenize

CAT = "The fat cat sat on the mat."
DOCUMENTS = st.lists(st.lists(st.text("abc", min_size=1, max_size=2), max_size=6), max_size=5)


def test_words_are_runs_of_letters_in_lower_case():
    assert tokenize(CAT) == ["the", "fat", "cat", "sat", "on", "the", "mat"]
    assert tokenize("Война и мир (1869), l'État – 배합목적: H2O, 1990s\tco-op\n") == [
        *("война", "и", "мир", "l", "état", "배합목적", "co", "op")
    ]
    assert tokenize("") == tokenize("12 + 3_4 = ?") == []


def test_a_window_of_three_has_a_word_on_each_side():
    pairs = Corpus.from_texts([CAT]).context_pairs(window=1)
    assert list(pairs.loc[pairs["centre"] == "cat", "context"]) == ["fat", "sat"]
    assert list(pairs.loc[pairs["centre"] == "the", "context"]) == ["fat", "on", "mat"]  # at the begin and near the end
    assert len(pairs) == 12


@given(DOCUMENTS, st.integers(1, 4))
def test_pairs_are_those_of_a_double_loop(documents, window):
    expected = [
        (centre, context)
        for document in documents
        for i, centre in enumerate(document)
        for j, context in enumerate(document)
        if 0 < abs(i - j) <= window
    ]
    pairs = Corpus(documents).context_pairs(window)
    assert list(pairs.itertuples(index=False, name=None)) == expected


def test_pairs_do_not_cross_the_end_of_a_document():
    centre, context = pairs_within(np.array([1, 2, END, 3, END, END, 4, 5]), np.full(8, 5))
    assert sorted(zip(centre.tolist(), context.tolist(), strict=True)) == [(1, 2), (2, 1), (4, 5), (5, 4)]
    assert [len(part) for part in pairs_within(np.array([], dtype=int), np.array([], dtype=int))] == [0, 0]


@given(DOCUMENTS.filter(any))
def test_words_are_counted_commonest_first(documents):
    counts = Corpus(documents).word_counts()
    words = [word for document in documents for word in document]
    assert dict(counts) == {word: words.count(word) for word in words}
    assert list(counts) == sorted(counts, reverse=True)
    for count in set(counts):  # in order of appearance
        assert list(counts.index[counts == count]) == sorted(counts.index[counts == count], key=words.index)


def test_a_corpus_can_be_iterated_again_and_again():
    corpus = Corpus.from_texts([CAT, "A cat!"], source="two")
    assert list(corpus) == list(corpus) == [tokenize(CAT), ["a", "cat"]]
    assert repr(corpus) == "Corpus(2 documents, from two)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Corpus(words for words in [["a"]]), "memory: documents can be read only once, expected a list"),
        (lambda: Corpus(CAT), r"documents are one text; see Corpus.from_texts\(\['The fat cat sat on t'\]\)"),
        (lambda: Corpus.from_texts(CAT), r"texts are one text, expected a list such as \['The fat cat sat on t'\]"),
        (lambda: list(Corpus([["a"], CAT])), "memory, document 2: the text 'The fat cat sat on t', expected a list of"),
    ],
)
def test_documents_that_cannot_be_read_again_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize("documents", [[], [[]], [[], []]])
def test_an_empty_corpus_is_refused_when_it_is_counted(documents):
    with pytest.raises(ValueError, match="shelf: an empty corpus, expected at least one document with a word in it"):
        Corpus(documents, "shelf").word_counts()


def test_a_window_of_nothing_is_refused():
    with pytest.raises(ValueError, match="window is 0, expected a whole number of at least 1"):
        Corpus([["a", "b"]]).context_pairs(0)


def test_shuffled_words_are_the_same_in_documents_as_long():
    corpus = Corpus([["a", "b"], [], ["c"] * 5, list("defgh")], "shelf")
    dealt = corpus.shuffled()
    assert [len(document) for document in dealt] == [2, 0, 5, 5]
    assert dict(dealt.word_counts()) == dict(corpus.word_counts())
    assert list(dealt) == list(corpus.shuffled()) != list(corpus)
    assert dealt.source == "shelf, shuffled"
