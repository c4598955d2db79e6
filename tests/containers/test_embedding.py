import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from research_lib.checks import UnknownName
from research_lib.containers import embedding as module
from research_lib.containers.embedding import Embedding, top_k
from research_lib.files import write_atomically

METRICS = ("cosine", "euclidean")
COLUMN = {"cosine": "similarity", "euclidean": "distance"}


def random_embedding(n=40, n_dims=6, seed=0, offset=0.0):
    vectors = np.random.default_rng(seed).normal(offset, 1, (n, n_dims))
    return Embedding(vectors, [f"name {i}" for i in range(n)])


def nearness(metric, a, b):
    """One similarity, more is nearer, in Python's own floats."""
    if metric == "euclidean":
        return -(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5)
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5


def oracle(embedding, vector, metric, but=None):
    """(nearness, name) of every name but one, nearest first, by loops."""
    found = [
        (nearness(metric, vector.tolist(), other.tolist()), name)
        for other, name in zip(embedding.vectors, embedding.names, strict=True)
        if name != but
    ]
    return sorted(found, reverse=True)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("offset", [0.0, 1000.0], ids=["at the origin", "far from the origin"])
def test_most_and_least_similar_to_a_name_are_those_of_a_loop(metric, offset):
    vectors = random_embedding(offset=offset)
    expected = oracle(vectors, vectors["name 3"], metric, but="name 3")
    for found, nearest_first in ((vectors.most_similar, expected), (vectors.least_similar, expected[::-1])):
        answer = found("name 3", n=7, metric=metric)
        values = answer[COLUMN[metric]] * (1 if metric == "cosine" else -1)
        np.testing.assert_allclose(values, [value for value, _ in nearest_first[:7]], atol=1e-6)
        if metric == "euclidean" or not offset:  # far away, all cosines are 1
            assert list(answer["name"]) == [name for _, name in nearest_first[:7]]


@pytest.mark.parametrize("metric", METRICS)
def test_a_vector_can_be_asked_for_and_then_its_own_name_comes_first(metric):
    vectors = random_embedding()
    query = np.random.default_rng(9).normal(size=6).astype(np.float32)
    assert list(vectors.most_similar(query, 5, metric)["name"]) == [n for _, n in oracle(vectors, query, metric)[:5]]
    assert list(vectors.least_similar(query, 5, metric)["name"]) == [
        n for _, n in oracle(vectors, query, metric)[:-6:-1]
    ]
    own = vectors.most_similar(vectors["name 3"], 1, metric)
    assert list(own["name"]) == ["name 3"]
    assert own[COLUMN[metric]][0] == pytest.approx(1 if metric == "cosine" else 0, abs=1e-6)


def test_cosine_and_euclidean_can_disagree():
    vectors = Embedding([[1, 0], [100, 1], [0, 1]], ["short", "long", "across"])
    assert vectors.most_similar("short", 1, "cosine")["name"][0] == "long"
    assert vectors.most_similar("short", 1, "euclidean")["name"][0] == "across"


def test_neighbours_carry_their_metadata():
    metadata = pd.DataFrame({"year": [1869, 1878, 1759], "name": ["L", "L", "V"]}, index=[5, 5, 5])
    books = Embedding([[1, 0], [1, 0.1], [0, 1]], ["War and Peace", "Anna Karenina", "Candide"], metadata)
    found = books.most_similar("War and Peace")
    assert list(found.columns) == ["name", "similarity", "year", "name_metadata"]
    assert found[["name", "year", "name_metadata"]].to_numpy().tolist() == [
        ["Anna Karenina", 1878, "L"],
        ["Candide", 1759, "V"],
    ]


def test_a_zero_vector_is_similar_to_nothing_and_breaks_nothing():
    vectors = Embedding([[0, 0], [1, 0], [0, 2]], ["zero", "east", "north"])
    assert list(vectors.most_similar("zero")["similarity"]) == [0, 0]
    np.testing.assert_array_equal(vectors.unit_vectors(), [[0, 0], [1, 0], [0, 1]])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("rows_a_block", [1, 7, 40, 1000])
def test_neighbours_are_exact_across_the_borders_of_blocks(metric, rows_a_block, monkeypatch):
    vectors = random_embedding(n=40)
    itemsize = 4 if metric == "cosine" else 8
    monkeypatch.setattr(module, "BLOCK_BYTES", rows_a_block * itemsize * len(vectors))
    found = vectors.neighbours(5, metric)
    for row, name in enumerate(vectors.names):
        expected = [other for _, other in oracle(vectors, vectors.vectors[row], metric, but=name)[:5]]
        assert list(vectors.names[found[row]]) == expected


@pytest.mark.parametrize("metric", METRICS)
def test_the_search_holds_a_bounded_part_of_the_similarities(metric, monkeypatch):
    vectors = random_embedding(n=3000)
    monkeypatch.setattr(module, "BLOCK_BYTES", 2**19)
    tracemalloc.start()
    vectors.neighbours(10, metric)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**19 < 4 * 3000**2 / 8  # and all of them would be far more


