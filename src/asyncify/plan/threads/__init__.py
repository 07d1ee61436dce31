"""Locks, events, queues and threads: where all that share one run in the event loop, it becomes one of tasks."""
