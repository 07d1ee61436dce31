"""Settings of one run: the defaults, [tool.asyncify] of the nearest pyproject.toml and flags, merged once, here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from asyncify.errors import ConfigError
from asyncify.plan.concurrency.setting import DEFAULT_LIMITS, DEFAULT_TIMEOUTS, SideBySide, Which
from asyncify.rule import Style

SUPPORT = "_aio"
OLDEST_PYTHON = (3, 9)  # `asyncio.to_thread` came with it; also what is assumed where nothing is declared
NEWEST_MINOR = 30
PATCHES = range(40)
CARET = re.compile(r"[\^~]\s*(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Config:
    """What the user wants. Every field has its key, of the same name, in [tool.asyncify], but for the last two
    and `path`."""

    path: Path  # the folder or the single file to work on
    rules: tuple[Path, ...] = ()  # further rule packs, or folders of them
    profiles: tuple[str, ...] = ()  # names of the targets that are wanted where a pack is not the default
    exclude: tuple[str, ...] = ()  # what is left out, in the syntax of .gitignore, as seen from the root
    support: str = SUPPORT  # name of the module that asyncify may write into the project
    unsafe: bool = False  # carry out rewrites with a named difference as well
    cache: bool = True  # keep what was learnt of unchanged files for the next run
    style: Style = Style.FAITHFUL  # helpers that do what the old library did, or the new library's own forms
    concurrency: Which = Which.SAFE  # which waits that do not depend on each other run side by side
    limits: tuple[tuple[str, int], ...] = ()  # how many of them at a time, by name, where it is not the default
    timeouts: tuple[tuple[str, float | None], ...] = ()  # seconds for waits that name no limit, where not the default
    jobs: int = 1  # processes that read files
    python: tuple[int, int] = OLDEST_PYTHON  # the oldest Python that the project says it runs on
    file: Path | None = None  # the pyproject.toml that was read

    @property
    def side_by_side(self) -> SideBySide:
        return SideBySide(self.concurrency, self.limits, self.timeouts)


def load_config(
    path: Path,
    *,
    rules: tuple[Path, ...] = (),
    profiles: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    support: str | None = None,
    unsafe: bool | None = None,
    style: Style | None = None,
    concurrency: Which | None = None,
    cache: bool = True,
    jobs: int | None = None,
) -> Config:
    """The settings for `path`; the arguments are flags and win over the file, lists of both are joined.

    Raises ConfigError with file, key and a hint for an unknown key or a value of the wrong kind.
    """
    file = find_pyproject(path)
    document = _read(file) if file else {}
    settings = _settings(file, document) if file else {}
    module = support or _text(settings.get("support")) or SUPPORT
    if not module.isidentifier():
        raise ConfigError(f"support: {module!r} is not a module name; write something like {SUPPORT!r}")
    folder = file.parent if file else Path()
    return Config(
        path=path,
        rules=(*(folder / name for name in _texts(settings.get("rules"))), *rules),
        profiles=(*_texts(settings.get("profiles")), *profiles),
        exclude=(*_texts(settings.get("exclude")), *exclude),
        support=module,
        unsafe=settings.get("unsafe") is True if unsafe is None else unsafe,
        style=style or Style(_text(settings.get("style")) or Style.FAITHFUL),
        concurrency=concurrency or Which(_text(settings.get("concurrency")) or Which.SAFE),
        limits=_limits(settings.get("limits")),
        timeouts=_timeouts(settings.get("timeouts")),
        cache=cache and settings.get("cache") is not False,
        jobs=jobs or _number(settings.get("jobs")) or 1,
        python=_python_floor(file, document) if file else OLDEST_PYTHON,
        file=file,
    )


def find_pyproject(path: Path) -> Path | None:
    """The pyproject.toml nearest to `path`, looked for upwards to the root of the repository."""
    start = path.resolve()
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").is_file():
            return folder / "pyproject.toml"
        if (folder / ".git").exists():
            return None
    return None


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_limits(value: object) -> bool:
    return isinstance(value, Mapping) and value.keys() <= DEFAULT_LIMITS.keys() and all(map(_is_number, value.values()))


def _limits(value: object) -> tuple[tuple[str, int], ...]:
    numbers = ((name, _number(number)) for name, number in sorted(_mapping(value).items()))
    return tuple((name, number) for name, number in numbers if number is not None)


def _is_timeouts(value: object) -> bool:
    return isinstance(value, Mapping) and value.keys() <= DEFAULT_TIMEOUTS.keys() and all(map(_is_time, value.values()))


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _timeouts(value: object) -> tuple[tuple[str, float | None], ...]:
    """None, for ever, is written as 0."""
    items = sorted(_mapping(value).items())
    return tuple((name, float(seconds) or None) for name, seconds in items if isinstance(seconds, int | float))


KEYS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "cache": (lambda value: isinstance(value, bool), "true or false"),
    "concurrency": (lambda value: value in set(Which), f"one of {', '.join(Which)}"),
    "exclude": (_is_texts, 'a list of patterns, such as ["tests/data/"]'),
    "jobs": (_is_number, "a number above 0"),
    "limits": (_is_limits, f"a table of numbers above 0 for some of {', '.join(DEFAULT_LIMITS)}"),
    "profiles": (_is_texts, 'a list of profiles, such as ["acme-native"]'),
    "rules": (_is_texts, 'a list of files or folders, such as ["rules"]'),
    "support": (lambda value: isinstance(value, str) and value.isidentifier(), f'a name, such as "{SUPPORT}"'),
    "style": (lambda value: value in set(Style), f"one of {', '.join(Style)}"),
    "timeouts": (_is_timeouts, f"a table of seconds, 0 for none, for some of {', '.join(DEFAULT_TIMEOUTS)}"),
    "unsafe": (lambda value: isinstance(value, bool), "true or false"),
}


def _settings(file: Path, document: Mapping[str, object]) -> Mapping[str, object]:
    settings = _mapping(document.get("tool")).get("asyncify", {})
    if not isinstance(settings, Mapping):
        raise ConfigError(f"{file}: tool.asyncify: has to be a table; write [tool.asyncify]")
    for key, value in settings.items():
        if key not in KEYS:
            close = get_close_matches(key, KEYS, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(KEYS)}"
            raise ConfigError(f"{file}: tool.asyncify.{key}: unknown key; {hint}")
        is_right, wanted = KEYS[key]
        if not is_right(value):
            raise ConfigError(f"{file}: tool.asyncify.{key}: {value!r} cannot be taken; it has to be {wanted}")
    return settings


def _read(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}; mend it, or move it away") from error


def _python_floor(file: Path, document: Mapping[str, object]) -> tuple[int, int]:
    project = _mapping(document.get("project"))
    poetry = _mapping(_mapping(_mapping(document.get("tool")).get("poetry")).get("dependencies"))
    declared = _text(project.get("requires-python")) or _text(poetry.get("python"))
    if not declared:
        return OLDEST_PYTHON
    text = CARET.sub(lambda match: f">={match[1]}.{match[2] or 0}", declared)  # Poetry's own signs
    try:
        specifiers = SpecifierSet(text)
    except InvalidSpecifier:  # such as Poetry's `||`: what runs on the oldest Python runs on all
        return OLDEST_PYTHON
    for minor in range(OLDEST_PYTHON[1], NEWEST_MINOR):
        if any(specifiers.contains(f"3.{minor}.{patch}") for patch in PATCHES):
            return (3, minor)
    raise ConfigError(f"{file}: requires-python: {declared!r} admits no Python from 3.{OLDEST_PYTHON[1]} on")


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else ()


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
