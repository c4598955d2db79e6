import numpy as np
import pytest
from conftest import authors_as_written

from research_lib.containers.interactions import Interactions
from research_lib.datasets import load
from research_lib.datasets.synthetic.topics import checkerboard, planted_topics
from research_lib.measures.agreement import held_out_agreement, neighbour_agreement
from research_lib.measures.ranking import compare_recommenders, held_out_ranks, hit_at_k, mean_reciprocal_rank
from research_lib.measures.splits import hold_out, hold_out_one
from research_lib.models.baselines.recommenders import EASE, Popularity, RandomVectors
from research_lib.models.pairs.set_embedding import SetEmbedding

RECIPE = {"n_dims": 16, "epochs": 20, "n_positive": 256, "random_state": 0}


@pytest.fixture(scope="module")
def twin():
    return planted_topics(n_rows=300, n_cols=200, n_topics=5)


@pytest.fixture(scope="module")
def split(twin):
    return hold_out(twin)


@pytest.fixture(scope="module")
def model(split):
    return SetEmbedding(**RECIPE).fit(split[0])


def test_held_out_links_rank_high_and_a_random_score_does_not(split, model):
    train, held_out = split
    ranks = held_out_ranks(model.score_cols, train, held_out)
    rng = np.random.default_rng(0)
    null = held_out_ranks(lambda rows: rng.random((len(rows), 200)), train, held_out)
    assert hit_at_k(ranks, 10) > 0.25 > 0.1 > hit_at_k(null, 10)
    assert mean_reciprocal_rank(ranks) > 2 * mean_reciprocal_rank(null)


def test_more_columns_than_candidates_learns_the_same_topics(twin):
    model = SetEmbedding(max_candidates=50, **RECIPE).fit(twin)
    assert neighbour_agreement(model.row_embedding_, twin.row_metadata["topic"]) > 0.85


def test_a_row_is_the_sum_of_its_columns(split, model):
    train, _ = split
    np.testing.assert_allclose(model.transform(train).vectors, model.row_embedding_.vectors, atol=1e-6)
    expected = sum(model.input_embedding_[name] for name in train.cols_of("book 3"))
    np.testing.assert_allclose(model.row_embedding_["book 3"], expected, atol=1e-5)


def test_a_new_row_lies_with_its_topic_and_unknown_columns_do_not_count(twin, model):
    of_topic = [list(twin.col_names[(twin.col_metadata["topic"] == topic).to_numpy()][:6]) for topic in range(5)]
    lists = {str(topic): [*names, "never seen"] for topic, names in enumerate(of_topic)} | {"unknown": ["never seen"]}
    new = model.transform(Interactions.from_lists(lists))
    for topic in range(5):
        nearest = model.row_embedding_.most_similar(new[str(topic)], n=10)
        assert (nearest["topic"] == topic).mean() > 0.8
    assert not new["unknown"].any()


@pytest.fixture(scope="module")
def named():
    """Two families of ingredients that share a suffix and their purposes, and three that have all purposes."""
    surfactants = {f"SODIUM {stem} SULFATE": ["Cleansing", "Foaming"] for stem in ("LAURYL", "MYRETH", "CETEARYL")}
    surfactants |= {f"{stem} SULFATE": ["Cleansing", "Foaming"] for stem in ("TEA-LAURYL", "MAGNESIUM COCO")}
    oils = {
        f"{stem} SEED OIL": ["Emollient", "Perfuming"] for stem in ("GRAPE", "CAMELLIA", "SUNFLOWER", "SESAME", "FLAX")
    }
    noise = {f"X{number}": ["Cleansing", "Foaming", "Emollient", "Perfuming"] for number in range(3)}
    return Interactions.from_lists(surfactants | oils | noise, axes=("ingredient", "purpose"))


def test_a_name_alone_tells_what_an_ingredient_is_for(named, tmp_path):
    model = SetEmbedding(n_dims=4, epochs=60, name_ngrams=(3, 5), n_positive=8, random_state=0).fit(named)
    names = ["POTASSIUM OLEYL SULFATE", "WALNUT SEED OIL", "QQQ"]
    for each in (model, SetEmbedding.load(model.save(tmp_path / "model.safetensors"))):
        sulfate, oil, nothing = each.transform(names).vectors
        cols = each.col_embedding_
        assert each.get_params() == model.get_params()
        assert {"Cleansing", "Foaming"} == set(cols.most_similar(sulfate, n=2)["name"])
        assert {"Emollient", "Perfuming"} == set(cols.most_similar(oil, n=2)["name"])
        assert not nothing.any()
        np.testing.assert_array_equal(each.transform(named).vectors, model.row_embedding_.vectors)
    with pytest.raises(ValueError, match="takes Interactions or a list of names"):
        model.transform("GLYCERIN")


def test_names_that_share_nothing_change_nothing(twin):
    names = [f"{chr(ord('a') + i % 26)}{chr(ord('a') + i // 26)}" for i in range(twin.n_rows)]
    table = Interactions(twin.pairs, names, twin.col_names)
    plain, named = (
        SetEmbedding(n_dims=4, epochs=2, name_ngrams=ngrams, random_state=0).fit(table) for ngrams in (None, (4, 6))
    )
    np.testing.assert_array_equal(plain.row_embedding_.vectors, named.row_embedding_.vectors)
    for model, why in ((plain, "it was fitted without name_ngrams"), (named, "no piece stood in five names")):
        assert model.ngram_embedding_ is None
        with pytest.raises(ValueError, match=f"no vectors for names alone: {why}"):
            model.transform(["GLYCERIN"])


def test_weights_that_leave_nothing_to_learn_are_refused():
    with pytest.raises(ValueError, match="kept_weight and dropout are both 0"):
        SetEmbedding(kept_weight=0, dropout=0).fit(checkerboard(4))


@pytest.mark.real("cosing")
def test_a_held_out_purpose_is_found_better_than_by_ease():
    table = load("ingredients", "cosing")
    train, held_out = hold_out_one(table)
    ours = SetEmbedding(n_dims=32, epochs=15, temperature=0.15, name_ngrams=(3, 5), random_state=0)
    random = RandomVectors(n_dims=32, random_state=0)
    models = {"ours": ours, "EASE": EASE(), "popularity": Popularity(), "random": random}
    scores = compare_recommenders(models, train, held_out, k=1)
    assert (scores.loc["ours", ["hit@1", "MRR"]] >= [0.50, 0.65]).all()
    assert scores.loc["EASE", ["hit@1", "MRR"]].tolist() == pytest.approx([0.440, 0.595], abs=0.01)  # as published
    assert scores.loc["popularity", ["hit@1", "MRR"]].tolist() == pytest.approx([0.208, 0.350], abs=0.01)
    assert scores.loc["random", "hit@1"] < 0.03
    agreement = [held_out_agreement(model.row_embedding_, table, held_out) for model in (ours, random)]
    assert agreement[0] > 0.4 > 0.2 > agreement[1]


@pytest.mark.real("books-p15")
def test_the_recommended_setting_reaches_implicit_als():
    """The protocol of the published comparison, on Wikipedia's books."""
    train, held_out = hold_out(load("books", "books-p15", count="mentions"))
    models = {"sets": SetEmbedding(n_dims=100, epochs=60, n_positive=2048, random_state=0)}
    scores = compare_recommenders(models, train, held_out, labels=authors_as_written("books-p15"))
    hit, mrr, author = scores.loc["sets", ["hit@10", "MRR", "same label@10"]]
    assert hit >= 0.55 and mrr >= 0.335 and author >= 0.50
