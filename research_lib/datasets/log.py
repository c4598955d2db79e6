"""Users and what they chose, each with its time: MovieLens, or your own log."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from research_lib.containers.interactions import Interactions
from research_lib.datasets import catalogue
from research_lib.datasets.reading import cleaning_log, errors_in
from research_lib.datasets.reading.spreadsheet import (
    find_column,
    find_optional_column,
    read_table,
    split_cell,
    tidy_text,
)
from research_lib.datasets.reading.times import read_times
from research_lib.datasets.synthetic.drift import planted_drift

FILES = "a .csv, .tsv, .xlsx or .parquet table of user, item and time, or MovieLens' .zip"
USER_COLUMNS = ("user", "user id", "userId", "사용자", "customer", "customer id")
ITEM_COLUMNS = ("item", "film", "movie", "title", "item id", "movieId", "product", "상품", "영화")
TIME_COLUMNS = ("time", "timestamp", "date", "datetime", "day", "일시", "날짜")
RATING_COLUMNS = ("rating", "stars", "score", "평점")
CATEGORY_COLUMNS = ("categories", "category", "genres", "genre", "kind", "분류", "장르")
RATINGS, MOVIES = ("userId", "movieId", "rating", "timestamp"), ("movieId", "title", "genres")  # MovieLens' columns
NO_GENRE = "(no genres listed)"  # MovieLens' own words


def load_log(
    source: str | Path = "sample",
    *,
    min_rating: float | None = 4.0,
    min_count: int = 5,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    rating_column: str | None = None,
    category_column: str | None = None,
    encoding: str = "utf-8",
) -> Interactions:
    """Users × items with times: a pair for each item that a user chose or liked.

    Parameters
    ----------
    source : str or Path
        ``"sample"``: made-up users and films, with a taste that drifts, see `planted_drift`. ``"movielens-small"``:
        ratings of films, 1996 to 2018. A path: MovieLens' .zip, or a table with a user, an item and a time in each row.
    min_rating : float, optional
        Keep ratings of at least this; None keeps all. A table without ratings is kept whole.
    min_count : int
        Keep items with at least this many pairs.
    user_column, item_column, time_column : str, optional
        Columns of a table; by default, columns with one of the usual names.
    rating_column, category_column : str, optional
        The same, but a table need not have them. Categories are separated by ``|``: ``Comedy|Drama``; an item's are
        taken from its first cell that is not empty.
    encoding : str
        Encoding of a text file.

    Returns
    -------
    Interactions
        Sorted by user and time, ``times`` as datetime64[s] in UTC; rows may come in any order, and rows of one user and
        time keep theirs. A repeated pair is kept at its first time. Column metadata: ``categories`` (as written),
        ``category`` (the rarest of them, which says most) and ``n_users``, for MovieLens also ``year``. Films with the
        same title are told apart by their number. Axes are user and film; of your own table, user and item.

    Raises
    ------
    ValueError
        If the source is unknown, a user, item, time or column is missing, times are in two formats, a rating is not a
        number or is of a film missing from MovieLens' list, or nothing is left.

    References
    ----------
    F. M. Harper and J. A. Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 2015.
    """
    if str(source) == "sample":
        return planted_drift()
    path = catalogue.path_of(source, "log", FILES)
    if path.suffix.lower() == ".zip":
        table, items = _read_movielens(path)
    else:
        columns = user_column, item_column, time_column, rating_column, category_column
        with errors_in(path):
            table, items = _read_own(read_table(path, encoding=encoding), columns)
    item = "film" if path.suffix.lower() == ".zip" else "item"
    return _interactions(table, items, item, min_rating, min_count, str(source))


def _interactions(
    table: pd.DataFrame, items: pd.DataFrame, item: str, min_rating: float | None, min_count: int, source: str
) -> Interactions:
    """From a table with a row a pair: ``user``, ``item`` (position in `items`), ``time`` and perhaps ``rating``."""
    story = {"rows": len(table)}
    rated = f" rated at least {min_rating:g}" if min_rating is not None and "rating" in table else ""
    if rated:
        table = table[table["rating"] >= min_rating]
        story[rated.strip()] = len(table)
    table = table.sort_values(["user", "time"], kind="stable")
    again = table.duplicated(["user", "item"])
    story["pairs that stand there again, dropped"] = int(again.sum())
    table = table[~again]
    counts = np.bincount(table["item"], minlength=len(items))
    kept = np.flatnonzero(counts >= max(min_count, 1))
    if not len(kept):
        most, lower = counts.max(initial=0), "min_count or min_rating" if rated else "min_count"
        raise ValueError(f"{source}: no {item} has {min_count} pairs{rated}; the most is {most}. Give a lower {lower}.")
    table = table[counts[table["item"]] >= min_count]
    users, row_names = pd.factorize(table["user"], sort=True)
    items = items.iloc[kept].reset_index(drop=True)
    story |= {f"{item}s with at least {min_count}": len(kept), "users": len(row_names), "pairs": len(table)}
    return Interactions(
        pairs=np.column_stack([users, np.searchsorted(kept, table["item"])]),
        row_names=row_names,
        col_names=items["name"],
        col_metadata=_rarest(items.drop(columns="name")).assign(n_users=counts[kept]),
        times=table["time"].to_numpy("datetime64[s]"),
        source=source,
        axes=("user", item),
        cleaning=cleaning_log(story),
    )


def _rarest(items: pd.DataFrame) -> pd.DataFrame:
    """The metadata with ``category``: of each item's categories the one that fewest items have."""
    if "categories" not in items:
        return items
    each = items["categories"].str.split("|")
    counts = each.explode().value_counts()
    return items.assign(category=[min(names, key=counts.get) if names[0] else None for names in each])


