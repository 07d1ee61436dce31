"""What requests takes from the environment: proxies, ~/.netrc and certificate bundles."""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import netrc
import os
import ssl
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_PROXY_VARIABLES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_netrc_files: dict[tuple[str | None, str | None], netrc.netrc | None] = {}
_contexts: dict[tuple[Any, Any], ssl.SSLContext] = {}


def _environment_proxies(url: str, no_proxy: str | None) -> dict[str, str]:
    has_system_settings = sys.platform in ("darwin", "win32")
    if not has_system_settings and not any(name in os.environ for name in _PROXY_VARIABLES):
        return {}  # looking through the whole environment takes longer than the rest of a call
    return {} if _goes_direct(url, no_proxy) else urllib.request.getproxies()


def _proxy_for(url: str, proxies: Mapping[str, str | None]) -> str | None:
    """The proxy of this address out of a mapping by scheme and host."""
    parts = urlsplit(url)
    keys = (f"{parts.scheme}://{parts.hostname}", parts.scheme, f"all://{parts.hostname}", "all")
    proxy = next((proxies[key] for key in keys if key in proxies), None)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy or None


def _goes_direct(url: str, no_proxy: str | None) -> bool:
    """Does no_proxy name the host of this address, by name, suffix, address or network?"""
    parts = urlsplit(url)
    host = parts.hostname or ""
    names = no_proxy if no_proxy is not None else os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    entries = [entry for entry in names.replace(" ", "").split(",") if entry]
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        hosts = (f".{host}", f".{host}:{parts.port}" if parts.port else f".{host}")
        matches = any(name.endswith(f".{entry.lstrip('.')}") for name in hosts for entry in entries)
    else:
        matches = any(entry == host or ("/" in entry and _holds(entry, address)) for entry in entries)
    return matches or names.strip() == "*" or (no_proxy is None and bool(urllib.request.proxy_bypass(host)))


def _holds(network: str, address: ipaddress.IPv4Address) -> bool:
    try:
        return address in ipaddress.IPv4Network(network, strict=False)
    except ValueError:
        return False


async def _load_netrc() -> None:
    """Read the file of logins in a thread, if it was not read yet."""
    if _netrc_key() not in _netrc_files:
        await asyncio.to_thread(_netrc_login, "")


def _netrc_key() -> tuple[str | None, str | None]:
    return os.environ.get("NETRC"), os.environ.get("HOME")


def _netrc_login(url: str) -> tuple[str, str] | None:
    """The login for this host out of $NETRC, ~/.netrc or ~/_netrc. The file is read once."""
    key = _netrc_key()
    if key not in _netrc_files:
        _netrc_files[key] = _read_netrc(key[0])
    logins = _netrc_files[key]
    found = logins.authenticators(urlsplit(url).hostname or "") if logins else None
    return (found[0] or found[1] or "", found[2] or "") if found and any(found) else None


def _read_netrc(named: str | None) -> netrc.netrc | None:
    paths = [named] if named is not None else ["~/.netrc", "~/_netrc"]
    path = next((path for path in (Path(name).expanduser() for name in paths) if path.exists()), None)
    try:
        return netrc.netrc(path) if path else None
    except (netrc.NetrcParseError, OSError):
        return None


async def _tls_context(verify: Any, cert: Any) -> ssl.SSLContext:
    """The context for verify= and cert=. It is kept: building one reads files, which is slow."""
    key = (verify, tuple(cert) if isinstance(cert, list) else cert)
    if key not in _contexts:
        _contexts[key] = await asyncio.to_thread(_new_tls_context, verify, cert)
    return _contexts[key]


def _new_tls_context(verify: Any, cert: Any) -> ssl.SSLContext:
    bundle = verify if isinstance(verify, (str, os.PathLike)) else _certifi_bundle()
    if bundle is not None and not Path(bundle).exists():
        raise OSError(f"Could not find a suitable TLS CA certificate bundle, invalid path: {bundle}")
    is_folder = bundle is not None and Path(bundle).is_dir()
    context = ssl.create_default_context(cafile=None if is_folder else bundle, capath=bundle if is_folder else None)
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if cert:
        context.load_cert_chain(*([cert] if isinstance(cert, (str, os.PathLike)) else cert))
    return context


def _certifi_bundle() -> Any:
    """The bundle that requests trusts; None, which means the system's, where certifi is not installed."""
    try:
        return importlib.import_module("certifi").where()
    except ImportError:
        return None
