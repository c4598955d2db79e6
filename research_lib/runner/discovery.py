"""Which notebooks there are."""

from pathlib import Path

from research_lib.checks import suggest
from research_lib.runner.parameters import NotebookError

PATTERN = "[0-9][0-9]_*.ipynb"


def discover(notebooks: str | Path | None = None) -> list[Path]:
    """The numbered notebooks, in order.

    Parameters
    ----------
    notebooks : str or Path, optional
        Their folder; by default ``notebooks/`` of the current folder or of the nearest one above it.

    Raises
    ------
    NotebookError
        If there is no such folder, or no numbered notebook in it.
    """
    here = Path.cwd()
    folders = [Path(notebooks)] if notebooks else [folder / "notebooks" for folder in (here, *here.parents)]
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise NotebookError(
            f"No folder {notebooks or f'notebooks in {here} or above'}; name it with --notebooks FOLDER."
        )
    found = sorted(folder.resolve().glob(PATTERN))
    if not found:
        raise NotebookError(f"No notebook named like 04_book_wiki_links.ipynb in {folder}.")
    return found


def find(notebook: str | Path, notebooks: str | Path | None = None) -> Path:
    """A notebook by its name, with or without ``.ipynb``, or by its path."""
    path = Path(notebook)
    if len(path.parts) > 1 and path.is_file():
        return path.resolve()
    by_name = {path.stem: path for path in discover(notebooks)}
    name = str(notebook).removesuffix(".ipynb")
    if name not in by_name:
        raise NotebookError(f"No notebook named {name!r}.{suggest(name, by_name)} There are: {', '.join(by_name)}.")
    return by_name[name]