def _read_movielens(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings and films from the archive as published."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = {Path(name).name: name for name in archive.namelist()}
            ratings, movies = (pd.read_csv(archive.open(found[name])) for name in ("ratings.csv", "movies.csv"))
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"{path}: expected MovieLens' archive with ratings.csv and movies.csv ({error}).") from None
    for name, found, columns in (("ratings.csv", ratings, RATINGS), ("movies.csv", movies, MOVIES)):
        missing = [column for column in columns if column not in found]
        if missing:
            raise ValueError(f"{path}: {name} has no column {missing[0]!r}, expected {', '.join(columns)}.")
    film = pd.Index(movies["movieId"]).get_indexer(ratings["movieId"])
    if (film < 0).any():
        unknown = ratings["movieId"][(film < 0).argmax()]
        raise ValueError(f"{path}: ratings.csv rates movieId {unknown}, which movies.csv lacks.")
    title = movies["title"].str.strip()
    numbered = title + " #" + movies["movieId"].astype(str)
    films = pd.DataFrame(
        {
            "name": title.where(~title.duplicated(keep=False), numbered),
            "categories": movies["genres"].replace(NO_GENRE, ""),
            "year": title.str.extract(r"\((\d{4})(?:–\d{0,4})?\)$")[0].astype("Int64"),
        }
    )
    table = pd.DataFrame(
        {
            "user": ratings["userId"],
            "item": film,
            "time": ratings["timestamp"].to_numpy("datetime64[s]"),
            "rating": ratings["rating"],
        }
    )
    return table, films


def _read_own(table: pd.DataFrame, columns: Sequence[str | None]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings and items of a table of text, as `read_table` gives it."""
    user, item, time, rating, category = columns
    user = find_column(table, user, USER_COLUMNS, "users", "user_column")
    item = find_column(table, item, ITEM_COLUMNS, "items", "item_column")
    time = find_column(table, time, TIME_COLUMNS, "times", "time_column")
    rating = find_optional_column(table, rating, RATING_COLUMNS, "ratings", "rating_column")
    category = find_optional_column(table, category, CATEGORY_COLUMNS, "categories", "category_column")
    tidy = table[[user, item]].map(tidy_text)
    for column, cells in tidy.items():
        if (cells == "").any():
            raise ValueError(f"row {cells.index[(cells == '').argmax()]}, column {column!r}: the cell is empty.")
    number, names = pd.factorize(tidy[item])
    read = pd.DataFrame({"user": tidy[user].to_numpy(), "item": number, "time": read_times(table[time])})
    items = pd.DataFrame({"name": names})
    if rating is not None:
        numbers = pd.to_numeric(table[rating], errors="coerce")
        broken = ~np.isfinite(numbers)
        if broken.any():
            row = numbers.index[broken.argmax()]
            raise ValueError(f"row {row}, column {rating!r}: {table.at[row, rating]!r} is not a finite number.")
        read["rating"] = numbers.to_numpy()
    if category is not None:
        cells = table[category].map(lambda cell: "|".join(split_cell(cell, "|")))
        items["categories"] = cells.where(cells != "").groupby(number).first().fillna("").to_numpy()
    return read, items
