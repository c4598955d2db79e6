import numpy as np
import pytest

from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions
from research_lib.datasets.synthetic.groups import planted_groups
from research_lib.datasets.synthetic.topics import planted_topics
from research_lib.measures.clusters import cluster_agreement, contingency
from research_lib.views.cluster_names import describe_clusters, medoids, over_represented
from research_lib.views.clustering import cluster


def table_of(*purposes):
    """A list of purposes for each ingredient."""
    return Interactions.from_lists(
        {f"i{number}": own for number, own in enumerate(purposes)}, ("ingredient", "purpose")
    )


@pytest.fixture
def creams():
    """Three groups of ingredients; everything is a skin conditioner, and one foams by mistake."""
    kinds = [["skin", "foaming"]] * 40 + [["skin", "colorant", "hair"]] * 30 + [["skin"]] * 29 + [["skin", "foaming"]]
    return table_of(*kinds), np.repeat([0, 1, 2], [40, 30, 30])


def test_lift_share_and_evidence_are_those_of_a_loop():
    twin = planted_topics(n_rows=90, n_cols=20, n_topics=3)
    labels = np.where(np.arange(90) < 10, -1, twin.row_metadata["topic"])
    has = {row: set(twin.cols_of(row)) for row in twin.row_names}
    found = over_represented(labels, twin, min_share=0)
    assert len(found) > 5
    for row in found.itertuples():
        own = [has[name] for name, label in zip(twin.row_names, labels, strict=True) if label == row.cluster]
        count, total = sum(row.link in links for links in own), sum(row.link in links for links in has.values())
        assert (row.count, row.share) == (count, pytest.approx(count / len(own)))
        assert row.lift == pytest.approx(count / len(own) / (total / 90))
        cells = [[count, len(own) - count], [total - count, 90 - len(own) - total + count]]
        expected = [[sum(cells[i]) * (cells[0][j] + cells[1][j]) / 90 for j in (0, 1)] for i in (0, 1)]
        ratio = 2 * sum(
            cells[i][j] * np.log(cells[i][j] / expected[i][j]) for i in (0, 1) for j in (0, 1) if cells[i][j]
        )
        assert row.evidence == pytest.approx(ratio, rel=1e-6)


def test_a_column_of_one_row_marks_no_cluster():
    table = table_of(*[["foaming", "rare"], *[["foaming"]] * 99, *[["skin", "foaming"]] * 10, *[["skin"]] * 890])
    found = over_represented(np.repeat([0, 1], [100, 900]), table)
    assert found["purpose"].tolist() == ["foaming", "skin"]  # "rare" has the highest lift, 10, from one row
    pairs = table_of(*[["foaming", "rare"]] * 2, *[["foaming"]] * 98, *[["skin"]] * 900)
    assert "rare" not in over_represented(np.repeat([0, 1], [100, 900]), pairs, min_share=0)["purpose"].tolist()


def test_shuffled_labels_mark_nothing():
    twin = planted_topics(n_rows=400)
    topics = twin.row_metadata["topic"].to_numpy()
    assert len(over_represented(topics, twin)) > 50
    assert len(over_represented(np.random.default_rng(0).permutation(topics), twin)) == 0


def test_clusters_are_described_by_what_marks_them(creams):
    table, labels = creams
    found = describe_clusters(labels, table)
    assert found["name"].tolist() == ["foaming", "colorant, hair", "cluster 2"]  # all have skin: it marks none
    assert found["size"].tolist() == [40, 30, 30]
    assert found["share"].tolist() == [0.4, 0.3, 0.3]
    assert found["purposes"].tolist() == [["foaming"], ["colorant", "hair"], []]
    np.testing.assert_allclose(found["lifts"][0], [1 / 0.41])
    assert "medoid" not in found
    assert describe_clusters(labels, table, n_purposes=1)["purposes"].tolist() == [["foaming"], ["colorant"], []]


def test_rows_in_no_cluster_are_not_described_but_count_in_the_shares(creams):
    table, labels = creams
    found = describe_clusters(np.where(labels == 2, -1, labels), table)
    assert found["cluster"].tolist() == [0, 1]
    assert found["share"].tolist() == [0.4, 0.3]
    np.testing.assert_allclose(found["lifts"][0], [1 / 0.41])
    with pytest.raises(ValueError, match="All rows are in no cluster"):
        describe_clusters(np.full(100, -1), table)


def test_names_are_distinct():
    kinds = [["a", "b"]] * 30 + [["b", "a", "c"]] * 10 + [["a", "b"]] * 20 + [["d"]] * 20
    kinds += [["a"]] * 50 + [["z"]] * 100
    names = describe_clusters(np.repeat(range(6), [30, 10, 20, 20, 50, 100]), table_of(*kinds))["name"].tolist()
    assert [frozenset(name.split(", ")) for name in names[:2]] == [{"a", "b"}, {"a", "b", "c"}]
    assert names[2] == f"{names[0]} (2)"
    assert names[3:] == ["d", "a", "z"]


