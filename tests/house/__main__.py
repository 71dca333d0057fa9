"""Prints what is against the rules now, in the form of tests/house/known.py."""

from pathlib import Path

from .imports import circles, edges_of, imports
from .layers import room_of, upward
from .public import names_of
from .sizes import asks_for_attributes, long_files, long_functions, many_arguments
from .words import words

PACKAGE = Path("pipelines")


def _show(name, value):
    print(f"{name} = ", end="")
    if isinstance(value, dict):
        print("{")
        for key, count in value.items():
            print(f'    "{key}": {count},')
        print("}")
    elif value and isinstance(value[0], str):
        print("[")
        for each in value:
            print(f'    "{each}",')
        print("]")
    else:
        print(value)


def main():
    found = imports(PACKAGE)
    _show("UPWARD", upward(found))
    _show("CIRCLES_OF_FILES", circles(edges_of(found)))
    _show("CIRCLES_OF_ROOMS", circles(edges_of(found, room_of)))
    _show("LONG_FILES", long_files(PACKAGE))
    _show("LONG_FUNCTIONS", long_functions(PACKAGE))
    _show("MANY_ARGUMENTS", many_arguments(PACKAGE))
    _show("ASKS_FOR_ATTRIBUTES", asks_for_attributes(PACKAGE))
    pages = [Path("README.md"), Path("CONTRIBUTING.md"), *sorted(Path("docs").rglob("*.md"))]
    paths = [*sorted(PACKAGE.rglob("*.py")), *(page for page in pages if page.exists())]
    _show("WORDS", {path.as_posix(): len(words(path)) for path in paths if words(path)})
    (Path(__file__).parent / "public_names.txt").write_text("\n".join(names_of(PACKAGE)) + "\n")


if __name__ == "__main__":
    main()
