"""What a scenario declares beside its cases: services to stand in for or to start, databases, what may differ."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from asyncify.bench.latency import Latency


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer of the stand-in server; of several that match a request, the first one answers.

    `path` may hold `{name}` for one segment. `when` maps `body.KEY`, `query.KEY` or `headers.KEY` to a regular
    expression for the whole value. Strings of the answer may hold `{name}` of the path or of a named group, and
    `{body.KEY}`, `{query.KEY}`, `{headers.KEY}`; a string that is one such hole keeps the type of what fills it.
    """

    path: str
    method: str = "GET"
    when: dict[str, str] = field(default_factory=dict)
    latency: Latency = 0.0  # seconds
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    json: Any | UnsetType = UNSET
    text: str | None = None


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The built-in OpenAI-compatible endpoints: any path that ends in /chat/completions or /embeddings."""

    latency: Latency = 0.5  # seconds until the answer, or until the first piece of a stream
    interval: float = 0.0  # seconds between two pieces of a stream
    embeddings_latency: Latency = 0.05


class Ready(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to tell that a started service is there; the first key that is set counts. Default: its port is open."""

    http: str = ""  # a path that answers with a status below 500
    command: tuple[str, ...] = ()  # ends with 0
    timeout: float = 30.0  # seconds


class Started(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that runs beside each measurement, made anew for it: a cache, a broker, a service of your own.

    `{port}` in `command` and `env` is a free port; `{folder}` a temporary folder. In the scenario's `env`,
    `{NAME.port}` is that port.
    """

    name: str
    command: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    ready: Ready = Ready()


class Database(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A database whose rows are compared after a run: `sqlite:///` and a path from the project's folder, or one of a
    PostgreSQL server, made anew for each run.

    `postgresql:` alone starts a server; any other URL of that kind names one that is there, on which a database is
    made and dropped. In the `env` of scenario and case, `{NAME.url}` is the URL of the new database; a case whose
    environment does not name it runs without.
    """

    url: str
    name: str = "database"
    setup: tuple[str, ...] = ()  # files of SQL in the project that the new database begins with
    tables: tuple[str, ...] = ()  # default: all
    ignore: tuple[str, ...] = ()  # columns that may differ: `created_at`, or `orders.id` of one table


class Ignore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may differ between two equal runs, as dotted keys; `*` stands for any key or index."""

    answers: tuple[str, ...] = ()  # such as "body.created" of an HTTP answer, "value.id" of a call's
    traffic: tuple[str, ...] = ()  # such as "body.metadata.sent_at"
    headers: tuple[str, ...] = ()  # of the traffic, beside those that belong to the client library
    logs: tuple[str, ...] = ()  # regular expressions; a record that one is found in is not compared
    unordered: tuple[str, ...] = ()  # lists, in answers and traffic, whose order does not matter