@pytest.mark.parametrize("k", [0, 40])
def test_there_are_no_more_neighbours_than_other_rows(k):
    with pytest.raises(ValueError, match=f"k is {k}, expected 1 to 39"):
        random_embedding(n=40).neighbours(k)


@given(st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_the_top_k_of_many_ties_come_in_order_of_position(k, seed):
    scores = np.random.default_rng(seed).integers(0, 3, (5, 8)).astype(np.float32)
    scores[0] = 1
    scores[1, ::2] = -np.inf
    expected = [sorted(range(8), key=lambda col: (-row[col], col))[:k] for row in scores.tolist()]
    assert top_k(scores, k).tolist() == expected


def test_an_unknown_name_gets_its_near_misses():
    books = Embedding(np.eye(3), ["War and Peace", "War and Piece of Cake", "Emma"])
    with pytest.raises(UnknownName) as caught:
        books.most_similar("war and peice")
    assert isinstance(caught.value, KeyError)
    assert str(caught.value) == (
        "No name 'war and peice' among 3. Did you mean 'War and Peace' or 'War and Piece of Cake'?"
    )
    with pytest.raises(UnknownName, match=r"^No name 'zzzz' among 3\.$"):
        books["zzzz"]
    assert "Emma" in books and "emma" not in books


@pytest.mark.parametrize(
    ("query", "options", "message"),
    [
        (np.zeros(5), {}, r"query has shape \(5,\), expected \(6,\)"),
        (np.array([1, 2, 3, np.nan, 5, 6]), {}, "query holds NaN or infinity"),
        ("name 0", {"metric": "cosin"}, "Unknown metric 'cosin', expected one of: cosine, euclidean"),
        ("name 0", {"n": 0}, "n is 0, expected a whole number of at least 1"),
        ("name 0", {"n": -1}, "n is -1, expected a whole number of at least 1"),
    ],
)
def test_a_wrong_question_is_refused(query, options, message):
    with pytest.raises(ValueError, match=message):
        random_embedding().most_similar(query, **options)


@pytest.mark.parametrize(
    ("vectors", "names", "message"),
    [
        ([[1, 0], [np.nan, 1]], ["a", "b"], "vector of 'b' holds NaN or infinity"),
        ([[1, 0], [1, -np.inf]], ["a", "b"], "vector of 'b' holds NaN or infinity"),
        ([[1, 0]], ["a", "b"], r"Vectors have shape \(1, 2\), expected \(2, n_dims\)"),
        ([1, 0], ["a", "b"], r"Vectors have shape \(2,\), expected \(2, n_dims\)"),
        ([[1, 0], [0, 1]], ["a", "a"], "name 'a' stands twice"),
        (np.zeros((0, 2)), [], "names are empty"),
    ],
)
def test_vectors_that_cannot_be_used_are_refused(vectors, names, message):
    with pytest.raises(ValueError, match=message):
        Embedding(vectors, names)


def test_a_subset_keeps_names_vectors_and_metadata_together():
    books = Embedding(np.eye(3), ["a", "b", "c"], pd.DataFrame({"year": [1, 2, 3]}))
    for part in (books.subset([2, 0]), books.subset(np.array([True, False, True])).subset([1, 0])):
        assert list(part.names) == ["c", "a"]
        assert list(part.metadata["year"]) == [3, 1]
        np.testing.assert_array_equal(part["c"], [0, 0, 1])
    assert repr(part) == "Embedding(2 names × 3 dimensions)"


def test_shuffled_vectors_go_to_other_names_and_metadata_stay():
    books = Embedding(np.arange(40).reshape(20, 2), range(20), pd.DataFrame({"year": range(20)}))
    dealt = books.shuffled(1)
    assert list(dealt.names) == list(books.names) and dealt.metadata.equals(books.metadata)
    assert sorted(dealt.vectors.tolist()) == books.vectors.tolist() != dealt.vectors.tolist()
    np.testing.assert_array_equal(dealt.vectors, books.shuffled(1).vectors)


def test_save_and_load_keep_vectors_names_and_the_types_of_the_metadata(tmp_path):
    metadata = pd.DataFrame(
        {
            "author": ["Толстой", None, '李 "明"\n'],
            "year": pd.array([1869, None, -800], dtype="Int64"),
            "n_links": [3, 1, 2**62],
            "share": [0.1, 1e-20, np.nan],
            "short": np.array([0.1, 2, np.nan], np.float32),
            "prized": [True, False, True],
            "seen": pd.to_datetime(["2018-08-29 12:00:01.5", None, "1969-12-31"], format="ISO8601"),
            "genre": pd.Categorical(["epic", "epic", None]),
            "01": ["1", "2", "x"],
        }
    )
    saved = Embedding(np.random.default_rng(0).normal(size=(3, 4)), ["Война и мир", "🦉\t", "007"], metadata)
    loaded = Embedding.load(saved.save(tmp_path / "deep" / "books.safetensors"))
    assert loaded.names.tolist() == saved.names.tolist()
    assert loaded.vectors.tobytes() == saved.vectors.tobytes()
    pd.testing.assert_frame_equal(loaded.metadata, saved.metadata)


@given(st.lists(st.text(), min_size=1, max_size=5, unique=True), st.lists(st.text(), min_size=5, max_size=5))
def test_any_text_comes_back_from_the_file(tmp_path_factory, names, labels):
    saved = Embedding(np.ones((len(names), 2)), names, pd.DataFrame({"label": labels[: len(names)]}))
    loaded = Embedding.load(saved.save(tmp_path_factory.getbasetemp() / "any.safetensors"))
    assert list(loaded.names) == names
    assert list(loaded.metadata["label"]) == labels[: len(names)]


def test_no_metadata_comes_back_as_none(tmp_path):
    loaded = Embedding.load(random_embedding().save(tmp_path / "plain.safetensors"))
    assert loaded.metadata.shape == (40, 0)


def test_a_table_is_not_loaded_as_vectors(tmp_path):
    path = write_atomically(tmp_path / "books.csv", b"title,author\n")
    with pytest.raises(ValueError, match=r"books.csv: not a safetensors file"):
        Embedding.load(path)
    path = write_atomically(tmp_path / "bare.safetensors", save({"vectors": np.eye(2)}))
    with pytest.raises(ValueError, match=r"bare.safetensors: holds vectors without names"):
        Embedding.load(path)


def test_the_projector_gets_one_line_a_name(tmp_path):
    metadata = pd.DataFrame({"author": ["Leo\nTolstoy", None], "year": pd.array([1869, None], dtype="Int64")})
    books = Embedding([[1, 0.5], [0, -2]], ["War\tand\r\nPeace", '"Emma"'], metadata)
    assert books.export_projector(tmp_path / "out") == tmp_path / "out"
    assert (tmp_path / "out" / "vectors.tsv").read_bytes() == b"1.0\t0.5\n0.0\t-2.0\n"
    expected = 'name\tauthor\tyear\nWar and Peace\tLeo Tolstoy\t1869\n"Emma"\t\t\n'
    assert (tmp_path / "out" / "metadata.tsv").read_bytes() == expected.encode()


def test_the_projector_wants_no_header_over_a_single_column(tmp_path):
    Embedding(np.eye(2), ["é", "b"]).export_projector(tmp_path)
    assert (tmp_path / "metadata.tsv").read_text(encoding="utf-8") == "é\nb\n"


def test_exported_vectors_are_exact(tmp_path):
    vectors = random_embedding()
    vectors.export_projector(tmp_path)
    back = np.loadtxt(tmp_path / "vectors.tsv", delimiter="\t", dtype=np.float32)
    assert back.tobytes() == vectors.vectors.tobytes()


def test_names_that_share_a_vector_become_one():
    vectors = [[1, 0], [0, 1], [1, 0], [1, 0], [0, 2]]
    embedding = Embedding(np.array(vectors), list("abcde"), pd.DataFrame({"kind": list("vwxyz")})).distinct()
    assert embedding.names.tolist() == ["a", "b", "e"]
    assert embedding.metadata.to_dict("list") == {"kind": ["v", "w", "z"], "n_alike": [3, 1, 1]}
    np.testing.assert_array_equal(embedding.vectors, [[1, 0], [0, 1], [0, 2]])
    preferred = Embedding(np.array(vectors), list("abcde")).distinct(prefer=["d", "e"])
    assert preferred.names.tolist() == ["b", "d", "e"]
    assert preferred.metadata["n_alike"].tolist() == [1, 3, 1]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_neighbours_of_some_rows_are_those_of_all(metric, monkeypatch):
    embedding = Embedding(np.random.default_rng(0).normal(size=(40, 4)), range(40))
    every = embedding.neighbours(6, metric)
    monkeypatch.setattr("research_lib.containers.embedding.BLOCK_BYTES", 40 * 8 * 2)  # two to four rows a block
    some = np.array([39, 3, 17, 4, 38, 3])
    assert (embedding.neighbours(6, metric, some) == every[some]).all()


def test_a_hash_needs_no_list_and_lets_names_collide():
    names = [f"name {k}" for k in range(50)]
    found = Embedding.hashed(names, 8)
    assert found.vectors.shape == (50, 8)
    assert (found.vectors.sum(axis=1) == 1).all() and (found.vectors.max(axis=1) == 1).all()
    np.testing.assert_array_equal(Embedding.hashed(names[::-1], 8)["name 7"], found["name 7"])  # whatever else there is
    assert len(found.distinct()) == 8
    with pytest.raises(ValueError, match="n_buckets is 0, expected a whole number of at least 1"):
        Embedding.hashed(names, 0)
