"""What users have spent, booked in the database."""

import psycopg2
from psycopg2 import errors

from deskmate.database import Database
from deskmate.errors import PaymentRequired, ServiceUnavailable
from deskmate.models import Usage, User
from deskmate.settings import Settings

PRICE_PROMPT = 1
PRICE_COMPLETION = 4


class Ledger:
    """Bookings in table `ledger`, credits left in table `accounts`.

    A user without an account is not limited.
    """

    name = "billing"

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self.model = settings.model

    def record(self, request_id: str, user: User, usage: Usage, tool_calls: int = 0) -> int:
        """Book the usage and return its price in credits. Booking one id twice counts once."""
        price = usage.prompt_tokens * PRICE_PROMPT + usage.completion_tokens * PRICE_COMPLETION
        try:
            return self._book(request_id, user, usage, tool_calls, price)
        except errors.CheckViolation as error:
            raise PaymentRequired(self.name, "no credits left", 402) from error
        except psycopg2.OperationalError as error:
            raise ServiceUnavailable(self.name, "database cannot be reached") from error

    def grant(self, user_id: str, credits: int) -> int:
        """Give a user credits; how many there are now."""
        with self._database.transaction() as cur:
            cur.execute(
                "insert into accounts (user_id, credits) values (%s, %s)"
                " on conflict (user_id) do update set credits = accounts.credits + excluded.credits"
                " returning credits",
                (user_id, credits),
            )
            return cur.fetchone()[0]

    def balance(self, user_id: str) -> int | None:
        """The credits that the user has left; None without an account."""
        with self._database.transaction() as cur:
            cur.execute("select credits from accounts where user_id = %s", (user_id,))
            row = cur.fetchone()
            return row[0] if row else None

    def bookings(self, user_id: str) -> dict[str, int]:
        """What the user has spent, by request."""
        with self._database.transaction() as cur:
            cur.execute(
                "select request_id, credits from ledger where user_id = %s order by request_id",
                (user_id,),
            )
            return dict(cur.fetchall())

    def _book(self, request_id: str, user: User, usage: Usage, tool_calls: int, price: int) -> int:
        with self._database.transaction() as cur:
            cur.execute(
                """
                insert into ledger (
                    request_id, user_id, model, prompt_tokens, completion_tokens, tool_calls, credits
                ) values (%s, %s, %s, %s, %s, %s, %s)
                on conflict (request_id) do nothing
                """,
                (
                    request_id,
                    user.id,
                    self.model,
                    usage.prompt_tokens,
                    usage.completion_tokens,
                    tool_calls,
                    price,
                ),
            )
            if cur.rowcount == 0:
                cur.execute("select credits from ledger where request_id = %s", (request_id,))
                return cur.fetchone()[0]
            cur.execute(
                "update accounts set credits = credits - %s where user_id = %s", (price, user.id)
            )
        return price
