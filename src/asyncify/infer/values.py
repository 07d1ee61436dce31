"""The values that inference moves about: small numbers, each standing for a kind and what it is of."""

from __future__ import annotations

Data = tuple[int, "int | str", "int | str"]


class Kind:
    """What a value is. The comment says what its two parts are.

    No Enum: these are looked up a million times, and members of an Enum are ten times slower to come by.
    """

    MODULE = 0  # key of a project module
    OUT = 1  # dotted path of something outside; "()" stands for the result of calling it
    FUNC = 2  # function
    CLASS = 3  # class
    INST = 4  # class: an instance of it or of a subclass
    PACK = 5  # id of a pack type: an instance, with the call that made it for those that are TRACED
    BOUND = 6  # callable value, receiver value
    DECO = 7  # wrapper function, wrapped value
    PROP = 8  # getter value
    STATIC = 9  # callable value
    CLSM = 10  # callable value
    CTXF = 11  # generator function value made a context manager factory
    CTX = 12  # function: what a CTXF returns
    GEN = 13  # function: a running generator
    CONT = 14  # container
    CMETH = 15  # container, method name
    PAIRS = 16  # container whose (key, value) pairs are iterated
    PAIR = 17  # container: one (key, value) pair
    PARTIAL = 18  # call site of functools.partial
    SUPER = 19  # class in whose method super() stands
    ANYMEMBER = 20  # id of a pack type: some member of it, by a computed name
    SETTER = 21  # property value: its `setter` decorator
    CURRY = 22  # callable value: called with too few arguments it waits for the others
    GMETH = 23  # function, method name: `send` and the like of its running generator


# Of these it is told which of them stands where: two locks of one class are no more alike than two of its numbers.
TRACED = frozenset(
    {"threading.Barrier", "threading.BoundedSemaphore", "threading.Condition", "threading.Event", "threading.Lock",
     "threading.RLock", "threading.Semaphore", "threading.Thread", "threading.Timer",
     "queue.LifoQueue", "queue.PriorityQueue", "queue.Queue", "queue.SimpleQueue",
     "concurrent.futures.ThreadPoolExecutor"}
)  # fmt: skip
CALLS_IN_A_FILE = 1 << 24


def origin(file: int, call: int) -> int:
    """The number by which a value is known that this call of this file makes; never 0."""
    return file * CALLS_IN_A_FILE + call + 1


def made_by(number: int) -> tuple[int, int]:
    """The file and the call that `origin` numbered."""
    return divmod(number - 1, CALLS_IN_A_FILE)


class Values:
    """Numbers values, the same on every run."""

    def __init__(self) -> None:
        self._numbers: dict[Data, int] = {}
        self.data: list[Data] = []

    def settle(self) -> None:
        """No more values are made."""
        self._numbers = {}

    def of(self, kind: int, first: int | str, second: int | str = 0) -> int:
        key = (kind, first, second)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.data)
            self.data.append(key)
        return number
