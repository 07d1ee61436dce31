"""One stand-in for the services, and a Deskmate that is set up to use it."""

import socket
from collections.abc import Iterator

import pytest
from fake_services import FakeServices
from fastapi.testclient import TestClient

from deskmate.agent import get_agent
from deskmate.api import app
from deskmate.database import get_database
from deskmate.services import get_services
from deskmate.settings import get_settings

AUTHORIZATION = {"Authorization": "Bearer user-ada"}


@pytest.fixture(scope="session")
def running_services() -> Iterator[FakeServices]:
    with FakeServices() as services:
        yield services


def forget_instances() -> None:
    for cached in (get_settings, get_database, get_services, get_agent):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def services(
    running_services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeServices]:
    running_services.reset()
    monkeypatch.setenv("DESKMATE_SERVICES_URL", running_services.url)
    monkeypatch.setenv("DESKMATE_WEBHOOK_URL", f"{running_services.url}/hooks/desk")
    monkeypatch.setenv("DESKMATE_TIMEOUT", "2")
    monkeypatch.setenv("DESKMATE_BACKOFF", "0.001")
    forget_instances()
    yield running_services
    forget_instances()


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(app, headers=AUTHORIZATION) as client:
        yield client


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return port
