"""Loading rule packs: what ships, what a user adds, and how look-ups answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncify.catalogue import Catalogue, build_catalogue
from asyncify.errors import RuleError
from asyncify.loader import load_catalogue, load_pack, shipped_packs
from asyncify.loading.references import check_references
from asyncify.rule import Form, Rule, Wait

SHIPPED = list(shipped_packs())
SMALL = """
[pack]
id = "{id}"
summary = "a pack of the user"
source = ["acme"]
{more}

[[rule]]
id = "{id}-ask"
call = "acme.ask(question)"
waits = "network"
why = "It waits."
"""

WILD = """
[pack]
id = "wild"
summary = "a client with many methods"
source = ["wild"]

[[type]]
id = "wild.Base"
not_waiting = ["close"]

[[type]]
id = "wild.Client"
base = "wild.Base"
attributes = { inner = "wild.Base" }

[[rule]]
id = "wild-pipeline"
call = "wild.Base.pipeline"
returns = "wild.Client"
why = "It only collects."

[[rule]]
id = "wild-command"
call = "wild.Base.*"
waits = "network"
why = "Every command waits for its answer."

[[accepts]]
call = "wild.Base.on(event, handler)"
slot = "handler"
forms = ["coroutine-function"]

[[accepts]]
call = "wild.Base.handle"
overrides = true
forms = ["coroutine-function"]
"""


def write(folder: Path, name: str, more: str = "") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(SMALL.format(id=name, more=more))
    return path


def wild() -> Catalogue:
    return build_catalogue([load_pack(WILD, "wild.toml")])


def rule_id(rule: Rule | None) -> str | None:
    return rule.id if rule else None


def test_the_packs_that_ship_load() -> None:
    catalogue = load_catalogue()

    assert catalogue.rules["time-sleep"].waits is Wait.SLEEP
    assert "time.sleep" in catalogue.by_call
    assert "fastapi" in catalogue.roots


@pytest.mark.parametrize(("file", "text"), SHIPPED, ids=[file for file, _ in SHIPPED])
def test_a_pack_that_ships_passes_every_check(file: str, text: str) -> None:
    pack = load_pack(text, file)

    assert len({rule.id for rule in pack.rules}) == len(pack.rules)
    assert all(pack.source)


def test_the_packs_that_ship_agree_with_each_other_and_with_the_code() -> None:
    catalogue = load_catalogue()

    check_references(catalogue, catalogue.packs)


def test_a_users_file_and_folder_are_added(tmp_path: Path) -> None:
    write(tmp_path, "inside")
    catalogue = load_catalogue([tmp_path])

    assert catalogue.rules["inside-ask"].pack == "inside"
    assert load_catalogue([tmp_path / "inside.toml"]).packs[-1].file == str(tmp_path / "inside.toml")


def test_a_users_pack_takes_the_place_of_one_that_ships(tmp_path: Path) -> None:
    write(tmp_path, "time")
    catalogue = load_catalogue([tmp_path])

    assert "time-sleep" not in catalogue.rules
    assert "time-ask" in catalogue.rules


def test_a_pack_replaces_the_one_that_it_names(tmp_path: Path) -> None:
    catalogue = load_catalogue([write(tmp_path, "slow", 'replaces = ["time"]')])

    assert "time.sleep" not in catalogue.by_call


def test_a_pack_of_a_profile_counts_where_the_profile_is_chosen(tmp_path: Path) -> None:
    file = write(tmp_path, "slow", 'replaces = ["time"]\nprofile = "slowly"')

    assert "time.sleep" in load_catalogue([file]).by_call
    assert "slow-ask" not in load_catalogue([file]).rules
    assert "time.sleep" not in load_catalogue([file], ["slowly"]).by_call
    assert "slow-ask" in load_catalogue([file], ["slowly"]).rules


def test_a_profile_that_no_pack_has_is_refused() -> None:
    with pytest.raises(RuleError, match="profile 'fast': no rule pack belongs to it; there is"):
        load_catalogue(profiles=["fast"])


def test_two_packs_may_not_claim_one_call(tmp_path: Path) -> None:
    write(tmp_path, "one")
    write(tmp_path, "two")

    with pytest.raises(RuleError, match=r"two\.toml: acme\.ask is declared twice"):
        load_catalogue([tmp_path])


@pytest.mark.parametrize("name", ["missing.toml", "empty"])
def test_a_path_without_a_pack_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(RuleError, match=name):
        load_catalogue([tmp_path / name])


def test_a_pack_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(RuleError, match=r"odd\.toml: not UTF-8"):
        load_catalogue([tmp_path])


def test_any_other_public_method_waits() -> None:
    catalogue = wild()

    assert rule_id(catalogue.rule_for("wild.Client.get")) == "wild-command"
    assert rule_id(catalogue.rule_for("wild.Base.get")) == "wild-command"
    assert rule_id(catalogue.rule_for("wild.Client.pipeline")) == "wild-pipeline"
    assert rule_id(catalogue.rule_for("wild.Client")) == "wild.Client()"


@pytest.mark.parametrize("method", ["close", "inner", "_send", "__enter__"])
def test_some_methods_do_not(method: str) -> None:
    assert wild().rule_for(f"wild.Client.{method}") is None


def test_what_is_accepted_is_found_along_the_bases() -> None:
    catalogue = wild()

    assert catalogue.takes("wild.Client.on", "handler", Form.COROUTINE_FUNCTION)
    assert catalogue.takes("wild.Client.on", "1", Form.COROUTINE_FUNCTION)
    assert catalogue.takes("wild.Client.on", "handler", Form.COROUTINE_FUNCTION)
    assert not catalogue.takes("wild.Client.on", "0", Form.COROUTINE_FUNCTION)
    assert not catalogue.takes("wild.Client.on", "1", Form.ASYNC_ITERATOR)
    assert not catalogue.takes("wild.Client.handle", None, Form.COROUTINE_FUNCTION)
    assert catalogue.lets_override("wild.Client.handle", Form.COROUTINE_FUNCTION)
    assert not catalogue.lets_override("wild.Client.on", Form.COROUTINE_FUNCTION)


def test_routes_dependencies_and_streams_of_fastapi_take_asynchronous_forms() -> None:
    catalogue = load_catalogue()
    stream = catalogue.canonical("fastapi.responses.StreamingResponse")

    assert catalogue.takes("fastapi.FastAPI.get", None, Form.COROUTINE_FUNCTION)
    assert catalogue.takes(catalogue.canonical("fastapi.routing.APIRouter.post"), None, Form.COROUTINE_FUNCTION)
    assert catalogue.takes("fastapi.Depends", "0", Form.ASYNC_ITERATOR)
    assert catalogue.takes("fastapi.BackgroundTasks.add_task", "0", Form.COROUTINE_FUNCTION)
    assert not catalogue.takes("fastapi.BackgroundTasks.add_task", "1", Form.COROUTINE_FUNCTION)
    assert catalogue.takes(stream, "0", Form.ASYNC_ITERATOR)
    assert not catalogue.takes("functools.lru_cache", None, Form.COROUTINE_FUNCTION)


def references(text: str) -> Catalogue:
    catalogue = build_catalogue([load_pack(WILD, "wild.toml"), load_pack(text, "more.toml")])
    check_references(catalogue, catalogue.packs)
    return catalogue


MORE = """
[pack]
id = "more"
summary = "another"
source = ["more"]

