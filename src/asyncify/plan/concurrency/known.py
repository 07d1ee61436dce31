"""What is known of code outside the project: calls that change nothing that another call could see.

A name that is not listed here is not proved; what is missing costs speed, what is wrong here would cost results.
"""

from __future__ import annotations

import ast
import re

PURE_BUILTINS = frozenset(
    {"abs", "all", "any", "ascii", "bin", "bool", "bytes", "bytearray", "callable", "chr", "complex", "dict", "divmod",
     "enumerate", "float", "format", "frozenset", "getattr", "hasattr", "hash", "hex", "int", "isinstance",
     "issubclass", "len", "list", "max", "min", "object", "oct", "ord", "pow", "range", "repr", "reversed", "round",
     "set", "slice", "sorted", "str", "sum", "tuple", "type", "zip"}
)  # fmt: skip
MATERIALISES = frozenset({"list", "tuple", "set", "frozenset", "sorted", "dict", "range"})
PASSES_ON = frozenset({"enumerate", "reversed", "zip"})  # as lazy as what they are given
LAZY_CALLS = frozenset(
    {"DictReader", "chain", "count", "cycle", "filter", "groupby", "islice", "iter", "map", "open", "reader",
     "takewhile"}
)  # fmt: skip
USED_UP = LAZY_CALLS | {"defaultdict", "zip", "enumerate", "reversed", "SimpleQueue", "Queue", "LifoQueue"}
MAY_BE_USED_UP = re.compile(rf"\b({'|'.join(sorted(USED_UP))})\(|\(.* for .* in ")
WHOLE_METHODS = frozenset(
    {"json", "items", "keys", "values", "split", "splitlines", "rsplit", "copy", "union", "intersection", "difference",
     "most_common", "get"}
)  # fmt: skip
WHOLE_PATHS = frozenset({"json.loads", "json.load", "re.findall", "os.listdir", "re.split"})
FRESH_BUILTINS = frozenset({"list", "dict", "set", "bytearray", "sorted"})
FRESH_PATHS = frozenset(
    {"collections.Counter", "collections.OrderedDict", "collections.defaultdict", "collections.deque",
     "copy.copy", "copy.deepcopy", "json.loads"}
)  # fmt: skip

# Methods of text, numbers, dates, containers and responses that only read. On an object of the project, whose class
# has a method of that name, the project's own method is looked at instead.
PURE_METHODS = frozenset(
    {"capitalize", "casefold", "center", "count", "decode", "encode", "endswith", "expandtabs", "find", "format",
     "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower",
     "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "partition",
     "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split",
     "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper", "zfill", "hex",
     "copy", "difference", "intersection", "isdisjoint", "issubset", "issuperset", "items", "keys", "most_common",
     "symmetric_difference", "union", "values", "get",
     "astimezone", "date", "isocalendar", "isoformat", "isoweekday", "strftime", "timestamp", "total_seconds",
     "utcoffset", "weekday", "as_integer_ratio", "bit_length", "is_integer", "to_bytes", "quantize",
     "end", "fullmatch", "group", "groupdict", "groups", "match", "search", "span", "start",
     "json", "raise_for_status", "hexdigest", "digest"}
)  # fmt: skip
MUTATING_METHODS = frozenset(
    {"add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "move_to_end", "pop",
     "popitem", "popleft", "remove", "reverse", "setdefault", "sort", "subtract", "update"}
)  # fmt: skip
# Of those, what keeps the order in which things come and gives nothing back that a later round could look at.
ACCUMULATES = frozenset({"add", "append", "extend", "update", "subtract"})

PURE_ROOTS = ("base64.", "binascii.", "bisect.", "cmath.", "collections.", "dataclasses.", "decimal.Decimal",
              "difflib.", "enum.", "fnmatch.", "fractions.", "functools.partial", "hashlib.", "hmac.", "html.",
              "json.dumps", "json.loads", "math.", "operator.", "os.environ.get", "os.fspath", "os.getenv", "os.path.",
              "pathlib.Path", "pathlib.Pure", "re.", "statistics.", "string.", "struct.", "textwrap.", "typing.",
              "unicodedata.", "urllib.parse.", "uuid.", "zlib.", "copy.", "datetime.timedelta", "datetime.timezone",
              "ipaddress.", "time.perf_counter", "time.monotonic", "types.SimpleNamespace", "contextlib.suppress",
              "contextlib.nullcontext")  # fmt: skip
