"""The `deskmate` command.

deskmate ask "What is the travel policy?"
deskmate batch questions.txt > answers.jsonl
deskmate load handbook.jsonl
"""

import argparse
import dataclasses
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deskmate import __version__
from deskmate.agent import get_agent
from deskmate.batch import run_batch
from deskmate.database import get_database
from deskmate.errors import DeskmateError
from deskmate.models import User
from deskmate.retrieval import HandbookIndex
from deskmate.services import get_services
from deskmate.settings import get_settings


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deskmate", description="Ask the office assistant.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--verbose", action="store_true", help="log what happens")
    parser.add_argument(
        "--token",
        default=os.environ.get("DESKMATE_TOKEN", ""),
        help="your access token (default: $DESKMATE_TOKEN)",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    ask = commands.add_parser("ask", help="ask one question")
    ask.add_argument("message")
    ask.add_argument("--session", help="go on with this conversation")

    batch = commands.add_parser("batch", help="answer a file of questions, one a line")
    batch.add_argument("file", type=Path)
    batch.add_argument("--prefix", default="batch", help="session ids are PREFIX-0, PREFIX-1, ...")

    load = commands.add_parser("load", help="make the tables and put pages into the handbook")
    load.add_argument("file", type=Path, help='one page a line: {"id": "...", "text": "..."}')
    return parser


def ask(user: User, message: str, session: str | None) -> int:
    """Print the answer to one question."""
    answer = get_agent().run(message, user, session)
    print(answer.text)
    if answer.sources:
        print(f"\nSources: {', '.join(answer.sources)}")
    return 0


def batch(user: User, file: Path, prefix: str) -> int:
    """Print one JSON line for each question in the file; 1 if any of them failed."""
    lines = file.read_text(encoding="utf-8").splitlines()
    messages = [line.strip() for line in lines if line.strip()]
    items = run_batch(get_agent(), user, messages, prefix)
    for item in items:
        print(json.dumps(dataclasses.asdict(item)))
    return 1 if any(item.error for item in items) else 0


def load(file: Path) -> int:
    """Put the pages of the file into the database."""
    database = get_database()
    if database is None:
        print("deskmate: set DESKMATE_DATABASE_URL", file=sys.stderr)
        return 2
    lines = file.read_text(encoding="utf-8").splitlines()
    pages = [json.loads(line) for line in lines if line.strip()]
    try:
        database.create_tables()
        index = HandbookIndex(database, get_settings())
        count = index.load([(page["id"], page["text"]) for page in pages])
    finally:
        database.close()
    print(f"{count} pages")
    return 0


def run(args: argparse.Namespace) -> int:
    if args.command == "load":
        return load(args.file)
    services = get_services()
    try:
        user = services.auth.introspect(args.token)
        if args.command == "batch":
            return batch(user, args.file, args.prefix)
        return ask(user, args.message, args.session)
    finally:
        services.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the `deskmate` command; returns the exit code."""
    args = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO if args.verbose else logging.ERROR)
    try:
        return run(args)
    except (DeskmateError, OSError) as error:
        print(f"deskmate: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
