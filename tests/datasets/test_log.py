import zipfile

import numpy as np
import pytest

from research_lib.datasets import load

TABLE = """user,title,time,rating,genres
ann,Heat,2020-03-02,5,Crime|Drama
bob,Heat,2020-01-01,4,Crime|Drama
ann,Emma,2020-03-01,4.5,Comedy|Drama
bob,Emma,2020-01-02,2,Comedy|Drama
ann,Heat,2020-04-01,5,Crime|Drama
cy,Heat,2020-01-01,4,Crime|Drama
"""


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "films.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def picks(films):
    """User, film and day of every pair, as they stand in the table."""
    users, items = films.pairs.T
    days = films.times.astype("datetime64[D]").astype(str)
    return list(zip(films.row_names[users], films.col_names[items], days, strict=True))


def test_a_table_becomes_pairs_in_order_of_user_and_time(write):
    films = load("log", write(TABLE), min_count=1)
    assert picks(films) == [
        ("ann", "Emma", "2020-03-01"),
        ("ann", "Heat", "2020-03-02"),
        ("bob", "Heat", "2020-01-01"),
        ("cy", "Heat", "2020-01-01"),
    ]
    assert films.times.dtype == "datetime64[s]" and films.axes == ("user", "item")
    metadata = films.col_metadata.set_axis(films.col_names)
    assert metadata.loc["Heat"].to_dict() == {"categories": "Crime|Drama", "category": "Crime", "n_users": 3}
    story = dict(films.cleaning.itertuples(index=False))
    assert story["rows"] == 6 and story["rated at least 4"] == 5
    assert story["pairs that stand there again, dropped"] == 1


def test_cleaning_is_a_choice(write):
    path = write(TABLE)
    assert len(load("log", path, min_count=1, min_rating=None)) == 5
    assert list(load("log", path, min_count=2).col_names) == ["Heat"]
    with pytest.raises(ValueError, match=r"no item has 9 pairs rated at least 4; .* is 3\. Give a lower min_count or"):
        load("log", path, min_count=9)
    with pytest.raises(ValueError, match=r"no item has 9 pairs; the most is 3\. Give a lower min_count\."):
        load("log", path, min_count=9, min_rating=None)


def test_a_table_needs_no_ratings_and_no_categories(write):
    films = load("log", write("customer,product,date\na,x,20200101\nb,x,20200102\n"), min_count=1)
    assert picks(films) == [("a", "x", "2020-01-01"), ("b", "x", "2020-01-02")]
    assert list(films.col_metadata) == ["n_users"]


def test_categories_are_those_of_the_first_cell_that_has_any(write):
    text = "user,item,day,genre\na,x,20200101,\nb,x,20200102,|Drama\nb,y,20200103,Crime | Drama\na,z,20200104,\n"
    films = load("log", write(text), min_count=1)
    assert films.col_metadata["categories"].tolist() == ["Drama", "Crime|Drama", ""]
    assert films.col_metadata["category"].tolist()[:2] == ["Drama", "Crime"]
    assert films.col_metadata["category"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2020-01-02", ""), r"films\.csv: row 5, column 'time': no time, expected one of: seconds since 1970"),
        (("2020-01-02", "1577923200"), "row 5, column 'time': '1577923200' is seconds since 1970, but the first"),
        (("2020-01-02", "01/02/2020"), "row 5, column 'time': '01/02/2020' is no time that can be read"),
        (
            ("2020-01-02", "2020-02-30"),
            r"row 5, column 'time': '2020-02-30' is no time .* or no day of the calendar",
        ),
        (("2020-01-02", "1577923200000"), r"no time that can be read, .*; turn offsets and milliseconds into UTC"),
        (("2020-01-02", "2020-01-02 09:00:00+09:00"), r"turn offsets and milliseconds into UTC seconds first"),
        (("2,Comedy", "nan,Comedy"), "row 5, column 'rating': 'nan' is not a finite number"),
        (("2,Comedy", "inf,Comedy"), "row 5, column 'rating': 'inf' is not a finite number"),
        (("2,Comedy", "two,Comedy"), "row 5, column 'rating': 'two' is not a finite number"),
        (("bob,Emma", ",Emma"), "row 5, column 'user': the cell is empty"),
        (("bob,Emma", "bob,"), "row 5, column 'title': the cell is empty"),
        (("time,", "when,"), r"films.csv: no column is known to hold the times \(give time_column\)"),
    ],
)
def test_what_cannot_be_read_is_named(write, change, message):
    with pytest.raises(ValueError, match=message):
        load("log", write(TABLE.replace(*change, 1)), min_count=1)


