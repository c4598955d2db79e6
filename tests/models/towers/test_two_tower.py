import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from research_lib import TwoTower, load
from research_lib.checks import UnknownName
from research_lib.datasets.synthetic.drift import planted_drift
from research_lib.measures.ranking import compare_recommenders, held_out_ranks
from research_lib.measures.splits import hold_out_last
from research_lib.models.baselines.recommenders import EASE, Popularity, RandomVectors, RecentPopularity
from research_lib.models.towers.day_table import DayTable
from research_lib.models.towers.network import Moments, TowerNetwork

RECIPE = {"n_dims": 16, "days": 7, "n_recent": 5, "epochs": 3, "batch_size": 1024, "random_state": 0}


@pytest.fixture(scope="module")
def twin():
    return planted_drift(n_users=300, random_state=0)


@pytest.fixture(scope="module")
def split(twin):
    return hold_out_last(twin)


@pytest.fixture(scope="module")
def model(split):
    return TwoTower(**RECIPE).fit(split[0])


def dated(days):
    return np.array(days, dtype="datetime64[s]")


def test_it_ranks_what_comes_next_better_than_popularity_now_or_ever(split, model):
    scores = compare_recommenders(
        {"popularity": Popularity(), "recent": RecentPopularity(n_days=28), "towers": TwoTower(**RECIPE)}, *split
    )
    assert scores.loc["towers", "MRR"] > 1.1 * scores.loc["recent", "MRR"]
    assert scores.loc["recent", "MRR"] > scores.loc["popularity", "MRR"]
    assert scores.loc["towers", "hit@10"] > 0.25
    train, held_out = split
    null = held_out_ranks(RandomVectors(n_dims=16, random_state=0).fit(train).score_cols, train, held_out)
    assert (null < 10).mean() < 0.08  # the measure can fail


def test_the_days_drift_decides_what_is_recommended(twin, model):
    first, last = (model.recommend("user 3", day, n=20)["angle"].mean() for day in ("2020-01-15", "2021-12-15"))
    assert last - first > 1  # of pi, radians
    still = TwoTower(**RECIPE | {"days": None, "n_recent": 0}).fit(twin)
    one, other = (still.recommend("user 3", day) for day in ("2020-01-15", "2021-12-15"))
    pd.testing.assert_frame_equal(one, other)
    assert still.day_embedding_ is None


def test_the_embeddings_are_what_the_towers_score_with(split, model):
    train, held_out = split
    rows = held_out.pairs[:50, 0]
    last = train.times[np.flatnonzero(np.append(np.diff(train.pairs[:, 0]), 1))][rows]
    days = model.day_embedding_.vectors[DayTable.of(train.times, 7).position(last)]
    asked = model.user_embedding_.vectors[rows] + days
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    # What is known at the last pick is all but the pick itself and what came after: here, all.
    expected = asked @ model.item_embedding_.unit_vectors().T / model.temperature + model.item_bias_
    assert np.allclose(model.score_cols(rows), expected, atol=1e-4)
    assert list(model.user_embedding_.names) == list(train.row_names)
    assert list(model.category_embedding_.names) == sorted(train.col_metadata["category"].unique())
    assert model.day_embedding_.metadata["n_pairs"].sum() == len(train)
    assert model.day_embedding_.names[0] == "2020-01-01" and len(model.recency_) == 5


def test_nothing_is_known_of_what_comes_later(split, model):
    train, _ = split
    cut = train.times[20]  # of user 0
    before = train.with_pairs(train.pairs[:21], train.times[:21])
    recent = model._moments(np.array([0]), train.times[[20]], np.array([21])).recent
    assert recent.tolist() == [before.pairs[:-6:-1, 1].tolist()]
    shuffled = train.pairs.copy()
    shuffled[21:48, 1] = shuffled[21:48, 1][::-1]
    again = TwoTower(**RECIPE)
    vars(again).update(vars(model))
    again._table = train.with_pairs(shuffled, train.times)
    rows, times = np.array([0]), np.array([cut])
    assert np.array_equal(model.score_at(rows, times), again.score_at(rows, times))


def test_a_batch_at_any_times_scores_like_its_rows_one_by_one(split, model):
    _, held_out = split
    rows, times = held_out.pairs[:20, 0], held_out.times[:20]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = model.score_at(rows, times)
        alone = np.concatenate([model.score_at(rows[[k]], times[[k]]) for k in range(20)])
    assert np.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"days": None, "categories": None}, {"user_vectors": False, "n_recent": 0}])
def test_saved_and_loaded_it_is_asked_the_same(options, split, model, tmp_path):
    train, held_out = split
    model = TwoTower(**RECIPE | {"epochs": 1} | options).fit(train) if options else model
    again = TwoTower.load(model.save(tmp_path / "towers.safetensors"))
    rows, times = held_out.pairs[:20, 0], train.times[:20]
    np.testing.assert_array_equal(again.score_at(rows, times), model.score_at(rows, times))
    for day in (None, "2020-05-05"):
        pd.testing.assert_frame_equal(again.recommend("user 7", day), model.recommend("user 7", day))
    assert repr(again.user_embedding_) == repr(model.user_embedding_)
    for name in ("day_embedding_", "category_embedding_"):
        old, new = getattr(model, name), getattr(again, name)
        assert new is old is None or (
            np.array_equal(new.vectors, old.vectors)
            and new.metadata.equals(old.metadata)
            and (new.names == old.names).all()
        )
    with pytest.raises(UnknownName, match="No user 'usr 7' among 300"):
        again.recommend("usr 7")


