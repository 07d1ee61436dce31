"""What code outside the project does with the functions and classes that it is given."""

from __future__ import annotations

import importlib
import sys
from functools import cache

from asyncify.catalogue import Catalogue
from asyncify.reason import Reason
from asyncify.rule import Form

# These take a function and never call it, or only hand it on to where the index follows it.
NEVER_CALLS = frozenset(
    {"builtins.isinstance", "builtins.issubclass", "builtins.callable", "builtins.hasattr", "builtins.getattr",
     "builtins.setattr", "builtins.id", "builtins.repr", "builtins.str", "builtins.print",
     "builtins.hash", "builtins.type",
     "builtins.list", "builtins.tuple", "builtins.set", "builtins.dict", "builtins.frozenset",
     "builtins.enumerate", "builtins.zip", "builtins.reversed", "builtins.property", "builtins.staticmethod",
     "builtins.classmethod", "builtins.super", "builtins.vars", "builtins.dir", "builtins.bool",
     "functools.wraps", "functools.wraps()", "functools.partial", "functools.partialmethod", "functools.update_wrapper",
     "contextlib.contextmanager", "copy.copy", "copy.deepcopy", "collections.deque", "collections.OrderedDict",
     "typing.cast", "inspect.signature", "inspect.getfullargspec",
     "inspect.isfunction", "inspect.ismethod", "inspect.getdoc", "inspect.getsource", "inspect.iscoroutinefunction",
     "inspect.isgeneratorfunction", "inspect.getmembers", "inspect.unwrap", "asyncio.iscoroutinefunction",
     "typing.get_type_hints", "types.MethodType", "weakref.ref", "weakref.WeakMethod", "weakref.proxy", "operator.is_"}
)  # fmt: skip
NEVER_CALLS_ROOTS = ("logging.", "warnings.", "inspect.", "typing.")
CONSUME_WELL = frozenset(
    {"builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.dict", "builtins.sorted",
     "builtins.any", "builtins.all", "builtins.sum", "builtins.enumerate",
     "builtins.min", "builtins.max", "builtins.next", "builtins.iter",
     "collections.deque", "builtins.isinstance", "builtins.print", "builtins.str", "builtins.repr", "builtins.type",
     "contextlib.closing"}
)  # fmt: skip
# Whatever has one of these takes every item before it goes on: texts, lists, sets, files and writers of tables.
TAKE_ALL_METHODS = frozenset({"join", "extend", "extendleft", "update", "writelines", "writerows"})
NEUTRAL_DECORATORS = frozenset(
    {"builtins.staticmethod", "builtins.classmethod", "functools.wraps", "functools.wraps()",
     "contextlib.contextmanager",
     "abc.abstractmethod", "abc.abstractclassmethod", "abc.abstractstaticmethod", "typing.overload", "typing.final",
     "typing.override", "typing.no_type_check", "typing.type_check_only", "typing_extensions.overload",
     "typing_extensions.override", "typing_extensions.final", "typing_extensions.deprecated()", "warnings.deprecated()",
     "builtins.property", "unittest.skip()", "unittest.skipIf()", "unittest.skipUnless()"}
)  # fmt: skip
PROPERTY_DECORATORS = frozenset({"builtins.property", "abc.abstractproperty", "types.DynamicClassAttribute"})
CACHES = frozenset(
    {"functools.lru_cache", "functools.lru_cache()", "functools.cache", "functools.cached_property",
     "cachetools.cached()", "cachetools.cachedmethod()"}
)  # fmt: skip
KEEPERS = frozenset({"functools.lru_cache", "functools.lru_cache()", "functools.cache"})  # have asynchronous forms
THREADS = frozenset({"threading.Thread", "threading.Timer", "_thread.start_new_thread", "multiprocessing.Process"})
NOT_IMPORTED = frozenset({"antigravity", "this", "idlelib", "turtle", "tkinter", "lib2to3", "test", "__main__"})


def holds_callback(path: str, slot: str | None, catalogue: Catalogue) -> Reason | None:
    """Why a function that is handed to `path` has to stay as it is; None if it need not."""
    if slot is None:
        return None if path in KEEPERS else _holds_decorated(path, catalogue)
    if path in NEVER_CALLS or path in KEEPERS or path.startswith(NEVER_CALLS_ROOTS):
        return None
    plain = catalogue.canonical(path.replace("()", ""))
    if _takes(plain, slot, catalogue, Form.COROUTINE_FUNCTION):
        return None
    return Reason.THREAD if plain in THREADS else Reason.CALLBACK_OUTSIDE


def takes_entry(path: str, slot: str | None, catalogue: Catalogue) -> bool:
    """Does outside code at `path` call what it is given in `slot` as an entry point?"""
    plain = catalogue.canonical(path.replace("()", ""))
    if slot is None:
        return catalogue.takes(plain, None, Form.ENTRY_POINT)
    return _takes(plain, slot, catalogue, Form.ENTRY_POINT)


def holds_generator(path: str, slot: str | None, catalogue: Catalogue) -> Reason | None:
    """The same for a generator that is handed over to be iterated."""
    if slot is None:
        return _holds_decorated(path, catalogue)
    if path in CONSUME_WELL or path.startswith(NEVER_CALLS_ROOTS) or path.rpartition(".")[2] in TAKE_ALL_METHODS:
        return None
    plain = catalogue.canonical(path.replace("()", ""))
    return None if _takes(plain, slot, catalogue, Form.ASYNC_ITERATOR) else Reason.GENERATOR_CONSUMER


def _holds_decorated(path: str, catalogue: Catalogue) -> Reason | None:
    if path in CACHES or path.endswith(("cached_property", "lru_cache()")):
        return Reason.CACHED
    if path in PROPERTY_DECORATORS:
        return Reason.PROPERTY
    if path in NEUTRAL_DECORATORS:
        return None
    plain = catalogue.canonical(path.replace("()", ""))
    return None if catalogue.takes(plain, None, Form.COROUTINE_FUNCTION) else Reason.DECORATOR_OUTSIDE


def _takes(path: str, slot: str, catalogue: Catalogue, form: Form) -> bool:
    if catalogue.takes(path, slot, form):
        return True
    if not slot.isdecimal():
        return False
    rule = catalogue.rule_for(path)
    signatures = [s for s in rule.calls if s.path == path or s.name == path.rpartition(".")[2]] if rule else []
    if signatures:
        slots = signatures[0].slots
        return int(slot) < len(slots) and catalogue.takes(path, slots[int(slot)].name, form)
    entries = [entry for entry in catalogue.accepts.get(path, ()) if entry.slot is not None and form in entry.forms]
    return len(entries) == 1 and int(slot) == 0


def has_member(base: str, name: str, catalogue: Catalogue) -> bool | None:
    """Does the outside class `base` have a member of that name? None if that cannot be known."""
    canonical = catalogue.canonical(base)
    kind = catalogue.types.get(canonical)
    if kind is not None:
        return catalogue.knows_member(canonical, name)
    return _library_member(base, name)


@cache
def _library_member(path: str, name: str) -> bool | None:
    """Look the class up in Python's own library; nothing else is ever imported."""
    root = path.partition(".")[0]
    module, _, attribute = path.rpartition(".")
    if not module:
        module, attribute, root = "builtins", path, "builtins"
    if root not in sys.stdlib_module_names or root in NOT_IMPORTED:
        return None
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return None
    return hasattr(found, name) if found is not None else None
