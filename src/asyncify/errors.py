"""What can go wrong before any stage has run: the user's input, not the user's code."""


class AsyncifyError(Exception):
    """Bad input: the message says what is wrong, where, and what to do. The command ends with exit code 2."""


class ConfigError(AsyncifyError):
    """A setting or a flag that cannot be taken."""


class RuleError(AsyncifyError):
    """A rule pack that cannot be taken: names file, rule, key and a hint."""


class ApplyError(AsyncifyError):
    """The user's tree is not in the state in which it could be written; nothing was written."""
