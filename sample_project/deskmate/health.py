"""Are the services behind Deskmate there?"""

from concurrent.futures import ThreadPoolExecutor

import requests

from deskmate.settings import get_settings

PROBE_TIMEOUT = 2.0


def probe(url: str) -> str:
    """`ok`, or what is wrong with the service at this base URL."""
    try:
        response = requests.get(f"{url}/health", timeout=PROBE_TIMEOUT)
    except requests.Timeout:
        return "timeout"
    except requests.RequestException:
        return "unreachable"
    return "ok" if response.status_code == 200 else f"status {response.status_code}"


def check_services() -> dict[str, str]:
    """The state of each service, asked side by side."""
    settings = get_settings()
    urls = {
        "llm": settings.llm_url,
        "auth": settings.auth_url,
        "vector": settings.vector_url,
        "billing": settings.billing_url,
        "tools": settings.tools_url,
    }
    with ThreadPoolExecutor(max_workers=len(urls)) as pool:
        futures = {name: pool.submit(probe, url) for name, url in urls.items()}
    return {name: future.result() for name, future in futures.items()}
