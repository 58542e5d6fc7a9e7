"""Files that a person reads in one sitting, functions that a person sees at one look."""

from tests.house.sources import ROOT, functions, python, tree

FILE_LINES, FUNCTION_LINES = 400, 60


def test_no_file_is_longer_than_a_sitting():
    long = {
        path: lines
        for path in python("apps", "config", "tests", "tools", "manage.py")
        if (lines := len((ROOT / path).read_text().splitlines())) > FILE_LINES
    }

    assert long == {}


def test_no_function_is_longer_than_a_look():
    long = {
        f"{path}:{node.name}": lines
        for path in python("apps", "config", "tools", "manage.py")
        for node in functions(tree(path))
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }

    assert long == {}
