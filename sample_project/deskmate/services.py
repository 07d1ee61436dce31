"""Clients for the services behind Deskmate: auth, moderation, handbook search, model, billing."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from deskmate.client import ServiceClient
from deskmate.database import Database, get_database
from deskmate.errors import BadResponse, MessageBlocked, NotAuthorized
from deskmate.ledger import Ledger
from deskmate.models import Completion, Message, Passage, ToolCall, Usage, User
from deskmate.retrieval import HandbookIndex
from deskmate.retry import retry_passing_failures
from deskmate.settings import Settings, get_settings

COLLECTION = "handbook"


class AuthClient(ServiceClient):
    name = "auth"

    @retry_passing_failures
    def introspect(self, token: str) -> User:
        """Who is this? Raises NotAuthorized for a token that is not active."""
        claims = self.post("/auth/introspect", {"token": token})
        if not claims.get("active"):
            raise NotAuthorized("token is not active")
        return User(id=claims["user_id"], plan=claims.get("plan", "free"))


class ModelClient(ServiceClient):
    """The OpenAI-compatible endpoints: chat, moderation, embeddings."""

    name = "llm"

    def __init__(self, base_url: str, settings: Settings) -> None:
        super().__init__(base_url, settings)
        self.model = settings.model
        self.embedding_model = settings.embedding_model

    @retry_passing_failures
    def complete(self, messages: list[Message], tools: list[dict[str, Any]]) -> Completion:
        """One step of the conversation."""
        payload = {"model": self.model, "messages": messages, "tools": tools, "stream": False}
        body = self.post("/v1/chat/completions", payload)
        try:
            message = body["choices"][0]["message"]
            tool_calls = [parse_tool_call(item) for item in message.get("tool_calls") or []]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise BadResponse(self.name, "completion is malformed") from error
        return Completion(message=message, tool_calls=tool_calls, usage=body.get("usage", {}))

    @retry_passing_failures
    def moderate(self, text: str) -> None:
        """Raises MessageBlocked if the text must not be processed."""
        body = self.post("/v1/moderations", {"input": text})
        result = body["results"][0]
        if result["flagged"]:
            categories = [name for name, hit in result["categories"].items() if hit]
            raise MessageBlocked(f"message blocked: {', '.join(categories)}")

    @retry_passing_failures
    def embed(self, text: str) -> list[float]:
        body = self.post("/v1/embeddings", {"model": self.embedding_model, "input": text})
        return body["data"][0]["embedding"]


class HandbookClient(ServiceClient):
    """Search by meaning: embeds the query, then asks the vector store."""

    name = "vector"

    def __init__(self, base_url: str, settings: Settings, model: ModelClient) -> None:
        super().__init__(base_url, settings)
        self.model = model
        self.top_k = settings.top_k

    def search(self, query: str, top_k: int | None = None) -> list[Passage]:
        vector = self.model.embed(query)
        matches = self.query(vector, top_k or self.top_k)
        return [Passage(id=m["id"], text=m["text"], score=m["score"]) for m in matches]

    @retry_passing_failures
    def query(self, vector: list[float], top_k: int) -> list[dict[str, Any]]:
        payload = {"collection": COLLECTION, "vector": vector, "top_k": top_k}
        return self.post("/vectors/query", payload)["matches"]


class BillingClient(ServiceClient):
    name = "billing"

    def __init__(self, base_url: str, settings: Settings) -> None:
        super().__init__(base_url, settings)
        self.model = settings.model

    @retry_passing_failures
    def record(self, request_id: str, user: User, usage: Usage, tool_calls: int = 0) -> int:
        """Book the usage and return its price in credits. Booking one id twice counts once."""
        receipt = self.post(
            "/billing/usage",
            {
                "request_id": request_id,
                "user_id": user.id,
                "model": self.model,
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "tool_calls": tool_calls,
            },
        )
        return receipt["credits"]


class Services:
    """All clients of one process. With a database, handbook and ledger are there, not behind services."""

    def __init__(self, settings: Settings, database: Database | None = None) -> None:
        self.auth = AuthClient(settings.auth_url, settings)
        self.model = ModelClient(settings.llm_url, settings)
        self.desk = ServiceClient(settings.tools_url, settings)
        self.handbook: HandbookClient | HandbookIndex
        self.billing: BillingClient | Ledger
        if database:
            self.handbook = HandbookIndex(database, settings)
            self.billing = Ledger(database, settings)
        else:
            self.handbook = HandbookClient(settings.vector_url, settings, self.model)
            self.billing = BillingClient(settings.billing_url, settings)

    def clients(self) -> Iterable[ServiceClient]:
        clients = (self.auth, self.model, self.handbook, self.billing, self.desk)
        return [client for client in clients if isinstance(client, ServiceClient)]

    def close(self) -> None:
        for client in self.clients():
            client.close()


def parse_tool_call(item: dict[str, Any]) -> ToolCall:
    function = item["function"]
    arguments = json.loads(function.get("arguments") or "{}")
    return ToolCall(id=item["id"], name=function["name"], arguments=arguments)


@lru_cache(maxsize=1)
def get_services() -> Services:
    """The clients of this process; they are safe to use from many threads."""
    return Services(get_settings(), get_database())
