"""Frameworks call views, commands and jobs as before: what they get is a plain function. Both sides are run."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from support import check_migration, check_refusal

PRELUDE = """
import time


def wait(x):
    time.sleep(1)
    print("waited", x)
    return x
"""


class Boundary(NamedTuple):
    """`needs` has to be importable; `shells` are functions that keep a synchronous form round an async one."""

    needs: str
    code: str
    shells: tuple[str, ...]


CASES = {
    "click command": Boundary(
        "click",
        """
import click
from click.testing import CliRunner


@click.command()
@click.argument("name")
def main(name):
    click.echo(wait(name))


def run():
    result = CliRunner().invoke(main, ["a"])
    return result.exit_code, result.output
""",
        ("main",),
    ),
    "click group": Boundary(
        "click",
        """
import click
from click.testing import CliRunner


@click.group()
@click.pass_context
def cli(ctx):
    ctx.obj = wait("cli")


@cli.command("one")
@click.option("--twice/--once")
@click.pass_obj
def first(obj, twice):
    click.echo(f"{obj} {[wait(1) for _ in range(2)] if twice else wait(1)}")


@cli.group()
def inner():
    pass


@inner.command()
def deep():
    raise click.ClickException(str(wait("deep")))


def run():
    runner = CliRunner()
    results = [runner.invoke(cli, line.split()) for line in ("one", "one --twice", "inner deep")]
    return [(result.exit_code, result.output) for result in results]
""",
        ("cli", "first", "deep"),
    ),
    "typer": Boundary(
        "typer",
        """
import typer
from typer.testing import CliRunner

app = typer.Typer()


@app.callback()
def before(loud: bool = False):
    wait(loud)


@app.command()
def hello(name: str, times: int = 1):
    for _ in range(times):
        print(wait(name))


def run():
    result = CliRunner().invoke(app, ["--loud", "hello", "x", "--times", "2"])
    return result.exit_code, result.output
""",
        ("before", "hello"),
    ),
    "flask below decorators that wait": Boundary(
        "flask",
        """
from functools import wraps

from flask import Flask, g

app = Flask(__name__)


def allowed(role):
    def decorate(view):
        @wraps(view)
        def wrapper(*args, **kwargs):
            if wait(role) == "nobody":
                return "no", 403
            g.role = role
            return view(*args, **kwargs)

        return wrapper

    return decorate


@app.get("/a/<int:n>")
@allowed("admin")
def a(n):
    return {"a": wait(n), "role": g.role}


@app.get("/b")
@allowed("user")
def b():
    return {"role": g.role}


@app.get("/c")
@allowed("nobody")
@allowed("user")
def c():
    return {"c": wait(3)}


def run():
    client = app.test_client()
    answers = [client.get(path) for path in ("/a/1", "/b", "/c")]
    return [(answer.status_code, answer.text) for answer in answers]
""",
        ("a", "b", "c"),
    ),
    "flask": Boundary(
        "flask",
        """
from functools import wraps

from flask import Blueprint, Flask, g, request

bp = Blueprint("bp", __name__)


def timed(view):
    @wraps(view)
    def wrapper(*args, **kwargs):
        return view(*args, **kwargs)

    return wrapper


@bp.get("/b/<int:n>")
@timed
def b(n):
    return {"b": wait(n), "user": g.user}


def create_app():
    app = Flask(__name__)
    app.register_blueprint(bp)

    @app.before_request
    def load():
        g.user = wait(request.headers["X-User"])

    @app.route("/a", methods=["POST"])
    def a():
        if request.json["n"] < 0:
            raise KeyError(wait("negative"))
        return {"a": wait(request.json["n"])}, 201

    @app.errorhandler(KeyError)
    def handle(error):
        return {"error": wait(str(error))}, 400

    def plain():
        return str(wait("plain"))

    app.add_url_rule("/c", view_func=plain)
    return app


def run():
    client = create_app().test_client()
    headers = {"X-User": "me"}
    answers = [
        client.post("/a", json={"n": 1}, headers=headers),
        client.post("/a", json={"n": -1}, headers=headers),
        client.get("/b/2", headers=headers),
        client.get("/c", headers=headers),
    ]
    return [(answer.status_code, answer.text) for answer in answers]
""",
        ("b", "load", "a", "handle", "plain"),
    ),
    "celery": Boundary(
        "celery",
        """
from celery import Celery, shared_task

app = Celery("tasks")


@app.task(bind=True, name="add")
def add(self, x, y):
    return self.name, wait(x) + y


