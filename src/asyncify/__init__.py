"""asyncify migrates a synchronous Python project to asyncio and proves that it still does the same."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("asyncify-migrate")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
