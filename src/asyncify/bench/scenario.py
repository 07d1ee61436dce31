"""What a benchmark runs, as data: cases, the tables that they fill, and all that they need."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType, field

from asyncify.bench.declared import Database, Ignore, Model, Ready, Service, Started
from asyncify.bench.latency import Latency

DEFAULT_LEVELS = {1: 4, 10: 20, 100: 200}
DEFAULT_WAYS = ("serial", "10 threads", "100 threads", "limit 50", "unlimited", "uvloop")


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One HTTP request to the project. `{n}` in any string becomes the request's number, so that it can be unique."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    json: Any | UnsetType = UNSET
    body: str | None = None
    label: str = ""


class Input(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of one direct call, `{n}` as in Request.

    A table with the key `$new`, such as `{"$new" = "package.models:User", kwargs = {id = "ada"}}`, becomes an object.
    """

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    callable: str = ""  # another than the case's
    label: str = ""


class HttpCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="http"):
    """An HTTP service and the requests that it gets, in turn: an ASGI app behind uvicorn, or a server of its own."""

    name: str
    requests: tuple[Request, ...] = field(name="request")
    app: str = ""  # "package.module:name"
    factory: bool = False  # `app` names a function that makes the app
    command: tuple[str, ...] = ()  # starts a server on `{port}`, in place of an app
    ready: Ready = Ready()
    env: dict[str, str] = field(default_factory=dict)  # beside the scenario's


class CallCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="call"):
    """A function called directly: by one caller, by threads, and under asyncio once it is async."""

    name: str
    callable: str  # "package.module:name", "package.module:make_object().method", or ".method" of `object`
    object: dict[str, Any] = field(default_factory=dict)  # a `$new` table; `{services}` in it is the stand-in's address
    inputs: tuple[Input, ...] = field(name="input", default=(Input(),))
    env: dict[str, str] = field(default_factory=dict)  # beside the scenario's


class CommandCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="command"):
    """A program that runs once for each request; its exit code, output and error output are the answer."""

    name: str
    command: tuple[str, ...]  # `python` is the interpreter that runs the project; `{n}` as in Request
    stdin: str = ""
    env: dict[str, str] = field(default_factory=dict)  # beside the scenario's


Case: TypeAlias = HttpCase | CallCase | CommandCase


class Short(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a table is in a run without --full, so that the run stays short; what is not named stays as it is."""

    wait: float | None = None
    waits: dict[str, Latency] | None = None
    levels: dict[int, int] | None = None
    requests: int | None = None
    ways: tuple[str, ...] | None = None
    rates: tuple[float, ...] | None = None
    seconds: float | None = None
    repeats: int | None = None
    timeline: int | None = None


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the report: which case, under what load, in which ways.

    "levels": closed loops of so many callers, before and after. "together": `requests` requests that arrive at the
    same moment, once for each of `ways`. "arrivals": requests that arrive at random at each of `rates`, whatever
    has become of those before them.
    """

    name: str
    case: str
    kind: Literal["levels", "together", "arrivals"] = "levels"
    full: bool = False  # only with --full
    short: Short = Short()  # without it
    wait: float | None = None  # seconds: latencies are scaled so that a request waits so long in all
    waits: dict[str, Latency] = field(default_factory=dict)  # path -> seconds, in place of the services' own
    cpu: float = 0.0  # seconds of processor time that the caller spends on each answer
    levels: dict[int, int] = field(default_factory=dict)  # callers -> requests; default: the scenario's
    requests: int = 100
    ways: tuple[str, ...] = DEFAULT_WAYS
    server: str = ""  # the HTTP case that the way "server" runs
    each: bool = False  # show what each request waited
    labels: tuple[str, ...] = ()  # names of the requests, in turn
    rates: tuple[float, ...] = ()  # requests a second
    seconds: float = 10.0
    repeats: int = 1
    timeline: int = 0  # requests that arrive together for a picture of who waits on what, before and after


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that one run of the benchmark needs to know beside the two trees."""

    cases: tuple[Case, ...] = field(name="case")
    tables: tuple[Table, ...] = field(name="table", default=())  # default: one of levels for each case
    levels: dict[int, int] = field(default_factory=lambda: dict(DEFAULT_LEVELS))  # callers -> requests
    paths: tuple[str, ...] = ("src", ".")  # folders to import from
    env: dict[str, str] = field(default_factory=dict)  # `{services}` is the stand-in's address
    constants: dict[str, str] = field(default_factory=dict)  # "package.module:NAME" = what it is to be, holes as in env
    services: tuple[Service, ...] = field(name="service", default=())
    started: tuple[Started, ...] = field(name="start", default=())
    databases: tuple[Database, ...] = field(name="database", default=())
    model: Model = Model()
    handshake: float = 0.0  # seconds that each new connection to a service costs, as over TLS to a distant host
    ignore: Ignore = Ignore()
    timeout: float = 60.0  # seconds for one request
