"""The HTTP API. Run it with `uvicorn deskmate.api:app`."""

import logging
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from deskmate import __version__
from deskmate.agent import get_agent, new_session_id
from deskmate.batch import run_batch
from deskmate.errors import DeskmateError, NotAuthorized
from deskmate.health import check_services
from deskmate.models import Answer, User
from deskmate.services import get_services
from deskmate.streaming import stream_answer

MAX_BATCH = 200

logger = logging.getLogger(__name__)

app = FastAPI(title="Deskmate", version=__version__)


class ChatRequest(BaseModel):
    message: str = Field(min_length=1)
    session_id: str | None = None


class UsageReply(BaseModel):
    prompt_tokens: int
    completion_tokens: int


class ChatReply(BaseModel):
    session_id: str
    answer: str
    sources: list[str]
    tool_calls: list[str]
    usage: UsageReply
    credits: int


class BatchRequest(BaseModel):
    messages: list[str] = Field(min_length=1, max_length=MAX_BATCH)
    session_prefix: str | None = None


class BatchItemReply(BaseModel):
    session_id: str
    answer: str | None
    error: str | None
    credits: int


class BatchReply(BaseModel):
    items: list[BatchItemReply]
    credits: int


class SessionReply(BaseModel):
    session_id: str
    messages: list[dict[str, str]]


class HealthReply(BaseModel):
    status: str
    services: dict[str, str]


@app.exception_handler(DeskmateError)
def explain_error(request: Request, error: DeskmateError) -> JSONResponse:
    """Every error of our own, as JSON with the status it stands for."""
    if error.status >= 500:
        logger.error("%s %s failed: %s", request.method, request.url.path, error)
    return JSONResponse({"detail": str(error)}, status_code=error.status)


def current_user(authorization: Annotated[str | None, Header()] = None) -> User:
    """The user whose token came with the request."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotAuthorized("bearer token required")
    return get_services().auth.introspect(token)


CurrentUser = Annotated[User, Depends(current_user)]


@app.post("/chat")
def chat(request: ChatRequest, user: CurrentUser) -> ChatReply:
    """Answer one message."""
    answer = get_agent().run(request.message, user, request.session_id)
    return ChatReply(
        session_id=answer.session_id,
        answer=answer.text,
        sources=answer.sources,
        tool_calls=answer.tool_calls,
        usage=UsageReply(
            prompt_tokens=answer.usage.prompt_tokens,
            completion_tokens=answer.usage.completion_tokens,
        ),
        credits=answer.credits,
    )


@app.post("/chat/stream")
def chat_stream(request: ChatRequest, user: CurrentUser) -> StreamingResponse:
    """Answer one message as server-sent events."""
    answer = Answer(session_id=request.session_id or new_session_id(), text="")
    events = stream_answer(get_agent(), request.message, user, answer)
    return StreamingResponse(events, media_type="text/event-stream")


@app.post("/batch")
def batch(request: BatchRequest, user: CurrentUser) -> BatchReply:
    """Answer many messages; one that fails has an error in its place."""
    prefix = request.session_prefix or new_session_id()
    items = run_batch(get_agent(), user, request.messages, prefix)
    replies = [
        BatchItemReply(
            session_id=item.session_id, answer=item.answer, error=item.error, credits=item.credits
        )
        for item in items
    ]
    return BatchReply(items=replies, credits=sum(item.credits for item in items))


@app.get("/sessions/{session_id}")
def session_history(session_id: str, user: CurrentUser) -> SessionReply:
    """The user's own messages and our answers, oldest first."""
    messages = get_agent().memory.history(user.id, session_id)
    return SessionReply(session_id=session_id, messages=messages)


@app.delete("/sessions/{session_id}", status_code=204)
def forget_session(session_id: str, user: CurrentUser) -> None:
    """Forget a conversation; nothing happens if there is none."""
    get_agent().memory.forget(user.id, session_id)


@app.get("/health")
def health() -> HealthReply:
    """Whether the services behind us are there."""
    services = check_services()
    healthy = all(state == "ok" for state in services.values())
    return HealthReply(status="ok" if healthy else "degraded", services=services)
