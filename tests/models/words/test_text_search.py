import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from research_lib.containers.documents import Documents
from research_lib.containers.embedding import Embedding
from research_lib.datasets import load
from research_lib.measures.retrieval import judge_searches
from research_lib.models.words.skipgram import SkipGram
from research_lib.models.words.text_search import MeanWordVectors, TextSearch

TEXTS = {
    "garage": "the engine and wheels of a car are repaired",
    "automobile": "four wheels and an engine on the road",
    "road": "a car on the road has wheels",
    "cat": "the cat has soft fur and purrs",
    "kitten": "a kitten has soft fur",
    "fuse": "the fuse F7A guards a lamp",
}


@pytest.fixture(scope="module")
def documents():
    return Documents(
        list(TEXTS.values()), list(TEXTS), pd.DataFrame({"n_words": [len(t.split()) for t in TEXTS.values()]})
    )


@pytest.fixture(scope="module")
def word_vectors():
    """Words of cars point one way, words of cats another, and codes have no vector."""
    cars, cats = ["engine", "wheels", "car", "repaired", "four", "road"], ["cat", "soft", "fur", "purrs", "kitten"]
    return Embedding([[1, 0]] * len(cars) + [[0, 1]] * len(cats), cars + cats)


def test_keywords_find_what_says_them_and_nothing_else(documents):
    search = TextSearch.by_keyword(documents)
    assert set(search.search("car")["name"]) == {"garage", "road"}
    assert list(search.search("F7A")["name"]) == ["fuse"]
    assert list(search.search("Kitten, FUR!")["name"]) == ["kitten", "cat"]


def test_scores_of_keywords_are_those_of_a_loop(documents):
    texts = [text.lower().split() for text in TEXTS.values()]

    def vector(words):
        n_with = {word: sum(word in text for text in texts) for word in set().union(*texts)}
        weights = {w: (1 + np.log(words.count(w))) * (np.log(7 / (1 + n)) + 1) for w, n in n_with.items() if w in words}
        length = np.sqrt(sum(weight**2 for weight in weights.values()))
        return {word: weight / length for word, weight in weights.items()}

    query = vector(["a", "car", "car", "road"])
    expected = [sum(query.get(word, 0) * weight for word, weight in vector(text).items()) for text in texts]
    assert TextSearch.by_keyword(documents).score(["a car car road"])[0] == pytest.approx(expected, abs=1e-6)


def test_any_vectorizer_will_do(documents):
    found = TextSearch(documents, CountVectorizer(binary=True)).search("soft fur", n=2)
    assert list(found["name"]) == ["kitten", "cat"]
    assert found["score"].to_numpy() == pytest.approx([(2 / 4) ** 0.5, (2 / 7) ** 0.5])  # it has no one-letter words


@pytest.mark.parametrize("by", ["topics", "words"])
def test_meaning_finds_what_does_not_say_the_word(documents, word_vectors, by):
    search = {
        "topics": lambda: TextSearch.by_topics(documents, 3),
        "words": lambda: TextSearch.by_words(documents, word_vectors),
    }[by]()
    assert set(search.search("car", n=3)["name"]) == {"garage", "road", "automobile"}
    assert set(search.search("purrs", n=2)["name"]) == {"cat", "kitten"}
    found = search.search("car", n=3)
    assert list(found) == ["name", "score", "n_words"]
    assert list(found["score"]) == sorted(found["score"], reverse=True)
    assert found["score"].between(0, 1 + 1e-6).all()


def test_a_text_is_the_weighted_mean_of_its_words(word_vectors, documents):
    model = MeanWordVectors(word_vectors).fit(documents.texts)
    idf = dict(zip(model.tfidf_.get_feature_names_out(), model.tfidf_.idf_, strict=True))
    weights = np.array([idf["car"], idf["kitten"], idf["fuse"]])  # "fuse" has no vector
    expected = (weights / np.linalg.norm(weights))[:2]
    assert model.transform(["car kitten fuse"])[0] == pytest.approx(expected)