@app.task
def double(x):
    return 2 * wait(x)


@shared_task
def shared(x):
    return wait(x)  # not run here: celery keeps it for good, and would run that of the other side


def run():
    return add.apply((1, 2)).get(), double.apply((3,)).get(), add(4, 5)
""",
        ("add", "double", "shared"),
    ),
    "apscheduler": Boundary(
        "apscheduler",
        """
from apscheduler.schedulers.background import BackgroundScheduler

scheduler = BackgroundScheduler()


@scheduler.scheduled_job("interval", seconds=60)
def poll():
    return wait("poll")


def nightly(n):
    return wait(n)


JOB = scheduler.add_job(nightly, "cron", args=[1], hour=3)


def run():
    return poll(), [job.func(*job.args) for job in (JOB,)]
""",
        ("poll", "nightly"),
    ),
    "rq": Boundary(
        "rq",
        """
import inspect

import rq


def report(n):
    return wait(n)


def enqueue(queue: rq.Queue):
    return queue.enqueue(report, 1)


def run():
    return inspect.iscoroutinefunction(report), report(2)
""",
        ("report",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_framework_calls_a_shell(name: str) -> None:
    """The function keeps its name, decorators and colour; its body moved to a coroutine function."""
    case = CASES[name]
    pytest.importorskip(case.needs)

    migration = check_migration(PRELUDE + case.code)

    text = migration.rewrites[0].text
    for shell in case.shells:
        assert f"async def _{shell}(" in text
        assert f"_aio.run(_{shell}(" in text


def test_a_wrapper_that_outside_code_gets_stays_plain() -> None:
    """Below the project's own decorator stands one of the framework, which needs a plain function."""
    pytest.importorskip("click")

    check_refusal(
        PRELUDE
        + """
import click
from click.testing import CliRunner
from functools import wraps


def logged(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        wait("log")
        return function(*args, **kwargs)

    return wrapper


@click.command()
@logged
@click.pass_context
def main(ctx):
    click.echo(wait(ctx.info_name))


def run():
    result = CliRunner().invoke(main, [])
    return result.exit_code, result.output
""",
        "decorator-outside",
    )


def test_a_job_of_the_scheduler_of_asyncio_is_awaited() -> None:
    pytest.importorskip("apscheduler")

    check_migration(
        PRELUDE
        + """
from apscheduler.schedulers.asyncio import AsyncIOScheduler


def make():
    scheduler = AsyncIOScheduler()
    scheduler.add_job(poll, "interval", seconds=60)
    return scheduler


def poll():
    return wait("poll")


def run():
    make()
    return poll()
"""
    )


CALLED_PLAINLY = {
    "a decorator of something of which nothing is known": (
        "decorator-outside",
        """
app = eval("type('App', (), {'route': lambda self, path: lambda view: lambda: [view()]})()")


@app.route("/")
def index():
    return wait(1)


def run():
    return index()
""",
    ),
    "a view of a class": (
        "decorator-outside",
        """
import flask

app = flask.Flask(__name__)


class Views:
    @staticmethod
    @app.get("/")
    def index():
        return str(wait(1))


def run():
    return app.test_client().get("/").text
""",
    ),
    "a view of Django, whose ORM refuses to work below an event loop": (
        "callback-outside",
        """
from django.urls import path


def index(request):
    return wait(request)


urlpatterns = [path("index", index)]


def run():
    return urlpatterns[0].callback("x")
""",
    ),
}


@pytest.mark.parametrize("name", CALLED_PLAINLY)
def test_what_has_no_shell_stays_and_waits_in_a_loop_of_its_own(name: str) -> None:
    because, code = CALLED_PLAINLY[name]
    for library in ("flask", "django"):
        if library in code:
            pytest.importorskip(library)

    check_refusal(PRELUDE + code, because)


def test_a_shell_of_many_arguments_hands_them_on_line_by_line() -> None:
    pytest.importorskip("click")
    names = [f"option_number_{number}" for number in range(6)]
    options = "\n".join(f'@click.option("--{name.replace("_", "-")}", default={at})' for at, name in enumerate(names))
    code = f"""
import click
from click.testing import CliRunner


@click.command()
{options}
def main({", ".join(names)}):
    click.echo(wait(option_number_0 + option_number_5))


def run():
    return CliRunner().invoke(main, ["--option-number-0", "3"]).output
"""

    migration = check_migration(PRELUDE + code)

    handed = "".join(f"        {name},\n" for name in names)
    assert f"    return _aio.run(_main(\n{handed}    ))\n" in migration.rewrites[0].text
