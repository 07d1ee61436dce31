"""The fixed list of reasons for which something is not converted, each with what the reader can do."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a call or a function was left alone or bridged. The value is stable and is shown."""

    BASE_OUTSIDE = "base-outside"
    CALLBACK_OUTSIDE = "callback-outside"
    CACHED = "cached"
    CANNOT_PARSE = "cannot-parse"
    CONSTRUCTOR = "constructor"
    DECORATOR_OUTSIDE = "decorator-outside"
    DEFAULT_ARGUMENT = "default-argument"
    DUNDER = "dunder"
    GENERATOR_CONSUMER = "generator-consumer"
    GENERATOR_VALUE = "generator-value"
    IMPORT_TIME = "import-time"
    INSIDE_COMPREHENSION = "inside-comprehension"
    INSIDE_LAMBDA = "inside-lambda"
    LOCK_HELD = "lock-held"
    MEMBER_UNKNOWN = "member-unknown"
    MIXED_TARGETS = "mixed-targets"
    NO_REWRITE = "no-rewrite"
    NOT_CALLED = "not-called"
    NOT_SHARED = "not-shared"
    OFFLOADED = "offloaded"
    ARGUMENTS = "arguments"
    PERHAPS = "perhaps"
    PROPERTY = "property"
    RESOURCE_ESCAPES = "resource-escapes"
    STUCK_CALLER = "stuck-caller"
    TEST = "test"
    TEST_DOUBLE = "test-double"
    THREAD = "thread"
    ENTRY = "entry"


EXPLANATIONS: dict[Reason, tuple[str, str]] = {
    Reason.BASE_OUTSIDE: (
        "The method overrides one of a class from outside the project, which calls it without await.",
        "Move the waiting part into a method of your own and call that from async code.",
    ),
    Reason.CALLBACK_OUTSIDE: (
        "The function is handed to code outside the project that calls it without await.",
        "Hand over a function that does not wait, or use an interface of the library that takes coroutines.",
    ),
    Reason.CACHED: (
        "A cache that has no asynchronous form would store the coroutine, which can be awaited only once.",
        "Cache the value by hand, or use a cache made for coroutines.",
    ),
    Reason.CANNOT_PARSE: (
        "This Python cannot parse the file.",
        "Run asyncify with the Python version that the project is written for.",
    ),
    Reason.CONSTRUCTOR: (
        "A constructor cannot await, and an async factory cannot take its place here.",
        "Move the wait into an async factory method, or to the first use.",
    ),
    Reason.DECORATOR_OUTSIDE: (
        "The function is wrapped by a decorator from outside the project that may call it without await.",
        "Check the decorator's documentation for async functions, and declare it in a rule pack if it takes them.",
    ),
    Reason.DEFAULT_ARGUMENT: (
        "A default argument or decorator is evaluated at import time, where nothing can be awaited.",
        "Compute the value inside the function.",
    ),
    Reason.DUNDER: (
        "Python itself calls this special method and does not await it.",
        "Offer an ordinary method beside it and use that from async code.",
    ),
    Reason.GENERATOR_CONSUMER: (
        "The generator is consumed by code that cannot iterate asynchronously.",
        "Iterate over it with a plain `for`, or collect it into a list first.",
    ),
    Reason.GENERATOR_VALUE: (
        "An async generator cannot return a value, and nothing awaits what `yield from` gives back.",
        "Hand the value over in another way: as the last item, or in an attribute.",
    ),
    Reason.IMPORT_TIME: (
        "The call runs while the module is imported, where there is no event loop to wait in.",
        "Make the value on first use, in a function.",
    ),
    Reason.INSIDE_COMPREHENSION: (
        "The call stands in a generator expression whose consumer cannot await.",
        "Use a list comprehension or a loop.",
    ),
    Reason.INSIDE_LAMBDA: (
        "A lambda cannot await.",
        "Write it as a function.",
    ),
    Reason.LOCK_HELD: (
        "A thread's lock is held round the wait; held over an await it stops every other task that wants it.",
        "Use asyncio.Lock, or wait outside the lock.",
    ),
    Reason.MEMBER_UNKNOWN: (
        "No rule says what this member becomes.",
        "Replace it with a member that the rule pack knows, or add it to a rule pack of your own.",
    ),
    Reason.MIXED_TARGETS: (
        "The call may reach functions of both colours.",
        "Give the functions one colour, or separate the calls.",
    ),
    Reason.NO_REWRITE: (
        "The rule only says that this call waits; it has no asynchronous form yet.",
        "Run it in a thread with asyncio.to_thread, or add a rule with a replacement.",
    ),
    Reason.NOT_CALLED: (
        "The waiting function is passed on as a value, not called, so the await has nowhere to stand.",
        "Wrap it in a function of your own.",
    ),
    Reason.NOT_SHARED: (
        "Its object is shared, and threads may not use it at the same time.",
        "Make the object in the function that uses it, or guard it by an asyncio.Lock and use asyncio.to_thread.",
    ),
    Reason.OFFLOADED: (
        "It has no asynchronous form: it runs in a thread while the event loop goes on.",
        "Nothing to do; a library with an asynchronous form would spare the thread.",
    ),
    Reason.ARGUMENTS: (
        "The call uses an argument that has no faithful counterpart.",
        "See the rule's notes for the argument that is named.",
    ),
    Reason.PERHAPS: (
        "The receiver is not known; only the name of the method suggests that the call waits.",
        "Add a type annotation to the receiver.",
    ),
    Reason.PROPERTY: (
        "Reading a property cannot await.",
        "Turn the property into a method.",
    ),
    Reason.RESOURCE_ESCAPES: (
        "The open response leaves the function in which it was opened.",
        "Read it inside the function and hand on what was read.",
    ),
    Reason.STUCK_CALLER: (
        "The function that makes this call has to stay synchronous.",
        "Solve what holds its caller; the chain names it.",
    ),
    Reason.TEST: (
        "Test runners call test functions without a loop, so each call in a test runs its own.",
        "Nothing to do; or make the test async with a plugin of your test runner.",
    ),
    Reason.TEST_DOUBLE: (
        "A test patches this name of the old library; the patch has no effect on the migrated code.",
        "Patch the support module's function, or use a local test server.",
    ),
    Reason.THREAD: (
        "The function runs in a thread of its own.",
        "Start it as a task, or leave it in its thread.",
    ),
    Reason.ENTRY: (
        "Whoever calls this function expects it to be synchronous, so it runs its own event loop.",
        "Nothing to do.",
    ),
}