def test_planted_topics_of_books_get_links_of_their_topic():
    twin = planted_topics(n_rows=400)
    found = describe_clusters(twin.row_metadata["topic"], twin)
    assert found["name"].is_unique
    topic_of = dict(zip(twin.col_names, twin.col_metadata["topic"], strict=True))
    for topic, links in zip(found["cluster"], found["links"], strict=True):
        assert [topic_of[link] for link in links] == [topic] * 3


def test_the_medoid_is_that_of_a_loop():
    twin = planted_groups(60, 4, spread=0.8)
    labels = np.where(np.arange(60) < 5, -1, cluster(twin, n_clusters=4))
    unit = twin.vectors / np.linalg.norm(twin.vectors, axis=1, keepdims=True)
    expected = []
    for number in range(4):
        members = np.flatnonzero(labels == number)
        expected.append(max(members, key=lambda i: np.mean([unit[i] @ unit[j] for j in members])))
    assert medoids(twin, labels).tolist() == expected
    table = Interactions.from_lists({name: ["x", "y"] for name in twin.names})
    assert describe_clusters(labels, table, twin)["medoid"].tolist() == [f"row {i}" for i in expected]


def test_the_first_of_equal_rows_is_the_medoid():
    alike = Embedding(np.repeat(np.random.default_rng(0).normal(size=(2, 7)), 20, axis=0) * 3, range(40))
    assert medoids(alike, np.repeat([0, 1], 20)).tolist() == [0, 20]


def test_what_does_not_belong_to_the_table_is_refused(creams):
    table, labels = creams
    with pytest.raises(ValueError, match="99 labels for 100 rows, expected one a row"):
        describe_clusters(labels[1:], table)
    with pytest.raises(ValueError, match="labels are <U5, expected the numbers of clusters"):
        over_represented(np.repeat("genre", 100), table)
    with pytest.raises(ValueError, match="names of the embedding are not the ingredient names"):
        describe_clusters(labels, table, Embedding(np.eye(100), range(100)))
    with pytest.raises(ValueError, match="n_purposes is 0, expected a whole number of at least 1"):
        describe_clusters(labels, table, n_purposes=0)
    with pytest.raises(ValueError, match="100 labels for 60 rows"):
        medoids(planted_groups(60), labels)


def test_agreement_of_the_same_and_of_shuffled_groupings():
    labels = np.repeat([0, 1, 2, 3], 100)
    names = np.array(["drama", "crime", "poetry", "essay"])[labels]
    assert cluster_agreement(labels, names) == {"ARI": 1, "AMI": 1, "n_compared": 400, "n_left_out": 0}
    chance = cluster_agreement(labels, np.random.default_rng(0).permutation(names))
    assert abs(chance["ARI"]) < 0.05 and abs(chance["AMI"]) < 0.05
    assert 0.3 < cluster_agreement(labels, np.minimum(labels, 2))["ARI"] < 0.9


def test_rows_without_a_label_are_left_out_and_counted():
    clusters = [0, 0, 1, 1, -1, 0, 1]
    genres = ["a", "a", "b", "b", "a", None, float("nan")]
    found = cluster_agreement(clusters, genres)
    assert found == {"ARI": 1, "AMI": 1, "n_compared": 4, "n_left_out": 3}
    table = contingency(clusters, genres)
    assert (table.to_numpy().tolist(), table.attrs["n_left_out"]) == ([[2, 0], [0, 2]], 3)
    nothing = cluster_agreement([-1, 0], ["a", None])
    assert np.isnan(nothing["ARI"]) and np.isnan(nothing["AMI"]) and nothing["n_left_out"] == 2
    with pytest.raises(ValueError, match="None of the 2 rows has both labels"):
        contingency([-1, 0], ["a", None])


@pytest.mark.parametrize("sizes", [(4, 4), (3, 6), (6, 3)])
def test_the_contingency_counts_as_a_loop_does_and_matches_best(sizes):
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, sizes[0], 200), np.array(list("uvwxyz"))[rng.integers(0, sizes[1], 200)]
    found = contingency(a, b)
    assert sorted(found.index) == sorted(set(a)) and sorted(found.columns) == sorted(set(b))
    for row in found.index:
        for col in found.columns:
            assert found.loc[row, col] == sum(x == row and y == col for x, y in zip(a, b, strict=True))
    diagonal = np.diag(found).sum()
    for _ in range(200):  # no other order of the rows and columns has more on the diagonal
        shuffled = found.iloc[rng.permutation(sizes[0]), rng.permutation(sizes[1])]
        assert np.diag(shuffled).sum() <= diagonal


def test_matching_groups_stand_on_the_diagonal_in_the_order_of_the_rows():
    groups = np.repeat([0, 1, 2], [30, 20, 10])
    found = contingency(groups, np.array(["z", "x", "y"])[groups])
    assert (found.index.tolist(), found.columns.tolist()) == ([0, 1, 2], ["z", "x", "y"])
    assert np.diag(found).tolist() == [30, 20, 10]


def test_labels_of_different_length_are_refused():
    for compare in (cluster_agreement, contingency):
        with pytest.raises(ValueError, match="3 labels and 2, expected one a row in both"):
            compare([0, 1, 1], ["a", "b"])
