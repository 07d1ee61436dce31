"""Calls whose traffic and answer must be the same with requests and with the support module, by subject."""

from __future__ import annotations

VERBS = """
await X.get(url)
await X.options(url)
await X.head(url)
await X.post(url)
await X.put(url)
await X.patch(url)
await X.delete(url)
await X.request("PURGE", url)
await X.request("get", url)
await X.request(method="POST", url=url, json={"a": 1})
await X.get(url=url)
await X.post(url, "a=1", {"b": 2})
await X.put(url, {"a": "1"})
await X.get(url, {"a": "1"})
await X.get(url.encode())
await X.delete(url, json={"a": 1})
await X.get(url, json={"a": 1})
await X.get(url, stream=True)
"""

PARAMS = r"""
await X.get(url, params={"a": "1", "b": "x y"})
await X.get(url, params={"a": None, "b": "1"})
await X.get(url, params={"a": True, "b": False})
await X.get(url, params={"a": [1, 2]})
await X.get(url, params={"a": []})
await X.get(url, params={"a": [1, None, 2]})
await X.get(url, params={"a": {1}})
await X.get(url, params={"a": 1, "b": 2.5, "c": 1e20, "d": float("inf")})
await X.get(url, params={"a": b"x/y"})
await X.get(url, params={1: "a"})
await X.get(url, params={"a": {"b": 1, "c": 2}})
await X.get(url, params=[("a", "1"), ("a", "2")])
await X.get(url, params=[("a", ["1", "2"])])
await X.get(url, params="a=1&b=%20x")
await X.get(url, params=b"a=1&b=2")
await X.get(url, params="a=1&b=x%2Fy%2By")
await X.get(url, params="justakey")
await X.get(url, params="a=100%")
await X.get(url, params="a=100%zz")
await X.get(url, params={"q": "a+b&c=d/e?f#g:h,i@j!k(l)*"})
await X.get(url, params={"q": "100%", "r": "%2F"})
await X.get(url, params={"q": "caf\u00e9 \u20ac"})
await X.get(url, params={"q": "[1]{2}|\\^`~-._"})
await X.get(url, params={"ids[]": ["1", "2"]})
await X.get(url, params={})
await X.get(url, params={"a": ""})
await X.get(url + "?a=1", params={"b": "2"})
await X.get(url + "?a=1&", params={"b": "2"})
await X.get(url + "?", params={"b": "2"})
await X.get(url + "#frag", params={"b": "2"})
await X.get(url, params={"k!$'()*,/:?@": "!$'()*,/:?@"})
await X.get(base.replace("://", "://u:p@") + "/echo", params={"a": None})
"""

URLS = r"""
await X.get(base + "/echo/a%2Fb")
await X.get(base + "/echo/a%2fb")
await X.get(base + "/echo/%41%7e")
await X.get(base + "/echo/a b")
await X.get(base + "/echo/a+b")
await X.get(base + "/echo/a%20b%2Bc")
await X.get(base + "/echo?q=a%2Bb")
await X.get(base + "/echo?q=a+b")
await X.get(base + "/echo?q=a b")
await X.get(base + "/echo?q=a%2Fb%3Ac%2Cd%40e")
await X.get(base + "/echo?sig=ab%2Bcd%3D%3D&x=%3D")
await X.get(base + "/echo?q=%27quote%27")
await X.get(base + "/echo?q='quote'")
await X.get(base + "/echo?q=[1]{x}|y")
await X.get(base + "/echo?a=1;b=2&c&d=")
await X.get(base + "/echo?a==b")
await X.get(base + "/echo?q=100%")
await X.get(base + "/echo/100%/x%20y")
await X.get(base + "/echo/caf\u00e9?q=\u20ac")
await X.get(base + "/echo/a/../b/./c/..")
await X.get(base + "/echo//double//slash")
await X.get(base + "/echo/semi;p=1")
await X.get(base + "/echo/a:b@c!$&'()*,=")
await X.get(base + "/echo/a%3Ab%40c%26d%3De%2Cf%21g")
await X.get(base + "/echo/%25/%E9?q=%E9")
await X.get(base + "/echo?q=%21%24%27%28%29%2A%2C%3A%3F%40")
await X.get(base + "/echo?q=%23%25%26%2B%3B%3D%5B%5D%22%3C")
await X.get(base + "")
await X.get(base + "?a=1")
await X.get("  " + url)
await X.get(url + "  ")
await X.get(url + "\n")
await X.get(base.replace("http:", "HTTP:") + "/echo")
await X.get(base.replace("://", "://us%40er:p%2Fw@") + "/echo")
await X.get(base.replace("127.0.0.1", "LOCALHOST") + "/echo")
await X.get(base + "\\echo")
"""

