"""What a benchmark runs, as data: cases, the services they talk to, how many callers and how many requests."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import UNSET, Struct, UnsetType, field

DEFAULT_LEVELS = {1: 6, 10: 40, 100: 400}


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One HTTP request to the project. `{n}` in any string becomes the request's number, so that it can be unique."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    json: Any | UnsetType = UNSET
    body: str | None = None


class Input(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of one direct call, `{n}` as in Request.

    A table with the key `$new`, such as `{"$new" = "package.models:User", kwargs = {id = "ada"}}`, becomes an object.
    """

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


class HttpCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="http"):
    """An ASGI app behind its own server, uvicorn; the requests are made in turn."""

    name: str
    app: str  # "package.module:name"
    requests: tuple[Request, ...] = field(name="request")
    factory: bool = False  # `app` names a function that makes the app


class CallCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="call"):
    """A function called directly: by one caller, by threads, and under asyncio once it is async."""

    name: str
    callable: str  # "package.module:name", "package.module:make_object().method"
    inputs: tuple[Input, ...] = field(name="input", default=(Input(),))


Case: TypeAlias = HttpCase | CallCase


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer of the stand-in server; of several that match a request, the first one answers.

    `path` may hold `{name}` for one segment. `when` maps `body.KEY`, `query.KEY` or `headers.KEY` to a regular
    expression for the whole value. Strings of the answer may hold `{name}` of the path or of a named group, and
    `{body.KEY}`, `{query.KEY}`, `{headers.KEY}`; a string that is one such hole keeps the type of what fills it.
    """

    path: str
    method: str = "GET"
    when: dict[str, str] = field(default_factory=dict)
    latency: float = 0.0  # seconds
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    json: Any | UnsetType = UNSET
    text: str | None = None


class Database(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A database whose rows are compared after a run: `sqlite:///` and a path from the project's folder."""

    url: str
    tables: tuple[str, ...] = ()  # default: all
    ignore: tuple[str, ...] = ()  # columns that may differ: `created_at`, or `orders.id` of one table


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The built-in OpenAI-compatible endpoints: any path that ends in /chat/completions or /embeddings."""

    latency: float = 0.5  # seconds until the answer, or until the first piece of a stream
    interval: float = 0.0  # seconds between two pieces of a stream
    embeddings_latency: float = 0.05


class Ignore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may differ between two equal runs, as dotted keys; `*` stands for any key or index."""

    answers: tuple[str, ...] = ()  # such as "body.created" of an HTTP answer, "value.id" of a call's
    traffic: tuple[str, ...] = ()  # such as "body.metadata.sent_at"
    headers: tuple[str, ...] = ()  # of the traffic, beside those that belong to the client library
    logs: tuple[str, ...] = ()  # regular expressions; a record that one is found in is not compared


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that one run of the benchmark needs to know beside the two trees."""

    cases: tuple[Case, ...] = field(name="case")
    levels: dict[int, int] = field(default_factory=lambda: dict(DEFAULT_LEVELS))  # callers -> requests
    paths: tuple[str, ...] = ("src", ".")  # folders to import from
    env: dict[str, str] = field(default_factory=dict)  # `{services}` is the stand-in's address
    services: tuple[Service, ...] = field(name="service", default=())
    databases: tuple[Database, ...] = field(name="database", default=())
    model: Model = Model()
    ignore: Ignore = Ignore()
    timeout: float = 60.0  # seconds for one request
