"""index: Source -> Summary, one file alone, one walk."""

from __future__ import annotations

import ast
import warnings

from asyncify.garbage import collector_paused
from asyncify.index.definitions import Definitions
from asyncify.index.summary import ParseFault, Summary
from asyncify.project import Source

TOO_DEEP = "nested too deeply to be read"


def summarise(source: Source) -> Summary | ParseFault:
    """What inference needs to know of a file, or why this Python cannot parse it."""
    try:
        with collector_paused():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes and the like are the user's, not ours
                tree = ast.parse(source.text)
            return Definitions(source.path).walk(tree)
    except SyntaxError as error:
        return ParseFault(source.path, error.lineno or 1, error.msg or "invalid syntax")
    except ValueError as error:  # a null byte
        return ParseFault(source.path, 1, str(error))
    except (RecursionError, MemoryError):
        return ParseFault(source.path, 1, TOO_DEEP)
