"""What code outside the project meets is said: objects of the support module, and errors of other classes."""

from __future__ import annotations

from support import migrated

CLIENT = """
import requests


class Client:
    def fetch(self, url):
        return self._send(url)

    def name(self, url):
        return self._send(url).json()["name"]

    def _send(self, url):
        response = requests.get(url, timeout=5)
        return response
"""


def test_public_functions_that_return_a_response_are_named_once() -> None:
    migration, _ = migrated(CLIENT)

    said = [
        (warning.place.line, warning.text) for warning in migration.plan.warnings if warning.rule == "outside-callers"
    ]
    assert said == [
        (
            5,
            "Callers of Client.fetch get an object of the support module, with the members of requests.Response, "
            "that is no requests.Response.",
        ),
        (
            12,
            "Code outside the project that catches requests.RequestException from here has to catch "
            "aiohttp.ClientError or asyncio.TimeoutError now.",
        ),
    ]


def test_a_function_that_keeps_its_response_hands_out_errors_alone() -> None:
    migration, _ = migrated("import requests\n\n\ndef size(url):\n    return len(requests.get(url).content)\n")

    said = [warning.text for warning in migration.plan.warnings if warning.rule == "outside-callers"]
    assert len(said) == 1
    assert "has to catch" in said[0]