BODIES = r"""
await X.post(url, data={"a": "1", "b": "x y&z"})
await X.post(url, data={"a": 1, "b": 2.5, "c": True})
await X.post(url, data={"a": None, "b": "1"})
await X.post(url, data={"a": [1, None, 2]})
await X.post(url, data={"a": b"x"})
await X.post(url, data={"a": {"b": 1}})
await X.post(url, data={})
await X.post(url, data=[])
await X.post(url, data=[("a", "1"), ("a", "2")])
await X.post(url, data=(("a", "1"), ("b", "2")))
await X.post(url, data={1: "a"})
await X.post(url, data={"k": "caf\u00e9"})
await X.post(url, data={"a": None})
await X.post(url, data="raw text")
await X.post(url, data="caf\u00e9")
await X.post(url, data=b"raw")
await X.post(url, data=b"")
await X.post(url, data="")
await X.post(url, data=bytearray(b"raw"))
await X.post(url, data=b"x" * 3_000_000)
await X.put(url, data="raw")
await X.patch(url, data=b"raw")
await X.post(url, data="{}", headers={"Content-Type": "application/json"})
await X.post(url, data="{}", headers={"content-type": "application/json"})
await X.post(url, data=io.BytesIO(b"file body"))
await X.post(url, data=io.BytesIO(b""))
await X.post(url, data=(part for part in [b"one", b"", b"two"]))
await X.post(url, data=iter([b"x" * 70_000]))
await X.post(url, data=b"x" * 10, headers={"Content-Length": "10"})
await X.post(url, json={"a": 1, "b": [True, None]})
await X.post(url, json={"s": "caf\u00e9"})
await X.post(url, json=None)
await X.post(url, json={})
await X.post(url, json=[])
await X.post(url, json=0)
await X.post(url, json={"a": 1}, headers={"Content-Type": "application/vnd.api+json"})
await X.post(url, data={"x": "1"}, json={"a": 1})
await X.post(url, data={}, json={"a": 1})
"""

FILES = r"""
await X.post(url, files={"f": ("n.bin", b"\x00\x01")})
await X.post(url, files={"f": ("n.csv", "a,b\n", "text/csv")})
await X.post(url, files={"f": ("n.csv", "a", "text/csv", {"X-P": "1"})})
await X.post(url, files={"f": b"raw"})
await X.post(url, files={"f": "text"})
await X.post(url, files={"f": io.BytesIO(b"raw")})
await X.post(url, files={"f": ("n.txt", b"x")}, data={"a": "1", "b": ["2", "3"], "c": None, "d": 4})
await X.post(url, files=[("f", ("a.txt", b"1")), ("f", ("b.txt", b"2"))])
await X.post(url, files={"f": (None, "value")})
await X.post(url, files={"f": ("na\u00efve \"q\".txt", b"x")})
await X.post(url, files={"f": ("n.txt", None), "g": "1"})
await X.post(url, files={"f": open(__file__, "rb")}) if False else await X.post(url, files={"f": ("", b"x")})
await X.post(url, files={}, data={"a": "1"})
await X.put(url, files={"f": ("n.txt", b"x")}, headers={"X-A": "1"})
"""

HEADERS = r"""
await X.get(url, headers=None)
await X.get(url, headers={"X-A": None})
await X.get(url, headers={"X-A": "1", "x-b": "2"})
await X.get(url, headers={"X-A": b"bytes", b"X-B": "v"})
await X.get(url, headers={"X-A": ""})
await X.get(url, headers={"Host": "other.test"})
await X.get(url, headers={"Accept": "application/json"})
await X.get(url, headers={"accept": "text/plain", "Connection": "close"})
await X.get(url, headers={"Accept": None})
await X.get(url, headers={"User-Agent": "mine/1.0", "Accept-Encoding": "identity"})
await X.get(url, cookies={"a": "1", "b": "2"})
await X.get(url, cookies={"a": "x y;z,\"q\""})
await X.get(url, cookies={"a": "b=c/d+e=="})
await X.get(url, cookies={"a": None})
await X.get(url, headers={"Cookie": "h=1"}, cookies={"c": "2"})
await X.get(url, auth=("u", "p"))
await X.get(url, auth=("us:er", "p"))
await X.get(url, auth=("\u00fcser", "p\u00e4ss"))
await X.get(url, auth=("u", ""))
await X.get(url, auth=("u", "p"), headers={"Authorization": "Bearer t"})
await X.get(url, headers={"Authorization": "Bearer t"})
await X.get(base.replace("://", "://u:p@") + "/echo", headers={"Authorization": "Bearer t"})
await X.get(base + "/basic", auth=("u", "p"))
await X.get(base + "/basic", auth=("u", "wrong"))
await X.get(base + "/digest", auth=Digest("u", "p"), headers={"X-Ignore": "1"}) if False else await X.get(url)
"""

