"""Runs a notebook to its end with nbclient, and keeps what a page would then show.

python run_notebook.py NOTEBOOK RESULT. Changes to widgets that never reach the page are not in the result.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def main() -> None:
    """Run the notebook in its folder; a cell that fails ends the run, and the command."""
    source, result = map(Path, sys.argv[1:])
    notebook = nbformat.read(source, as_version=4)
    try:
        NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(source.parent)}}).execute()
    finally:
        nbformat.write(notebook, result)


if __name__ == "__main__":
    main()
