"""The handbook in the database, searched by words."""

from collections.abc import Sequence

from psycopg2.extras import RealDictCursor, execute_values

from deskmate.database import Database
from deskmate.models import Passage
from deskmate.settings import Settings

SEARCH = """
    select id, body, round(ts_rank(words, query)::numeric, 4) as score
    from handbook, websearch_to_tsquery('english', %(query)s) as query
    where words @@ query
    order by score desc, id
    limit %(limit)s
"""


class HandbookIndex:
    """Full-text search in table `handbook`."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self.top_k = settings.top_k

    def search(self, query: str, top_k: int | None = None) -> list[Passage]:
        with self._database.transaction(RealDictCursor) as cur:
            cur.execute(SEARCH, {"query": query, "limit": top_k or self.top_k})
            return [
                Passage(id=row["id"], text=row["body"], score=float(row["score"]))
                for row in cur.fetchall()
            ]

    def load(self, pages: Sequence[tuple[str, str]]) -> int:
        """Add or replace pages, given as (id, text); how many there are now."""
        with self._database.transaction() as cur:
            execute_values(
                cur,
                "insert into handbook (id, body) values %s"
                " on conflict (id) do update set body = excluded.body",
                pages,
            )
            cur.execute("select count(*) from handbook")
            return cur.fetchone()[0]