[aliases]
"more.impl.Thing" = "more.Thing"

[[type]]
id = "more.Thing"
base = "wild.Client"

[[rule]]
id = "more-open"
call = "more.open"
returns = "more.Thing"
why = "Made here."
"""


def test_a_pack_may_build_on_the_types_of_another() -> None:
    assert rule_id(references(MORE).rule_for("more.Thing.get")) == "wild-command"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('base = "wild.Client"', 'base = "wild.Clent"', "type more.Thing, base: .* declares the type wild.Clent; did"),
        ('returns = "more.Thing"', 'returns = "more.Thin"', "rule more-open, returns: .* did you mean 'more.Thing'"),
        ('returns = "more.Thing"', 'returns = "self"', "rule more-open, returns: .* more is no declared type"),
        ('"more.open"', '"more.impl.Thing.open"', "rule more-open, call: .* alias; write more.Thing.open"),
        ('"more.open"', '"elsewhere.open"', "rule more-open, call: elsewhere.open lies outside"),
        ('"more.open"', '"more.Thin.*"', "more.Thin is no declared type; did you mean 'more.Thing'"),
        ('= "more.Thing"\n\n[[type]]', '= "more.Thing"\n"more.Thing" = "more.impl.Thing"\n\n[[type]]', "alias"),
    ],
)
def test_what_packs_say_of_one_another_is_checked(old: str, new: str, message: str) -> None:
    assert old in MORE
    with pytest.raises(RuleError, match=rf"more\.toml: .*{message}"):
        references(MORE.replace(old, new, 1))


def test_bases_in_a_circle_are_refused() -> None:
    with pytest.raises(RuleError, match="the bases go in a circle"):
        references(MORE + '[[type]]\nid = "more.A"\nbase = "more.B"\n[[type]]\nid = "more.B"\nbase = "more.A"\n')