def test_what_a_user_has_seen_is_not_recommended(twin, split, model):
    seen = set(split[0].cols_of("user 7"))
    found = model.recommend("user 7", n=240)
    assert len(found) == 240 - len(seen) and not seen & set(found["name"])
    assert found["score"].is_monotonic_decreasing and {"category", "angle"} <= set(found)
    assert list(model.recommend("user 7", n=3)["name"]) == list(found["name"][:3])
    with pytest.raises(UnknownName, match=r"No user 'usr 7' among 300. Did you mean 'user 7'"):
        model.recommend("usr 7")
    with pytest.raises(ValueError, match="n is 0"):
        model.recommend("user 7", n=0)


def test_a_day_that_training_never_saw_is_the_nearest_known_one(model):
    with pytest.warns(
        UserWarning, match="Training never saw 2023-05-01; the nearest day that it knows is taken, 2021-12-"
    ) as caught:
        later = model.recommend("user 7", "2023-05-01")
    assert caught[0].filename == __file__
    pd.testing.assert_frame_equal(later, model.recommend("user 7", "2021-12-30"))


@pytest.mark.parametrize("day", ["soon", np.datetime64("NaT")])
def test_what_is_no_day_is_named(model, day):
    with pytest.raises(ValueError, match="is not a day, expected one such as '2015-03-01'"):
        model.recommend("user 7", day)


def test_days_are_found_by_loop():
    known = dated(["2020-01-01", "2020-01-11", "2020-01-30", "2020-02-20"])
    table = DayTable.of(known, 3)
    asked = np.datetime64("2019-12-20") + np.arange(80)
    found = table.position(asked)
    assert table.remark(asked) == (
        "Training never saw 2019-12-20; the nearest day that it knows is taken, 2020-01-01, and so for 67 more."
    )
    assert table.remark(asked[30:31]) == (
        f"Training never saw {asked[30]}; the nearest day that it knows is taken, {table.starts()[found[30]]}."
    )
    spans = (asked - asked[12]).astype(int) // 3
    assert asked[12] == table.first
    for span, row in zip(spans, found, strict=True):
        assert abs(span - table.known[row]) == min(abs(span - table.known))
    assert table.metadata()["day"].tolist() == [0, 9, 27, 48]
    assert table.position(known).tolist() == [0, 1, 2, 3] and table.remark(known) is None
    assert DayTable.of(known[:1], 1).position(known[:1]).tolist() == [0]


def test_a_user_without_history_gets_what_the_day_brings(twin):
    keep = twin.pairs[:, 0] > 0
    model = TwoTower(**RECIPE).fit(twin.with_pairs(twin.pairs[keep], twin.times[keep]))
    with pytest.warns(UserWarning, match="'user 0' has no history: the day and popularity decide"):
        found = model.recommend("user 0", "2020-01-15", n=20)
    for ask in (lambda: model.score_cols(np.array([0, 0])), lambda: model.score_at(np.array([0]), twin.times[:1])):
        with pytest.warns(UserWarning, match="'user 0' has no history: ") as caught:
            ask()
        assert caught[0].filename == __file__
    assert found["angle"].mean() < 1
    assert not model.user_embedding_["user 0"].any()
    with pytest.warns(UserWarning, match="'user 0' has no history"):
        assert model.score_cols(np.array([0, 1])).shape == (2, 240)


def test_the_order_and_the_categories_of_a_table_are_optional(twin):
    order = np.random.default_rng(0).permutation(len(twin))
    shuffled = twin.with_pairs(twin.pairs[order], twin.times[order])
    one, other = (TwoTower(**RECIPE | {"epochs": 1}).fit(table) for table in (twin, shuffled))
    assert np.array_equal(one.item_embedding_.vectors, other.item_embedding_.vectors)
    bare = TwoTower(**RECIPE | {"epochs": 1, "categories": None}).fit(twin)
    assert bare.category_embedding_ is None


def test_categories_may_be_numbers_and_metadata_have_any_name(twin):
    number = np.where(np.arange(twin.n_cols) < 9, np.nan, np.arange(twin.n_cols) % 3)
    table = replace(twin, col_metadata=pd.DataFrame({"name": "title", "score": 1.0, "number": number}))
    model = TwoTower(**RECIPE | {"epochs": 1, "categories": "number"}).fit(table)
    assert list(model.category_embedding_.names) == ["0.0", "1.0", "2.0"]
    found = model.recommend("user 7", n=3)
    assert list(found) == ["name", "score", "name_metadata", "score_metadata", "number"]
    assert found["name"].isin(twin.col_names).all()