REDIRECTS = "\n".join(
    f'await X.{verb}(base + "/redir/{code}"{arguments})'
    for code in (301, 302, 303, 307, 308)
    for verb, arguments in (
        ("get", ""),
        ("head", ", allow_redirects=True"),
        ("post", ', data={"a": "1"}'),
        ("put", ', data={"a": "1"}'),
        ("patch", ', json={"a": 1}'),
        ("options", ""),
    )
)

MORE_REDIRECTS = r"""
await X.get(base + "/redir/302", allow_redirects=False)
await X.head(base + "/redir/302")
await X.get(base + "/nolocation")
await X.get(base + "/chain/20")
await X.get(base + "/redir/302?to=/echo%3Fa%3Db%2520c%252Fd")
await X.get(base + "/location?/echo/caf%C3%A9")
await X.get(base + "/location?/echo/a%20b")
await X.get(base + "/location?echo")
await X.get(base + "/redir/302?to=/echo%23frag", params={"k": "1"})
await X.get(base + "/redir/302#frag")
await X.get(base + "/redir/302?to=//" + other[7:] + "/echo")
await X.get(base + "/redir/302?to=" + other + "/echo", auth=("u", "p"))
await X.get(base + "/redir/302", auth=("u", "p"))
await X.get(base + "/redir/302?to=" + other + "/echo", headers={"X-Api-Key": "k", "Cookie": "c=1"}, cookies={"d": "1"})
await X.get(base + "/redir/302?to=/echo&sc=sid%3Dabc")
await X.get(base + "/redir/302?to=/echo&sc=sid%3Dabc%3B%20Path%3D/")
await X.get(base + "/redir/302?to=/echo&sc=sid%3Dabc%3B%20Path%3D/other", cookies={"own": "1"})
await X.post(base + "/redir/307", data=io.BytesIO(b"body"))
await X.post(base + "/redir/307", data=b"body", headers={"X-A": "1"})
await X.post(base + "/redir/307", files={"f": ("n.txt", b"x")})
await X.post(base + "/redir/303", json={"a": 1})
await X.get(base + "/redir/302?to=/status/404")
await X.get(base + "/redir/302?to=")
"""

ANSWERS = "\n".join(
    f'await X.get(base + "{route}")'
    for route in (
        *(f"/status/{code}" for code in (200, 201, 204, 304, 400, 404, 418, 500, 503, 599)),
        *("/text-utf8", "/text-latin1", "/text-cp1251", "/text-none-utf8", "/text-none-latin1", "/html"),
        *("/text-unknown", "/text-wrong", "/untyped-utf8", "/untyped-cp1251", "/binary", "/empty"),
        *("/gzip", "/deflate", "/setcookie?c=a%3D1&c=b%3D2%3B%20Path%3D/x", "/setcookie?c=a%3D%22x%20y%22"),
        *("/duplicates", "/header?v=caf%C3%A9", "/bigheader", "/links", "/drip?n=2&d=0", "/lines", "/lines-untyped"),
        *("/large/30000", "/status/404?reason=Gone%20Fishing"),
    )
)

JSON = [
    f'out = (await X.get(base + "/json{kind}")).json()'
    for kind in (
        *("", "-wrong-type", "-untyped", "-suffix", "-latin1", "-latin1-undeclared", "-bad-utf8", "-utf16"),
        *("-utf16-untyped", "-utf32-untyped", "-bom", "-bom-untyped", "-empty", "-blank", "-invalid"),
    )
]

CALLS = [
    f"r = {line}"
    for block in (VERBS, PARAMS, URLS, BODIES, FILES, HEADERS, REDIRECTS, MORE_REDIRECTS, ANSWERS)
    for line in block.strip().splitlines()
]