IMPURE_PATHS = frozenset({"os.path.exists", "os.path.getmtime", "os.path.getsize", "os.path.isdir", "os.path.isfile",
                          "uuid.uuid1", "re.purge", "operator.setitem", "operator.delitem", "operator.iadd",
                          "operator.iconcat", "bisect.insort", "bisect.insort_left", "bisect.insort_right",
                          "struct.pack_into"})  # fmt: skip
PURE_CLASS_METHODS = frozenset(
    {"datetime.datetime.fromisoformat", "datetime.datetime.fromtimestamp", "datetime.datetime.strptime",
     "datetime.date.fromisoformat", "datetime.date", "datetime.datetime", "datetime.time", "datetime.datetime.combine"}
)  # fmt: skip
CLOCKS = frozenset(
    {"time.time", "time.time_ns", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today",
     "datetime.date.today", "time.localtime", "time.gmtime", "time.strftime", "time.ctime"}
)  # fmt: skip
LOG_METHODS = frozenset({"critical", "debug", "error", "exception", "info", "log", "warn", "warning", "isEnabledFor"})
LOGGERS = ("logging.getLogger", "logging.Logger")
NEUTRAL_DECORATORS = frozenset(
    {"builtins.staticmethod", "builtins.classmethod", "builtins.property", "staticmethod", "classmethod", "property",
     "typing.override", "typing.final", "abc.abstractmethod"}
)  # fmt: skip
LAZY_ANNOTATIONS = ("Iterator", "Generator", "Iterable", "IO", "Reader", "Cursor", "Queue", "AsyncIter")
READ_VERBS = frozenset({"get", "head", "options"})


WORDS = {
    "print": "it prints, in order",
    "next": "`next` takes something away from others",
    "open": "it opens a file",
    "input": "it asks the user",
    "setattr": "`setattr` writes what others may see",
    "delattr": "`delattr` writes what others may see",
}
# What Python runs by itself where this syntax meets an object of the project.
OPERATORS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Attribute: ("__getattr__", "__getattribute__", "__get__", "__setattr__", "__set__"),
    ast.BinOp: ("__add__", "__radd__", "__sub__", "__mul__", "__truediv__", "__floordiv__", "__mod__", "__pow__",
                "__or__", "__and__", "__xor__", "__lshift__", "__rshift__", "__matmul__", "__rsub__", "__rmul__",
                "__ror__"),
    ast.AugAssign: ("__iadd__", "__isub__", "__imul__", "__ior__", "__iand__", "__add__"),
    ast.UnaryOp: ("__neg__", "__pos__", "__invert__", "__bool__", "__len__"),
    ast.Subscript: ("__getitem__", "__missing__", "__class_getitem__"),
    ast.Compare: ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__hash__"),
    ast.For: ("__iter__", "__next__", "__getitem__"),
    ast.comprehension: ("__iter__", "__next__", "__getitem__"),
    ast.Starred: ("__iter__", "__next__", "keys"),
    ast.If: ("__bool__", "__len__"),
    ast.IfExp: ("__bool__", "__len__"),
    ast.While: ("__bool__", "__len__"),
    ast.BoolOp: ("__bool__", "__len__"),
    ast.FormattedValue: ("__str__", "__format__", "__repr__"),
    ast.Dict: ("__hash__",),
    ast.Set: ("__hash__",),
    ast.Call: ("__call__", "__str__", "__repr__", "__len__", "__iter__", "__next__", "__int__", "__float__", "__hash__",
               "__eq__", "__lt__", "__bool__", "__contains__", "__bytes__", "__index__", "__round__", "__reversed__",
               "__format__"),
}  # fmt: skip


BLOCKS_THAT_LET_PASS = frozenset({"Session", "session", "get", "head", "options", "request", "nullcontext", "open"})


def is_pure_path(path: str) -> bool:
    """Does this callable of Python's own library change nothing that another call could see?"""
    if path in IMPURE_PATHS:
        return False
    return path in PURE_CLASS_METHODS or path.startswith(PURE_ROOTS)