def test_candidates_from_the_batch_learn_nearly_as_well(split, model):
    train, held_out = split
    sampled = TwoTower(**RECIPE | {"max_candidates": 100}).fit(train)
    every, some = (
        (1 / (1 + held_out_ranks(one.score_at, train, held_out, dated=True))).mean() for one in (model, sampled)
    )
    assert some > 0.8 * every
    popular = train.to_csr().sum(axis=0)
    assert np.corrcoef(np.log(popular + 1), sampled.item_bias_)[0, 1] > 0.3  # the correction leaves popularity in


def network(n_recent=2):
    of_items = torch.tensor([[1.0, 0], [0, 1], [0.5, 0.5]])
    return TowerNetwork(2, of_items, 3, 4, n_recent, 0.5, np.random.default_rng(0))


def test_the_towers_by_hand():
    towers = network()
    tables = {name: value.detach().numpy() for name, value in towers.named_parameters()}
    at = Moments(torch.tensor([1, 2]), torch.tensor([2, 3]), torch.tensor([[0, 2], [1, 3]]))
    weights = np.exp(tables["recency"]) / np.exp(tables["recency"]).sum()
    first = tables["users"][1] + tables["days"][2] + weights @ tables["recent_items"][[0, 2]]
    second = tables["recent_items"][1]  # nobody, no day, one item
    items = tables["items"] + towers.of_items.numpy() @ tables["categories"]
    found = towers.scores(at).detach().numpy()
    for row, vector in enumerate((first, second)):
        for col, item in enumerate(items):
            cosine = vector @ item / np.linalg.norm(vector) / np.linalg.norm(item)
            assert found[row, col] == pytest.approx(cosine / 0.5 + tables["bias"][col], abs=1e-5)


def test_the_losses_by_hand():
    towers = network()
    at = Moments(torch.tensor([0, 1]), torch.tensor([0, 1]), torch.tensor([[0, 2], [1, 3]]))
    picked = torch.tensor([1, 2])
    scores = towers.scores(at).detach().double()
    expected = [-(scores[k, item] - scores[k].logsumexp(0)) for k, item in enumerate(picked)]
    assert towers.loss(at, picked).item() == pytest.approx(np.mean(expected), abs=1e-5)
    log_expected = torch.tensor([0.1, 0.2, 0.3])
    rivals = [scores[0, 2] - 0.3, scores[1, 1] - 0.2]  # the other item of the batch, corrected
    expected = [np.logaddexp(0, rivals[k] - scores[k, item]) for k, item in enumerate(picked)]
    assert towers.sampled_loss(at, picked, log_expected).item() == pytest.approx(np.mean(expected), abs=1e-5)
    days = towers.days.detach().numpy()
    steps = [((days[1] - days[0]) ** 2).sum() / 1, ((days[2] - days[1]) ** 2).sum() / 4]
    assert towers.roughness(torch.tensor([1, 4])).item() == pytest.approx(np.mean(steps), rel=1e-4)


def test_forgetting_replaces_a_share():
    at = Moments(torch.zeros(2000, dtype=int), torch.zeros(2000, dtype=int), torch.zeros((2000, 3), dtype=int))
    found = at.forgetting(0.3, 5, 7, np.random.default_rng(0))
    assert (found.user == 5).float().mean() == pytest.approx(0.3, abs=0.05)
    assert (found.recent == 7).float().mean() == pytest.approx(0.3, abs=0.05)
    assert set(found.recent.unique().tolist()) == {0, 7} and not found.day.any()


def test_the_prior_makes_neighbouring_days_alike(split):
    free, smooth = (TwoTower(**RECIPE | {"smoothness": s}).fit(split[0]).day_embedding_.vectors for s in (0, 10))
    steps = [(np.diff(days, axis=0) ** 2).sum() / days.var(axis=0).sum() for days in (free, smooth)]
    assert steps[1] < 0.2 * steps[0]


def test_towers_that_know_nothing_are_refused(twin):
    with pytest.raises(ValueError, match="knows neither user, nor recent items, nor day"):
        TwoTower(days=None, n_recent=0, user_vectors=False).fit(twin)


def test_it_needs_pairs_with_times(twin):
    with pytest.raises(ValueError, match="no times, expected when each user–film pair happened"):
        TwoTower().fit(twin.with_pairs(twin.pairs))


@pytest.mark.real("movielens-small")
@pytest.mark.filterwarnings("ignore:Training never saw")
def test_the_towers_rank_the_last_film_of_a_user_better_than_ease():
    train, held_out = hold_out_last(load("log", "movielens-small"), min_count=5)
    recipe = {"n_dims": 64, "days": 30, "smoothness": 100, "n_recent": 10, "temperature": 0.14, "epochs": 8}
    models = {"popularity": Popularity(), "EASE": EASE(penalty=200), "ours": TwoTower(**recipe, random_state=0)}
    hit = compare_recommenders(models, train, held_out)["hit@10"]
    assert hit["popularity"] == pytest.approx(0.045, abs=0.001)
    assert hit["EASE"] == pytest.approx(0.080, abs=0.003)
    assert hit["ours"] > 0.12
