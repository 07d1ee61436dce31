"""Where and how to connect: libpq's connection strings, keywords and environment as arguments for asyncpg."""

from __future__ import annotations

import os
import re
import shlex
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from asyncify.support.pg_errors import ProgrammingError
from asyncify.support.timeouts import TIMEOUTS

_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)")
_URI_PREFIXES = ("postgresql://", "postgres://")
# What asyncpg takes in the query of a URI only.
_URI_ONLY = ("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "passfile", "service")
_URI_ONLY_TOO = ("ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs", "krbsrvname", "gsslib")


def parse_dsn(dsn: str) -> dict[str, str]:
    """The keywords of a connection string `key=value ...` or of a URI."""
    if dsn.startswith(_URI_PREFIXES):
        return _from_uri(dsn)
    found: dict[str, str] = {}
    at = 0
    while dsn[at:].strip():
        pair = _PAIR.match(dsn, at)
        if pair is None:
            word = dsn[at:].split()[0]
            raise ProgrammingError(f'invalid dsn: missing "=" after "{word}" in connection info string\n')
        value = pair[2] if pair[2] is not None else pair[3]
        found[pair[1]] = re.sub(r"\\(.)", r"\1", value)
        at = pair.end()
    return found


def _from_uri(dsn: str) -> dict[str, str]:
    parts = urlsplit(dsn)
    login, _, places = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    hosts = [_host_and_port(place) for place in places.split(",")] if places else []
    found = {
        "user": unquote(user),
        "password": unquote(password),
        "host": ",".join(host for host, _ in hosts),
        "port": ",".join(port for _, port in hosts),
        "dbname": unquote(parts.path.removeprefix("/")),
    }
    given = {key: value for key, value in found.items() if value.strip(",")}
    return {**given, **dict(parse_qsl(parts.query))}


def _host_and_port(place: str) -> tuple[str, str]:
    bracketed = re.fullmatch(r"\[(.*)\](?::(\d*))?", place)
    if bracketed:
        return bracketed[1], bracketed[2] or ""
    host, _, port = place.partition(":")
    return unquote(host), port


def _connect_arguments(dsn: str | None, keywords: dict[str, Any]) -> dict[str, Any]:
    """Arguments for asyncpg.connect. Keepalive and encoding settings of libpq have no counterpart and are left out."""
    given = {**parse_dsn(dsn or ""), **{key: str(value) for key, value in keywords.items() if value is not None}}
    if "database" in given:
        given["dbname"] = given.pop("database")
    arguments: dict[str, Any] = {
        "user": given.get("user"),
        "password": given.get("password"),
        "database": given.get("dbname"),
        "server_settings": _server_settings(given),
        "command_timeout": TIMEOUTS["database"],
        "statement_cache_size": 0,  # as psycopg2, which prepares nothing: no plan outlives a change of the schema
    }
    hosts = [host for host in (given.get("hostaddr") or given.get("host") or "").split(",") if host]
    ports = [int(port) for port in given.get("port", "").split(",") if port]
    arguments["host"] = hosts if len(hosts) > 1 else next(iter(hosts), None)
    arguments["port"] = ports if len(ports) > 1 else next(iter(ports), None)
    timeout = given.get("connect_timeout") or os.environ.get("PGCONNECT_TIMEOUT")
    if timeout is not None:
        arguments["timeout"] = max(int(timeout), 2) if int(timeout) > 0 else None
    query = {key: given[key] for key in (*_URI_ONLY, *_URI_ONLY_TOO) if key in given}
    if query:
        arguments["dsn"] = f"postgresql://?{urlencode(query)}"
    return {key: value for key, value in arguments.items() if value is not None or key == "timeout"}


def _server_settings(given: dict[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    words = shlex.split(given.get("options") or os.environ.get("PGOPTIONS", ""))
    for word in words:
        name, _, value = word.removeprefix("-c").removeprefix("--").partition("=")
        if name:
            settings[name.replace("-", "_") if word.startswith("--") else name] = value
    application = given.get("application_name") or os.environ.get("PGAPPNAME") or given.get("fallback_application_name")
    zone, style = os.environ.get("PGTZ"), os.environ.get("PGDATESTYLE")
    named = {"application_name": application, "timezone": zone, "datestyle": style}
    return {**{name: value for name, value in named.items() if value}, **settings}
