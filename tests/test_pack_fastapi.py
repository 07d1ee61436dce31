"""What FastAPI injects is known: a service answers the same before and after, however its dependencies are made."""

from __future__ import annotations

import textwrap

import pytest
from starlette.testclient import TestClient

from support import imported, migrated
from support_server import Server

STORE = """
import time
from typing import Annotated

from fastapi import Depends, FastAPI


class Store:
    def find(self, key):
        time.sleep(0)
        return {"key": key}


class Api:
    def store(self):
        return Store()


def get_store():
    return Store()


def get_open_store():
    store = Store()
    yield store
    store.find("closing")


api = Api()
app = FastAPI()


@app.get("/")
def find(key: str, PARAMETER):
    return store.find(key)
"""
PARAMETERS = {
    "annotated with the default": "store: Store = Depends(get_store)",
    "without annotation": "store=Depends(get_store)",
    "in Annotated": "store: Annotated[Store, Depends(get_store)]",
    "a class": "store=Depends(Store)",
    "the class of the annotation": "store: Annotated[Store, Depends()]",
    "a generator": "store=Depends(get_open_store)",
    "by keyword": "store=Depends(dependency=get_store, use_cache=False)",
    "a method of an object": "store=Depends(api.store)",
}


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=PARAMETERS)
def test_what_is_injected_is_awaited(parameter: str) -> None:
    before = textwrap.dedent(STORE.replace("PARAMETER", parameter)).lstrip("\n")

    _, after = migrated(before)

    assert "return await store.find(key)\n" in after
    assert "async def get_store" not in after  # the call at import time runs nothing
    assert answer(before) == answer(after) == (200, {"key": "k"})


def answer(text: str) -> tuple[int, object]:
    with imported(text) as module, TestClient(module.app) as client:
        response = client.get("/", params={"key": "k"})
    return response.status_code, response.json()


LIFESPAN = """
from contextlib import asynccontextmanager

import requests
from fastapi import FastAPI

seen = []


@asynccontextmanager
async def lifespan(app):
    seen.append("begun")
    yield {"url": URL}
    seen.append("ended")


app = FastAPI(lifespan=lifespan)


@app.get("/")
def ask():
    return requests.get(URL + "/echo").status_code
"""


def test_connections_close_after_the_lifespan_of_the_application() -> None:
    with Server() as server:
        before = LIFESPAN.replace("URL", repr(server.url)).lstrip("\n")
        migration, after = migrated(before)
        names = migration.plan.support.names if migration.plan.support else ()

        for text in (before, after):
            with imported(text, names if text is after else ()) as module:
                with TestClient(module.app) as client:
                    assert client.get("/").json() == 200
                assert module.seen == ["begun", "ended"]
                if text is after:
                    assert not module._aio._shared_sessions
    assert "FastAPI(lifespan=_aio.closing_after(lifespan))" in after
