"""The command ``research-lib``: lists, checks and runs the notebooks, and fetches data. All printing is here."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from typer.core import TyperGroup

from research_lib.runner.discovery import discover, find
from research_lib.runner.execution import RunResult, Task, plan_all, project_of, run_all, stoppable
from research_lib.runner.parameters import read_assignments, read_file, read_notebook, read_parameters
from research_lib.runner.publishing import publish
from research_lib.runner.records import brief
from research_lib.runner.rules import check as problems_of


class OneLineErrors(TyperGroup):
    """Errors are one line and an exit code, without a traceback: 2 for a wrong name or value, 1 for the machine's."""

    def invoke(self, ctx):
        """Run the command."""
        try:
            with stoppable():
                return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            code, message = getattr(stop, "code", 130), str(stop) or "Interrupted."
        except BrokenPipeError:
            raise
        except OSError as error:
            code, message = 1, f"Error: {error}"
        except ValueError as error:
            code, message = 2, f"Error: {error}"
        print(message, file=sys.stderr)
        raise typer.Exit(code)


app = typer.Typer(cls=OneLineErrors, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
data = typer.Typer(no_args_is_help=True, help="The public datasets and their cache.")
app.add_typer(data, name="data")

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Notebooks; all if none is named.")]
Folder = Annotated[Path | None, typer.Option("--notebooks", help="Their folder, if not notebooks/ here or above.")]


@app.callback()
def main() -> None:
    """Run the research notebooks headless, with other parameters, and keep what came of it."""


@app.command("list")
def list_notebooks(folder: Folder = None) -> None:
    """The notebooks, and the parameters of each with their defaults."""
    for path in discover(folder):
        cells = read_notebook(path)["cells"]
        title = cells[0]["source"].partition("\n")[0].lstrip("# ") if cells else ""
        print(f"{path.stem}: {title}")
        for parameter in read_parameters(cells, path.stem).values():
            print(f"    {parameter.name} = {parameter.default!r}  # {parameter.comment}")


@app.command()
def check(names: Names = None, folder: Folder = None) -> None:
    """Tell where notebooks break the rules; exit code 1 if one does."""
    paths = _paths(names, folder)
    problems = [problem for path in paths for problem in problems_of(path)]
    for problem in problems:
        print(problem)
    print(f"{len(paths)} checked: {len(problems) or 'no'} problem{'s' * (len(problems) != 1)}")
    raise typer.Exit(1 if problems else 0)


@app.command()
def run(
    names: Names = None,
    assignments: Annotated[
        list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="A parameter (a YAML value); may be repeated.")
    ] = None,
    file: Annotated[Path | None, typer.Option("-f", metavar="FILE.yml", help="Lines of name: value.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Values of parameters/quick.yml: seconds.")] = False,
    real: Annotated[bool, typer.Option("--real", help="Values of parameters/real.yml; publishes figures/.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="How many notebooks run at a time.")] = 1,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of each; the processors are shared by default.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Where run folders are made.")] = Path("runs"),
    folder: Folder = None,
) -> None:
    """Run notebooks; a later one wins of: their defaults, --quick or --real, -f, -p. Exit code 1 if one failed.

    With several notebooks a value of -p or -f goes to each that has the parameter, and one at least must have it.
    """
    given = (read_file(file) if file else {}) | read_assignments(assignments or [])
    tasks = plan_all(_paths(names, folder), given, quick=quick, real=real)
    results = _run_watched(tasks, runs=runs, jobs=jobs, threads=threads)
    _show(results)
    failed = [result for result in results if result.error]
    for result in failed:
        print(result.error, file=sys.stderr)
    if real and given:
        print("Not published: -p or -f changed the values of real.yml.")
    elif real and not failed:
        print(f"Published: {publish(results, project_of(tasks[0].notebook) / 'figures')}")
    raise typer.Exit(1 if failed else 0)


@app.command()
def new(
    name: str,
    title: Annotated[str | None, typer.Option(help="Its first line.")] = None,
    source: Annotated[str | None, typer.Option("--from", metavar="NOTEBOOK", help="A notebook to copy.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="A default for the copy; may be repeated.")
    ] = None,
    folder: Folder = None,
) -> None:
    """Write a notebook of your own, NN_slug: a small one that obeys the rules, or a copy with your own parameters."""
    from research_lib.runner.creation import create

    path = create(name, title=title, source=source, parameters=read_assignments(assignments or []), notebooks=folder)
    print(f"{path}: try it with research-lib run {name} --quick, and open it with make lab.")


def _paths(names: list[str] | None, folder: Path | None) -> list[Path]:
    if not names:
        return discover(folder)
    return list(dict.fromkeys(find(name, folder) for name in names))


def _run_watched(tasks: list[Task], **options) -> list[RunResult]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("cells"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = {task.notebook: bars.add_task(task.notebook.stem, total=task.n_cells, start=False) for task in tasks}

        def advance(task: Task, cell_number: int) -> None:
            bars.start_task(bar[task.notebook])
            bars.update(bar[task.notebook], completed=cell_number)

        return run_all(tasks, progress=advance, **options)


def _show(results: list[RunResult]) -> None:
    table = Table("notebook", box=None, pad_edge=False)
    for column in ("seconds", "records", "figures"):
        table.add_column(column, justify="right")
    for result in results:
        table.add_row(result.notebook, f"{result.seconds:.1f}", str(len(result.records)), str(len(result.figures)))
    Console().print(table)
    for result in results:
        print(f"\n{result.notebook}: {result.folder}")
        for name, value in result.records.items():
            print(f"    {name} = {brief(value)}")
        for path in result.figures:
            print(f"    {path.relative_to(result.folder)}")


@data.command("list")
def list_datasets() -> None:
    """The datasets: kind, rows, columns, whether in the cache, licence."""
    from research_lib.datasets.catalogue import catalogue, is_cached

    table = Table("name", "kind", box=None, pad_edge=False)
    for column in ("rows", "columns"):
        table.add_column(column, justify="right")
    table.add_column("cached")
    table.add_column("licence")
    table.add_column("description")
    for dataset in catalogue():
        cached = "yes" if is_cached(dataset.name) else "no"
        numbers = f"{dataset.rows:,}", str(dataset.columns)
        table.add_row(dataset.name, dataset.kind, *numbers, cached, dataset.licence, dataset.description)
    Console().print(table)


@data.command()
def fetch(name: str) -> None:
    """Download a dataset into the cache, checked by its SHA-256."""
    from research_lib.datasets.catalogue import fetch

    for path in fetch(name):
        print(path)


@data.command("import")
def import_folder(folder: Path) -> None:
    """Copy the files of a folder whose SHA-256 the catalogue knows into the cache."""
    from research_lib.datasets.catalogue import import_folder

    imported = import_folder(folder)
    for file, name in zip(imported["file"], imported["name"], strict=True):
        print(f"{name}: {file}")
    print(f"{len(imported)} file{'s' * (len(imported) != 1)} imported")


@data.command()
def describe(file: Path) -> None:
    """Print an entry for the catalogue: size and SHA-256 of a file, and what else there is to fill in."""
    from research_lib.datasets.catalogue import describe

    print(describe(file))


@data.command()
def path(name: str) -> None:
    """Where the files of a dataset lie in the cache."""
    from research_lib.datasets.catalogue import cached_paths, is_cached

    for file in cached_paths(name):
        print(file)
    if not is_cached(name):
        print(f"Not in the cache: research-lib data fetch {name}", file=sys.stderr)
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
