"""Rule packs: files -> Catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from asyncify.catalogue import Catalogue, build_catalogue
from asyncify.errors import RuleError
from asyncify.loading.packs import read_pack
from asyncify.loading.references import check_references
from asyncify.rule import Pack

SHIPPED = "asyncify.rules"


def load_catalogue(extra: Sequence[Path] = (), profiles: Sequence[str] = ()) -> Catalogue:
    """The packs that come with asyncify and those of the user's files and folders, checked and indexed.

    A pack with a profile counts only where `profiles` names that. A user's pack takes the place of a shipped one
    with the same id, any pack that of those that it `replaces`. RuleError names the file, the rule, the key
    and a hint. The packs that ship passed all checks before they shipped; only
    a user's packs are put through the slow ones (examples, references to other packs, hooks, support functions).
    """
    users = tuple(load_pack(_read(path), str(path)) for path in _files(extra))
    shipped = _trusted_packs()
    _check_profiles((*shipped, *users), profiles)
    users = tuple(pack for pack in users if _counts(pack, profiles))
    shipped = tuple(pack for pack in shipped if _counts(pack, profiles))
    replaced = {pack.id for pack in users} | {name for pack in (*shipped, *users) for name in pack.replaces}
    catalogue = build_catalogue((*(pack for pack in shipped if pack.id not in replaced), *users))
    if users:
        check_references(catalogue, users)
    return catalogue


def load_pack(text: str, file: str) -> Pack:
    """One pack, checked as far as it can be seen on its own; `file` stands in the messages."""
    return read_pack(text, file, trusted=False)


def shipped_packs() -> Iterator[tuple[str, str]]:
    """Name and text of the packs inside asyncify, sorted."""
    files = resources.files(SHIPPED).iterdir()
    for file in sorted((each for each in files if each.name.endswith(".toml")), key=lambda each: each.name):
        yield f"rules/{file.name}", file.read_text("utf-8")


def shipped_profiles() -> tuple[str, ...]:
    """The profiles that packs inside asyncify belong to, sorted."""
    return tuple(sorted({pack.profile for pack in _trusted_packs() if pack.profile}))


def _counts(pack: Pack, profiles: Sequence[str]) -> bool:
    return pack.profile is None or pack.profile in profiles


def _check_profiles(packs: Sequence[Pack], profiles: Sequence[str]) -> None:
    known = {pack.profile for pack in packs if pack.profile}
    for name in profiles:
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise RuleError(f"profile {name!r}: no rule pack belongs to it; there is {there}")


@cache
def _trusted_packs() -> tuple[Pack, ...]:
    return tuple(read_pack(text, file, trusted=True) for file, text in shipped_packs())


def _files(extra: Sequence[Path]) -> Iterator[Path]:
    for path in extra:
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.glob("*.toml"))
        if not found:
            raise RuleError(f"{path}: the folder holds no rule pack; packs are files that end in .toml")
        yield from found


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise RuleError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RuleError(f"{path}: not UTF-8, which TOML has to be") from None