def test_a_column_can_be_named_but_must_be_there(write):
    path = write(TABLE.replace("time,", "when,"))
    assert len(load("log", path, min_count=1, time_column="when")) == 4
    with pytest.raises(ValueError, match=r"no column 'stars'\. There are: 'user'"):
        load("log", path, min_count=1, time_column="when", rating_column="stars")


def movielens(path, **files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"ml/{name}.csv", text)
    return path


def test_movielens_is_read_out_of_its_archive(tmp_path):
    path = movielens(
        tmp_path / "ml.zip",
        ratings="userId,movieId,rating,timestamp\n1,10,4.0,978393600\n1,20,5.0,978307200\n2,30,3.5,978307200\n",
        movies="movieId,title,genres\n"
        "10,Emma (1996),Comedy|Romance\n20,Emma (1996),Romance\n30,Odd,(no genres listed)\n",
    )
    films = load("log", path, min_count=1, min_rating=None)
    assert films.axes == ("user", "film")
    assert picks(films) == [
        ("1", "Emma (1996) #20", "2001-01-01"),
        ("1", "Emma (1996) #10", "2001-01-02"),
        ("2", "Odd", "2001-01-01"),
    ]
    assert films.col_metadata["category"].tolist()[:2] == ["Comedy", "Romance"]
    assert films.col_metadata["category"].isna().tolist() == [False, False, True]
    assert films.col_metadata["year"].tolist()[:2] == [1996, 1996]


def test_another_archive_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected MovieLens' archive with ratings.csv and movies.csv"):
        load("log", movielens(tmp_path / "ml.zip", ratings="userId\n1\n"))
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ValueError, match="expected MovieLens' archive"):
        load("log", tmp_path / "broken.zip")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("userId,", "user,"), r"ratings\.csv has no column 'userId', expected userId, movieId, rating, timestamp"),
        (("title,", "name,"), r"movies\.csv has no column 'title', expected movieId, title, genres"),
        (("1,10,", "1,99,"), r"ml\.ZIP: ratings\.csv rates movieId 99, which movies\.csv lacks"),
    ],
)
def test_what_an_archive_lacks_is_named(tmp_path, change, message):
    files = {
        "ratings": "userId,movieId,rating,timestamp\n1,10,4.0,978393600\n",
        "movies": "movieId,title,genres\n10,A,B",
    }
    path = movielens(tmp_path / "ml.ZIP", **files)
    assert len(load("log", path, min_count=1)) == 1
    with pytest.raises(ValueError, match=message):
        load("log", movielens(path, **{name: text.replace(*change) for name, text in files.items()}), min_count=1)


@pytest.mark.real("movielens-small")
def test_movielens_small_is_what_was_published():
    films = load("log", "movielens-small")
    assert (films.n_rows, films.n_cols) == (609, 1956)
    story = dict(films.cleaning.itertuples(index=False))
    assert story["rows"] == 100_836 and story["pairs"] == len(films) == 41_256
    assert films.times.min() > np.datetime64("1996-01-01") and films.times.max() < np.datetime64("2018-12-31")
    assert "Emma (1996)" not in films.col_names or "Emma (1996) #1" not in films.col_names