def test_a_query_of_which_no_word_is_known(documents, word_vectors):
    search = TextSearch.by_words(documents, word_vectors)
    with pytest.raises(ValueError, match="No word of the query 'F7A' is known: nothing is like it"):
        search.search("F7A")
    with pytest.warns(UserWarning, match="No word of the query 'F7A' is known, nor of 1 more"):
        scores = search.score(["F7A", "car", "zebra"])
    assert (scores[[0, 2]] == 0).all()
    assert (scores[1] > 0).any()
    assert (search.score(["zebra"], unknown="ignore") == 0).all()
    with pytest.raises(ValueError, match="Unknown unknown 'skip', expected one of: error, warn, ignore"):
        search.score(["car"], unknown="skip")


def test_bad_input_gets_one_message(documents, word_vectors):
    with pytest.raises(TypeError, match="TextSearch takes Documents, not list; see Documents"):
        TextSearch.by_keyword(list(TEXTS.values()))
    search = TextSearch.by_keyword(documents)
    with pytest.raises(ValueError, match="n is 0, expected a whole number of at least 1"):
        search.search("car", n=0)
    with pytest.raises(TypeError, match=r"queries are one text, expected a list such as \['car'\]"):
        search.score("car")
    with pytest.raises(ValueError, match="There are no queries, expected at least one"):
        search.score([])
    with pytest.raises(ValueError, match="None of the 23 words of the texts has a vector"):
        TextSearch.by_words(documents, Embedding(np.eye(2), ["Katze", "Hund"]))


@pytest.fixture(scope="module")
def judged(documents, word_vectors):
    asked = [("car", "thing", ["automobile", "garage"]), ("F7A", "code", ["fuse"]), ("kitten", "thing", ["kitten"])]
    queries = pd.DataFrame(asked, columns=["query", "label", "relevant"])
    texts = Documents(documents.texts, documents.names, queries=queries)
    return {"keyword": TextSearch.by_keyword(texts), "words": TextSearch.by_words(texts, word_vectors)}


def test_searches_are_judged_by_label_of_query(judged):
    queries = ["car", "F7A", "kitten"]
    scores = {name: search.score(queries, unknown="ignore") for name, search in judged.items()}
    recall = judge_searches(scores, judged["keyword"].documents, k=3)
    expected = pd.DataFrame(
        {"thing": [0.75, 1, 0.5], "code": [1, 0, 0.5], "all": [2.5 / 3, 2 / 3, 0.5]}, ["keyword", "words", "chance"]
    )
    pd.testing.assert_frame_equal(recall, expected, check_names=False)


def test_answers_tick_what_answers_the_query(judged):
    table = pd.DataFrame({name: search.answers(["car", "F7A", "purrs"], n=3) for name, search in judged.items()})
    assert table.loc["car", "keyword"] == "road, ✓ garage"
    assert set(table.loc["car", "words"].split(", ")) == {"road", "✓ garage", "✓ automobile"}
    assert list(table.loc["F7A"]) == ["✓ fuse", "–"]
    assert table.loc["purrs", "keyword"] == "cat"  # nobody said what answers it


@pytest.fixture(scope="module")
def by_label():
    """Mean recall@5 of every search of the sample, a row a label of queries."""
    sample = load("documents")
    queries = list(sample.queries["query"])
    corpus = sample.to_corpus()
    learnt = SkipGram(n_dims=50, window=10, min_count=1, epochs=60, random_state=0).fit(corpus).embedding_
    searches = {
        "keyword": TextSearch.by_keyword(sample),
        "topics": TextSearch.by_topics(sample, 50),
        "words": TextSearch.by_words(sample, learnt),
        "words seen twice": TextSearch.by_words(sample, learnt.subset(learnt.metadata["count"] > 1)),
        "null": TextSearch.by_words(sample, learnt.shuffled()),
    }
    scores = {name: search.score(queries, unknown="ignore") for name, search in searches.items()}
    return judge_searches(scores, sample, 5).T


def test_on_the_sample_meaning_wins_for_synonyms_and_keywords_for_names(by_label):
    synonym, exact = by_label.loc["synonym"], by_label.loc["exact"]
    assert synonym[["topics", "words"]].min() > 0.5 > 0.2 > synonym["keyword"]
    assert exact["keyword"] == 1
    assert exact["words seen twice"] < 0.3


def test_words_with_the_vectors_of_others_find_no_synonym(by_label):
    assert by_label.loc["synonym", "null"] < 0.2
