"""Settings, read once from the environment."""

import os
from dataclasses import dataclass
from functools import lru_cache

DEFAULT_SERVICES_URL = "http://127.0.0.1:8080"


def _url(name: str) -> str:
    base = os.environ.get("DESKMATE_SERVICES_URL", DEFAULT_SERVICES_URL)
    return (os.environ.get(name) or base).rstrip("/")


def _int(name: str, default: int) -> int:
    return int(os.environ.get(name) or default)


def _float(name: str, default: float) -> float:
    return float(os.environ.get(name) or default)


@dataclass(frozen=True)
class Settings:
    """Everything that differs between one installation and the next."""

    llm_url: str
    auth_url: str
    vector_url: str
    billing_url: str
    tools_url: str
    webhook_url: str
    database_url: str
    api_key: str
    model: str
    embedding_model: str
    connect_timeout: float
    read_timeout: float
    retries: int
    backoff: float
    workers: int
    max_steps: int
    top_k: int

    @property
    def timeout(self) -> tuple[float, float]:
        """The (connect, read) pair that requests expects."""
        return (self.connect_timeout, self.read_timeout)

    @classmethod
    def from_env(cls) -> "Settings":
        """Read all settings; variables that are missing or empty take their default."""
        return cls(
            llm_url=_url("DESKMATE_LLM_URL"),
            auth_url=_url("DESKMATE_AUTH_URL"),
            vector_url=_url("DESKMATE_VECTOR_URL"),
            billing_url=_url("DESKMATE_BILLING_URL"),
            tools_url=_url("DESKMATE_TOOLS_URL"),
            webhook_url=os.environ.get("DESKMATE_WEBHOOK_URL", ""),
            database_url=os.environ.get("DESKMATE_DATABASE_URL", ""),
            api_key=os.environ.get("DESKMATE_API_KEY", "local-key"),
            model=os.environ.get("DESKMATE_MODEL", "desk-1"),
            embedding_model=os.environ.get("DESKMATE_EMBEDDING_MODEL", "desk-embed-1"),
            connect_timeout=_float("DESKMATE_CONNECT_TIMEOUT", 3.0),
            read_timeout=_float("DESKMATE_TIMEOUT", 30.0),
            retries=_int("DESKMATE_RETRIES", 2),
            backoff=_float("DESKMATE_BACKOFF", 0.2),
            workers=_int("DESKMATE_WORKERS", 10),
            max_steps=_int("DESKMATE_MAX_STEPS", 8),
            top_k=_int("DESKMATE_TOP_K", 3),
        )


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process."""
    return Settings.from_env()
