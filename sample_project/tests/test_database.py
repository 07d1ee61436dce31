"""Sessions, handbook and ledger in PostgreSQL: DESKMATE_TEST_DATABASE names an empty database."""

import os
from collections.abc import Iterator

import pytest
from conftest import forget_instances

from deskmate.agent import get_agent
from deskmate.batch import run_batch
from deskmate.cli import main
from deskmate.database import Database, get_database
from deskmate.errors import PaymentRequired, SessionNotFound
from deskmate.ledger import Ledger
from deskmate.models import Usage, User
from deskmate.retrieval import HandbookIndex
from deskmate.sessions import SessionStore
from deskmate.settings import get_settings

URL = os.environ.get("DESKMATE_TEST_DATABASE", "")
ADA = User(id="ada", plan="pro")
PAGES = [
    ("doc-1", "Rooms are booked in the calendar. Book a room a day ahead."),
    ("doc-2", "Travel is booked by the travel desk."),
    ("doc-3", "Badges that are lost are reported to the front desk."),
]

pytestmark = pytest.mark.skipif(not URL, reason="DESKMATE_TEST_DATABASE is not set")


@pytest.fixture
def database(services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("DESKMATE_DATABASE_URL", URL)
    forget_instances()
    database = get_database()
    database.create_tables()
    yield database
    forget_instances()
    database = get_database()
    database.drop_tables()
    database.close()


def test_a_session_is_remembered_turn_by_turn(database):
    store = SessionStore(database)

    assert store.add_turn("ada", "s1", "Hello", "Hi") == 1
    assert store.add_turn("ada", "s1", "Bye", "See you") == 2
    assert [message["content"] for message in store.recall("ada", "s1")] == [
        "Hello",
        "Hi",
        "Bye",
        "See you",
    ]
    assert store.recall("bob", "s1") == []


def test_old_messages_are_forgotten(database):
    store = SessionStore(database, max_messages=3)
    for number in range(3):
        store.add_turn("ada", "s1", f"q{number}", f"a{number}")

    assert [message["content"] for message in store.history("ada", "s1")] == ["a1", "q2", "a2"]


def test_a_session_that_is_not_there(database):
    store = SessionStore(database)
    store.add_turn("ada", "s1", "Hello", "Hi")
    store.forget("ada", "s1")
    store.forget("ada", "s1")

    with pytest.raises(SessionNotFound):
        store.history("ada", "s1")
    assert store.recall("ada", "s1") == []


def test_the_handbook_finds_the_best_pages_first(database):
    index = HandbookIndex(database, get_settings())

    assert index.load(PAGES) == 3
    assert (
        index.load([("doc-3", "Report a lost badge to the front desk: lost badges are blocked.")])
        == 3
    )
    assert [passage.id for passage in index.search("how do I book a room")] == ["doc-1"]
    assert [passage.id for passage in index.search("desk", top_k=5)] == ["doc-2", "doc-3"]
    assert index.search("lost badge")[0].text.startswith("Report a lost badge")
    assert index.search("unicorn") == []


def test_usage_is_booked_once(database):
    ledger = Ledger(database, get_settings())
    usage = Usage(prompt_tokens=10, completion_tokens=5)

    assert ledger.grant("ada", 100) == 100
    assert ledger.record("r1", ADA, usage) == 30
    assert ledger.record("r1", ADA, usage) == 30
    assert ledger.bookings("ada") == {"r1": 30}
    assert ledger.balance("ada") == 70


def test_who_has_no_credits_left_is_not_booked(database):
    ledger = Ledger(database, get_settings())
    ledger.grant("ada", 20)

    with pytest.raises(PaymentRequired):
        ledger.record("r1", ADA, Usage(prompt_tokens=10, completion_tokens=5))

    assert ledger.bookings("ada") == {}
    assert ledger.balance("ada") == 20


def test_an_answer_goes_through_the_database(database, services):
    HandbookIndex(database, get_settings()).load(PAGES)

    answer = get_agent().run("How do I book a room?", ADA, "s1")

    assert answer.sources == ["doc-1"]
    assert services.count("/vectors/query") == services.count("/billing/usage") == 0
    assert Ledger(database, get_settings()).bookings("ada") == {"ada/s1:1": answer.credits}
    messages = SessionStore(database).history("ada", "s1")
    assert [message["role"] for message in messages] == ["user", "assistant"]


def test_a_batch_books_each_message(database):
    items = run_batch(get_agent(), ADA, [f"Question {number}" for number in range(8)], "b")

    assert [item.error for item in items] == [None] * 8
    bookings = Ledger(database, get_settings()).bookings("ada")
    assert bookings == {f"ada/b-{n}:1": item.credits for n, item in enumerate(items)}


def test_the_api_finds_what_another_process_has_written(database, client):
    SessionStore(database).add_turn("ada", "s9", "Hello", "Hi")

    reply = client.get("/sessions/s9")

    assert [message["content"] for message in reply.json()["messages"]] == ["Hello", "Hi"]
    assert client.delete("/sessions/s9").status_code == 204
    assert client.get("/sessions/s9").status_code == 404


def test_the_command_loads_the_handbook(database, tmp_path, capsys):
    file = tmp_path / "pages.jsonl"
    file.write_text('{"id": "doc-1", "text": "One."}\n\n{"id": "doc-2", "text": "Two."}\n')

    assert main(["load", str(file)]) == 0
    assert capsys.readouterr().out == "2 pages\n"
    forget_instances()
