import numpy as np
import pandas as pd
import pytest
from conftest import authors_as_written

from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions
from research_lib.datasets import load
from research_lib.datasets.synthetic.topics import planted_topics
from research_lib.measures import ranking
from research_lib.measures.agreement import agreement_ceiling, held_out_agreement, neighbour_agreement
from research_lib.measures.ranking import compare_recommenders, held_out_ranks, hit_at_k, mean_reciprocal_rank
from research_lib.measures.splits import hold_out, hold_out_one
from research_lib.models.baselines.recommenders import EASE, PairSVD, Popularity


@pytest.fixture
def split():
    return hold_out(planted_topics(n_rows=80, n_cols=60, n_topics=4, random_state=1), share=0.2)


def by_loop(scores, train, held_out):
    """Ranks one by one: how many candidates are better, and half of those that are equal."""
    known = set(map(tuple, train.pairs.tolist()))
    ranks = []
    for row, col in held_out.pairs.tolist():
        candidates = [c for c in range(train.n_cols) if (row, c) not in known and c != col]
        better = sum(scores[row, c] > scores[row, col] for c in candidates)
        ranks.append(better + sum(scores[row, c] == scores[row, col] for c in candidates) // 2)
    return ranks


def candidates_of(train, held_out):
    return train.n_cols - np.bincount(train.pairs[:, 0], minlength=train.n_rows)[held_out.pairs[:, 0]]


def test_a_split_parts_the_distinct_pairs():
    table = Interactions.from_lists({"a": ["x", "x", "y"], "b": ["x", "z", "z"]})
    train, held_out = hold_out(table, share=0.3)
    assert (len(train), len(held_out)) == (3, 1)
    together = np.concatenate([train.pairs, held_out.pairs]).tolist()
    assert sorted(together) == table.distinct().pairs.tolist()
    assert train.n_cols == held_out.n_cols == 3


def test_a_split_is_the_seeds_first_tenth_of_the_sorted_pairs():
    table = planted_topics(random_state=3)
    _, held_out = hold_out(table, share=0.1, random_state=7)
    pairs = sorted(set(map(tuple, table.pairs.tolist())))
    order = np.random.default_rng(7).permutation(len(pairs))[: len(pairs) // 10]
    assert held_out.pairs.tolist() == [list(pairs[i]) for i in order]
    assert held_out.pairs.tolist() != hold_out(table, random_state=8)[1].pairs.tolist()


@pytest.mark.parametrize("share", [0, 1, -0.1, 10, 0.01])
def test_a_share_that_holds_out_nothing_or_all_is_refused(share):
    with pytest.raises(ValueError, match=f"share(=| is ){share}"):
        hold_out(Interactions.from_lists({"a": ["x", "y"]}), share=share)


def test_one_column_of_every_row_with_several_is_held_out():
    table = Interactions.from_lists({"a": ["x", "y", "z"], "b": ["x"], "c": ["y", "z"], "d": ["z", "z"]})
    seen = set()
    for seed in range(30):
        train, held_out = hold_out_one(table, random_state=seed)
        assert held_out.pairs[:, 0].tolist() == [0, 2]
        assert sorted([*train.keys(), *held_out.keys()]) == sorted(table.distinct().keys())
        seen |= set(held_out.keys().tolist())
    assert seen == {0, 1, 2, 2 * 3 + 1, 2 * 3 + 2}  # each of them is chosen sometimes
    with pytest.raises(ValueError, match="No row has two columns"):
        hold_out_one(Interactions.from_lists({"a": ["x"], "b": ["x"]}))


@pytest.mark.parametrize("block", [1, 3, 256])
@pytest.mark.parametrize("ties", [False, True])
def test_ranks_are_those_of_a_loop(split, block, ties, monkeypatch):
    monkeypatch.setattr(ranking, "BLOCK_ROWS", block)
    train, held_out = split
    scores = np.random.default_rng(0).normal(size=(train.n_rows, train.n_cols))
    scores = np.round(scores) if ties else scores
    given = scores.copy()
    ranks = held_out_ranks(lambda rows: given[rows], train, held_out)
    assert ranks.tolist() == by_loop(scores, train, held_out)
    np.testing.assert_array_equal(given, scores)


def test_the_scores_of_a_model_are_not_written_to(split):
    own = np.ones((split[0].n_rows, split[0].n_cols))
    held_out_ranks(lambda rows: own[: len(rows)], *split)  # a view, not a copy
    assert (own == 1).all()


def test_a_perfect_score_ranks_first_and_its_opposite_last(split):
    train, held_out = split
    truth = held_out.to_csr().toarray()
    ranks = held_out_ranks(lambda rows: truth[rows], train, held_out)
    own = np.bincount(held_out.pairs[:, 0], minlength=train.n_rows)[held_out.pairs[:, 0]]
    assert ranks.tolist() == ((own - 1) // 2).tolist()  # what is held out of one row is equal among itself
    last = held_out_ranks(lambda rows: -truth[rows], train, held_out)
    assert last.tolist() == (candidates_of(train, held_out) - own + (own - 1) // 2).tolist()


def test_a_constant_score_ranks_in_the_middle(split):
    train, held_out = split
    ranks = held_out_ranks(lambda rows: np.zeros((len(rows), train.n_cols)), train, held_out)
    assert ranks.tolist() == ((candidates_of(train, held_out) - 1) // 2).tolist()
    assert hit_at_k(ranks, 10) == 0


def test_random_scores_hit_at_chance():
    train, held_out = hold_out(planted_topics(n_rows=400, n_cols=200, random_state=2), share=0.5)
    scores = np.random.default_rng(0).random((train.n_rows, train.n_cols))
    ranks = held_out_ranks(lambda rows: scores[rows], train, held_out)
    candidates = candidates_of(train, held_out)
    chance = (20 / candidates).mean()
    assert abs(hit_at_k(ranks, 20) - chance) < 4 * (chance * (1 - chance) / len(ranks)) ** 0.5  # four standard errors
    assert abs((ranks / (candidates - 1)).mean() - 0.5) < 4 * (1 / 12 / len(ranks)) ** 0.5


def test_scores_that_rank_nothing_are_refused(split):
    row = split[1].pairs[0, 0]
    with pytest.raises(ValueError, match=r"Scores have shape \(\d+, 3\), expected \(\d+, 60\): rows × columns"):
        held_out_ranks(lambda rows: np.zeros((len(rows), 3)), *split)
    with pytest.raises(ValueError, match=f"The scores of row {row} hold NaN"):
        held_out_ranks(lambda rows: np.where(rows[:, None] == row, np.nan, np.ones((1, 60))), *split)


def test_hits_and_reciprocal_ranks_are_those_of_a_loop():
    ranks = np.array([0, 3, 9, 10, 0, 99])
    for k in (1, 10, 11, 100):
        assert hit_at_k(ranks, k) == pytest.approx(sum(rank < k for rank in ranks.tolist()) / 6, abs=1e-6)
    assert hit_at_k(ranks, 10) == pytest.approx(4 / 6, abs=1e-6)
    assert mean_reciprocal_rank(ranks) == pytest.approx((1 + 1 / 4 + 1 / 10 + 1 / 11 + 1 + 1 / 100) / 6, abs=1e-6)


def test_measures_of_nothing_are_refused():
    with pytest.raises(ValueError, match="ranks are empty"):
        hit_at_k(np.array([], int), 10)
    with pytest.raises(ValueError, match="ranks are empty"):
        mean_reciprocal_rank(np.array([], int))
    with pytest.raises(ValueError, match="k is 0, expected a whole number of at least 1"):
        hit_at_k(np.array([1]), 0)


def agreement_by_loop(vectors, labels, k, min_count):
    shares = []
    for i, label in enumerate(labels):
        if label is None or labels.count(label) < min_count:
            continue
        cosines = [a @ vectors[i] / (np.linalg.norm(a) * np.linalg.norm(vectors[i])) for a in vectors]
        nearest = sorted((j for j in range(len(labels)) if j != i), key=lambda j: -cosines[j])[:k]
        shares += [labels[j] == label for j in nearest]
    return sum(shares) / len(shares)


@pytest.mark.parametrize(("k", "min_count"), [(1, 1), (5, 3), (10, 6)])
def test_neighbour_agreement_is_that_of_a_loop(k, min_count):
    rng = np.random.default_rng(0)
    labels = rng.choice(["a", "a", "a", "b", "b", "c", None], 50).tolist()
    vectors = rng.normal(size=(50, 3)).astype(np.float32)
    vectors[:, 0] += [2 * (label == "a") for label in labels]
    found = neighbour_agreement(Embedding(vectors, range(50)), labels, k, min_count)
    assert found == pytest.approx(agreement_by_loop(vectors.astype(float), labels, k, min_count), abs=1e-6)
    assert neighbour_agreement(Embedding(vectors, range(50)), pd.Series(labels), k, min_count) == found


def test_separated_labels_reach_the_ceiling_and_random_vectors_their_chance():
    sizes = [4, 12, 40]  # the first cannot fill ten places
    labels = np.repeat(["few", "some", "many"], sizes)
    rng = np.random.default_rng(0)
    apart = Embedding(np.repeat(np.eye(3), sizes, axis=0) + rng.normal(0, 0.01, (56, 3)), range(56))
    ceiling = (4 * 3 / 10 + 12 + 40) / 56
    assert agreement_ceiling(labels) == pytest.approx(ceiling, abs=1e-6)
    assert neighbour_agreement(apart, labels) == pytest.approx(ceiling, abs=1e-6)
    chance = sum(n * (n - 1) for n in sizes) / (56 * 55)
    noise = [neighbour_agreement(Embedding(rng.normal(size=(56, 20)), range(56)), labels) for _ in range(20)]
    assert np.mean(noise) == pytest.approx(chance, abs=0.03)
    assert chance < 0.6 < ceiling


def test_rare_and_missing_labels_are_not_asked():
    labels = ["a", "a", "a", "b", None, np.nan]
    assert agreement_ceiling(labels, k=5, min_count=3) == pytest.approx(2 / 5, abs=1e-6)
    assert agreement_ceiling(labels, k=2, min_count=1) == pytest.approx(3 / 4, abs=1e-6)
    assert agreement_ceiling(labels, k=100, min_count=3) == pytest.approx(2 / 5, abs=1e-6)


def test_neighbours_have_what_was_held_out():
    table = Interactions.from_lists({"a": ["x", "y"], "b": ["x", "y"], "c": ["x"], "d": ["y"], "e": ["z"]})
    held_out = table.with_pairs(table.pairs[:1])  # (a, x)
    line = Embedding(np.column_stack([np.cos([0, 1, 2, 3, 0.5]), np.sin([0, 1, 2, 3, 0.5])]), table.row_names)
    assert held_out_agreement(line, table, held_out, k=1) == 0  # e
    assert held_out_agreement(line, table, held_out, k=2) == 1 / 2  # e and b
    assert held_out_agreement(line, table, held_out, k=4) == 2 / 4  # and c, and d


def test_labels_that_cannot_be_compared_are_refused():
    vectors = Embedding(np.eye(4), range(4))
    with pytest.raises(ValueError, match="3 labels for 4 vectors"):
        neighbour_agreement(vectors, ["a", "a", "a"])
    for measure in (lambda labels: neighbour_agreement(vectors, labels), agreement_ceiling):
        with pytest.raises(ValueError, match="No label stands on at least 3 rows"):
            measure(["a", "a", "b", None])


def test_a_comparison_is_the_measures_side_by_side(split):
    train, held_out = split
    topic = train.row_metadata["topic"]
    models = {"popularity": Popularity(), "svd": PairSVD(n_dims=4, random_state=0)}
    table = compare_recommenders(models, train, held_out, labels=topic, k=5)
    assert list(table.index) == ["popularity", "svd"]
    assert list(table.columns) == ["hit@5", "MRR", "same label@5", "seconds"]
    for name, model in models.items():
        ranks = held_out_ranks(model.score_cols, train, held_out)
        assert table.loc[name, "hit@5"] == hit_at_k(ranks, 5)
        assert table.loc[name, "MRR"] == mean_reciprocal_rank(ranks)
    assert np.isnan(table.loc["popularity", "same label@5"])  # it has no vectors
    assert table.loc["svd", "same label@5"] == neighbour_agreement(models["svd"].row_embedding_, topic, 5)
    assert list(compare_recommenders(models, train, held_out, k=3).columns) == ["hit@3", "MRR", "seconds"]


# The protocol of the published comparison


@pytest.fixture(scope="module")
def real_split():
    books = load("books", "books-p15", count="mentions")
    return books, *hold_out(books)


@pytest.mark.real("books-p15")
def test_the_protocol_gives_the_published_numbers_of_popularity(real_split):
    books, train, held_out = real_split
    assert (books.n_rows, books.n_cols, len(books.distinct())) == (1411, 1090, 10_389)
    assert (len(train), len(held_out)) == (9351, 1038)
    ranks = held_out_ranks(Popularity().fit(train).score_cols, train, held_out)
    assert hit_at_k(ranks, 10) == pytest.approx(0.121, abs=0.001)
    assert hit_at_k(ranks, 50) == pytest.approx(0.271, abs=0.001)
    assert mean_reciprocal_rank(ranks) == pytest.approx(0.056, abs=0.001)


@pytest.mark.real("books-p15")
def test_the_stronger_baselines_come_out_where_they_were_measured(real_split):
    _, train, held_out = real_split
    svd = PairSVD(n_dims=50, random_state=0).fit(train)
    ranks = held_out_ranks(svd.score_cols, train, held_out)
    assert hit_at_k(ranks, 10) == pytest.approx(0.462, abs=0.01)
    assert mean_reciprocal_rank(ranks) == pytest.approx(0.287, abs=0.01)
    author = authors_as_written("books-p15")
    assert neighbour_agreement(svd.row_embedding_, author) == pytest.approx(0.404, abs=0.005)
    assert agreement_ceiling(author) == pytest.approx(0.617, abs=0.0005)
    ranks = held_out_ranks(EASE().fit(train).score_cols, train, held_out)
    assert hit_at_k(ranks, 10) == pytest.approx(0.573, abs=0.01)
    assert mean_reciprocal_rank(ranks) == pytest.approx(0.376, abs=0.01)


@pytest.mark.real("books-p15")
def test_random_vectors_score_next_to_nothing_on_the_real_table(real_split):
    books, train, held_out = real_split
    rng = np.random.default_rng(0)
    rows, cols = rng.normal(size=(books.n_rows, 50)), rng.normal(size=(books.n_cols, 50))
    ranks = held_out_ranks(lambda asked: rows[asked] @ cols.T, train, held_out)
    assert hit_at_k(ranks, 10) < 0.03  # chance is 0.009
    assert mean_reciprocal_rank(ranks) < 0.02
    assert neighbour_agreement(Embedding(rows, books.row_names), books.row_metadata["author"]) < 0.02
