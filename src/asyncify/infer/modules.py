"""Modules of the project: which file does an import name?"""

from __future__ import annotations

from collections.abc import Sequence

from asyncify.index.summary import Summary

PACKAGE = "/__init__"


class Modules:
    """Finds modules by dotted name as Python would, from whatever folder the project is run.

    A module's key is its path without `.py` or `/__init__.py`; a folder without `__init__.py` is a module too.
    Where the root is the folder of a package, `package` is its dotted name.
    """

    def __init__(self, summaries: Sequence[Summary], package: str = "") -> None:
        self._package = package
        self.file_of: dict[str, int] = {}
        self.key_of: list[str] = []
        self._packages: set[str] = set()
        self._folders: set[str] = set()
        self._found: dict[tuple[str, str], str | None] = {}
        for number, summary in enumerate(summaries):
            key = summary.path.rpartition(".")[0]
            if key.endswith(PACKAGE) or key == "__init__":
                key = key.removesuffix("__init__").rstrip("/")
                self._packages.add(key)
            self.key_of.append(key)
            if key not in self.file_of or key in self._packages:
                self.file_of[key] = number
            folder = key if key in self._packages else key.rpartition("/")[0]
            while folder and folder not in self._folders:
                self._folders.add(folder)
                folder = folder.rpartition("/")[0]

    def resolve(self, module: str, level: int, source: int) -> str | None:
        """The key of a module imported by file `source`, None if it is not of this project."""
        key = self.key_of[source]
        folder = key if key in self._packages else key.rpartition("/")[0]
        if level:
            return self._relative(module, level, folder)
        cached = (folder, module)
        if cached not in self._found:
            self._found[cached] = self._inside(module) or self._absolute(module.replace(".", "/"), folder)
        return self._found[cached]

    def child(self, key: str, name: str) -> str | None:
        """The submodule `name` of a package."""
        return self._existing(f"{key}/{name}" if key else name)

    def _relative(self, module: str, level: int, folder: str) -> str | None:
        for _ in range(level - 1):
            if not folder and self._package:
                return None
            folder = folder.rpartition("/")[0]
        tail = module.replace(".", "/")
        if not tail:
            return folder if folder in self._folders or folder in self._packages else None
        return self._existing(f"{folder}/{tail}" if folder else tail)

    def _inside(self, module: str) -> str | None:
        """The package round the root, named in full by its own files."""
        if not self._package or not f"{module}.".startswith(f"{self._package}."):
            return None
        return self._existing(module[len(self._package) + 1 :].replace(".", "/"))

    def _absolute(self, tail: str, folder: str) -> str | None:
        """Look where Python might: in the folders above that are no packages themselves, and in the root."""
        while True:
            if folder not in self._packages or not folder:
                found = self._existing(f"{folder}/{tail}" if folder else tail)
                if found is not None:
                    return found
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        return self._existing(f"src/{tail}") or self._existing(f"lib/{tail}")

    def _existing(self, key: str) -> str | None:
        return key if key in self.file_of or key in self._folders else None
