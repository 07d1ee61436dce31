"""Sessions, streams and failures: several lines each, written once for both libraries."""

from __future__ import annotations

SESSIONS = {
    "headers over headers": """
s = X.Session(); s.headers.update({"X-A": "1", "X-B": "1"})
await s.get(url, headers={"x-b": "2"})
""",
    "a header set between two calls": """
s = X.Session(); await s.get(url); s.headers["X-A"] = "1"
r = await s.get(url)
""",
    "a header taken out for one call": """
s = X.Session(); s.headers.update({"X-A": "1"})
await s.get(url, headers={"X-A": None, "Accept": None})
""",
    "a default header deleted": """
s = X.Session(); del s.headers["accept"]
await s.get(url)
""",
    "headers replaced by a dict": """
s = X.Session(); s.headers = {"X-Only": "1"}
await s.get(url, headers={"x-only": "2"})
""",
    "headers read back": """
s = X.Session(); s.headers["X-A"] = "1"
out = (s.headers["x-a"], s.headers.get("X-a"), "x-A" in s.headers, s.headers.pop("X-A"), "X-A" in s.headers)
""",
    "parameters": """
s = X.Session(); s.params = {"k": "1", "z": "s"}
await s.get(url, params={"z": "r"})
await s.get(url, params={"k": None})
await s.get(url, params="a=1")
await s.get(url)
""",
    "a login": """
s = X.Session(); s.auth = ("u", "p")
await s.get(url, headers={"Authorization": "Bearer t"})
await s.get(url, auth=("other", "p"))
""",
    "cookies given": """
s = X.Session(); s.cookies.set("a", "1"); s.cookies.update({"b": "2"}); s.cookies["c"] = "3"
await s.get(url, cookies={"a": "req"})
await s.get(url)
""",
    "cookies received and sent": """
s = X.Session(); await s.get(base + "/setcookie?c=sid=abc"); await s.get(url)
out = (s.cookies.get("sid"), s.cookies.get_dict(), dict(s.cookies), s.cookies["sid"], "sid" in s.cookies,
       [c.name for c in s.cookies], s.cookies.keys(), s.cookies.values(), s.cookies.get("no", "d"), len(s.cookies))
""",
    "cookies with attributes": """
s = X.Session()
await s.get(base + "/setcookie?c=a=1%3B%20Path=/other&c=b=2%3B%20Secure&c=c=3%3B%20HttpOnly")
await s.get(base + "/setcookie?c=d=%22x%20y%22&c=e=5%3B%20Max-Age=0")
await s.get(url)
await s.get(base + "/other")
out = sorted(s.cookies.get_dict().items())
""",
    "cookies of a redirect": """
s = X.Session()
r = await s.get(base + "/redir/302?to=/echo&sc=a=1")
out = (r.cookies.get_dict(), r.history[0].cookies.get_dict(), s.cookies.get_dict())
""",
    "cookies removed": """
s = X.Session(); s.cookies.update({"a": "1", "b": "2", "c": "3"}); s.cookies.set("a", None); del s.cookies["b"]
await s.get(url); s.cookies.clear(); await s.get(url)
""",
    "a cookie for one domain": """
s = X.Session(); s.cookies.set("a", "1", domain="127.0.0.1", path="/echo")
s.cookies.set("b", "1", domain="example.org")
await s.get(url); await s.get(base + "/")
out = (s.cookies.get("a", domain="127.0.0.1"), s.cookies.get_dict("example.org"))
""",
    "cookies copied, pickled, compared": """
import copy, pickle
s = X.Session(); s.cookies.update({"a": "1"}); twin = pickle.loads(pickle.dumps(s.cookies))
out = (twin.get_dict(), s.cookies.copy().get_dict(), copy.copy(s.cookies).get_dict(), bool(s.cookies))
""",
    "a jar of the standard library": """
import http.cookiejar
s = X.Session(); s.cookies = http.cookiejar.CookieJar()
await s.get(base + "/setcookie?c=sid=abc"); await s.get(url)
out = [cookie.value for cookie in s.cookies]
""",
    "separate calls share no cookies": """
await X.get(base + "/setcookie?c=sid=abc")
r = await X.get(url)
""",
    "redirects counted": """
s = X.Session(); s.max_redirects = 5
r = await s.get(base + "/chain/5")
""",
    "hooks": """
seen = []
s = X.Session(); s.hooks["response"].append(lambda r, *a, **k: seen.append((r.status_code, r.text)))
await s.get(base + "/redir/302?to=/echo")
await X.get(url, hooks={"response": lambda r, **k: seen.append(r.url)})
await X.get(url, hooks={"response": [lambda r, **k: seen.append(1), lambda r, **k: seen.append(2)]})
out = seen
""",
    "a hook that gives another response": """
other_response = await X.get(base + "/status/404")
r = await X.get(url, hooks={"response": lambda r, **k: other_response})
out = r.status_code
""",
    "a login of one's own": """
class Signed(AuthBase):
    def __call__(self, r):
        r.headers["X-Sign"] = f"{r.method} {r.url[-5:]} {r.body!r}"
        return r
await X.post(url, data={"a": "1"}, auth=Signed())
await X.post(url, json={"a": "1"}, auth=Signed())
r = await X.get(url, auth=Signed())
""",
    "a login that changes the body": """
def longer(r):
    r.body = b"longer body"
    return r
await X.post(url, data=b"x", auth=longer)
""",
    "all verbs": """
s = X.Session()
await s.get(url, {"a": "1"}); await s.options(url); await s.head(base + "/redir/302"); await s.post(url, "d", {"j": 1})
await s.put(url, "d"); await s.patch(url, {"a": 1}); await s.delete(url); await s.request("PURGE", url, {"p": 1})
await s.request("POST", url, None, "d", {"X-A": "1"}, {"c": "1"}); r = await s.request(method="get", url=url)
""",
    "used after close, and twice": """
s = X.Session(); await s.get(url); await s.close(); out = (await s.get(url)).status_code
""",
    "retried after an error status": """
s = X.Session(); s.mount("http://", Adapter(max_retries=Retry(total=3, status_forcelist=[503], backoff_factor=0)))
r = await s.get(base + "/flaky/a?fail=2")
""",
    "retried: exhausted, the answer is given": """
s = X.Session(); s.mount("http://", Adapter(max_retries=Retry(total=2, status_forcelist=[503], raise_on_status=False)))
r = await s.get(base + "/flaky/b?fail=9")
""",
    "retried: not a POST": """
s = X.Session(); s.mount("http://", Adapter(max_retries=Retry(total=3, status_forcelist=[503])))
r = await s.post(base + "/flaky/c?fail=2", data="x")
""",
    "retried: a POST where it is allowed": """
s = X.Session(); s.mount(base, Adapter(max_retries=Retry(total=3, status_forcelist=[503], allowed_methods=None)))
r = await s.post(base + "/flaky/d?fail=2", data=io.BytesIO(b"again"))
""",
    "retried: a number of retries is not for statuses": """
s = X.Session(); s.mount("http://", Adapter(max_retries=3))
r = await s.get(base + "/flaky/e?fail=1")
""",
    "retried: a lost connection": """
s = X.Session(); s.mount("http://", Adapter(max_retries=2))
r = await s.get(base + "/flaky/f?fail=2&status=0")
""",
    "retried: the longest prefix counts": """
s = X.Session(); s.mount(base + "/flaky", Adapter(max_retries=Retry(total=2, status_forcelist=[503])))
s.mount("http://", Adapter())
r = await s.get(base + "/flaky/g?fail=1")
""",
    "retried: Retry-After without a list of statuses": """
s = X.Session(); s.mount("http://", Adapter(max_retries=Retry(total=2)))
r = await s.get(base + "/flaky/h?fail=1&after=0")
""",
    "a proxy": """
r = await X.get("http://example.test/x?a=1", proxies={"http": other})
""",
    "a proxy without a scheme, from the session": """
s = X.Session(); s.proxies = {"http": other[7:]}
r = await s.get("http://example.test/x")
""",
    "a proxy with a login": """
r = await X.get("http://example.test/x", proxies={"http": other.replace("://", "://u:p@")})
""",
    "a proxy for one host": """
r = await X.get("http://example.test/x", proxies={"http://example.test": other, "http": "http://127.0.0.1:1"})
""",
    "a proxy for another scheme": """
r = await X.get(url, proxies={"https": other})
""",
    "no environment": """
s = X.Session(); s.trust_env = False
r = await s.get(url)
""",
    "a response that is kept": """
import pickle
r = pickle.loads(pickle.dumps(await X.get(base + "/text-utf8", headers={"X-A": "1"})))
""",
    "the encoding set by hand": """
r = await X.get(base + "/text-none-utf8"); r.encoding = "utf-8"
out = (r.text, r.encoding)
""",
    "json with options": """
out = (await X.get(base + "/json")).json(parse_int=str)
""",
    "a response as a context": """
r = await X.get(url)
with r as same:
    out = (same.text, same is r, r.close())
""",
    "response headers can be changed": """
r = await X.get(url); r.headers["X-New"] = "1"
out = (r.headers["x-new"], r.headers.get("nothing"), dict(r.headers)["X-New"])
""",
    "raise_for_status gives nothing": """
out = [(await X.get(f"{base}/status/{code}")).raise_for_status() for code in (200, 304)]
""",
}

STREAMS = {
    "lines": """
async with X.get(base + "/lines", stream=True) as r:
    out = [line async for line in lines(r)]
""",
    "lines decoded": """
async with X.get(base + "/lines", stream=True) as r:
    out = [line async for line in lines(r, decode_unicode=True)]
""",
    "lines without a type": """
async with X.get(base + "/lines-untyped", stream=True) as r:
    out = [line async for line in lines(r, decode_unicode=True)]
""",
    "lines by delimiter and size": """
async with X.get(base + "/lines", stream=True) as r:
    out = [line async for line in lines(r, 7, delimiter=b"o")]
""",
    "lines across small blocks": """
async with X.get(base + "/lines", stream=True) as r:
    out = [line async for line in lines(r, chunk_size=3)]
""",
    "long lines": """
async with X.get(base + "/lines-long", stream=True) as r:
    out = [len(line) async for line in lines(r, chunk_size=65536)]
""",
    "server-sent events": """
async with X.get(base + "/sse", stream=True) as r:
    out = [line async for line in lines(r)]
""",
    "pieces of one size": """
async with X.get(base + "/large/2500", stream=True) as r:
    out = [len(piece) async for piece in pieces(r, 1000)]
""",
    "pieces of a slow body": """
async with X.get(base + "/drip-sized", stream=True) as r:
    out = [len(piece) async for piece in pieces(r, 1000)]
""",
    "chunks as they are": """
async with X.get(base + "/drip?n=3&d=0", stream=True) as r:
    out = [piece async for piece in pieces(r, 1000)]
""",
    "chunks cut": """
async with X.get(base + "/drip?n=3&d=0", stream=True) as r:
    out = [piece async for piece in pieces(r, 4)]
""",
    "single bytes": """
async with X.get(base + "/text-utf8", stream=True) as r:
    out = [piece async for piece in pieces(r)]
""",
    "whatever comes": """
async with X.get(base + "/drip?n=3&d=0", stream=True) as r:
    out = b"".join([piece async for piece in pieces(r, None)])
""",
    "pieces decoded": """
async with X.get(base + "/text-utf8", stream=True) as r:
    out = [piece async for piece in pieces(r, 4, decode_unicode=True)]
""",
    "unpacked": """
async with X.get(base + "/gzip", stream=True) as r:
    out = b"".join([piece async for piece in pieces(r, 100)])
""",
    "text, status and json of an open response": """
out = []
for route in ("/text-none-utf8", "/text-wrong", "/untyped-cp1251", "/json-wrong-type", "/empty"):
    async with X.get(base + route, stream=True) as r:
        out.append((status_of(r), await text_of(r)))
async with X.get(base + "/json-untyped", stream=True) as r:
    out.append(await json_of(r, parse_int=str))
async with X.get(base + "/status/200", stream=True) as r:
    out.append(await check(r))
""",
    "left before the end": """
async with X.get(base + "/large/100000", stream=True) as r:
    async for piece in pieces(r, 10):
        out = piece
        break
await X.get(url)
""",
    "a session, opened": """
s = X.Session(); s.headers["X-A"] = "1"
async with s.get(base + "/redir/302?to=/setcookie%3Fc%3Da%253D1", stream=True) as r:
    out = (status_of(r), await text_of(r))
await s.get(url)
out = (out, s.cookies.get_dict())
""",
}

FAILURES = {
    "refused": 'await X.get("http://127.0.0.1:1/")',
    "no such host": 'await X.get("http://no-such-host.invalid/")',
    "no answer in time": 'await X.get(base + "/slow?d=0.3", timeout=0.05)',
    "no answer in time, as a pair": 'await X.get(base + "/slow?d=0.3", timeout=(3, 0.05))',
    "dropped": 'await X.get(base + "/drop")',
    "dropped PUT": 'await X.put(base + "/drop", data="x")',
    "dropped POST": 'await X.post(base + "/drop", data="x")',
    "reset": 'await X.get(base + "/reset")',
    "cut": 'await X.get(base + "/cut")',
    "cut chunk": 'await X.get(base + "/cutchunk")',
    "bad gzip": 'await X.get(base + "/badgzip")',
    "no HTTP": 'await X.get(base + "/badstatus")',
    "endless redirects": 'await X.get(base + "/loop")',
    "one redirect too many": 's = X.Session(); s.max_redirects = 4; await s.get(base + "/chain/5")',
    "no scheme": 'await X.get("example.com/x")',
    "relative": 'await X.get("/path")',
    "empty": 'await X.get("")',
    "None": "await X.get(None)",
    "no host": 'await X.get("http://")',
    "blank in the host": 'await X.get("http://exa mple/")',
    "bad port": 'await X.get("http://127.0.0.1:99999/")',
    "broken address": 'await X.get("http://[::1")',
    "star": 'await X.get("http://*.example.org/")',
    "other scheme": 'await X.get("ftp://h/x")',
    "host and port only": 'await X.get("localhost:8080/x")',
    "redirect to another scheme": 'await X.get(base + "/redir/302?to=ftp://x/y")',
    "redirect to no host": 'await X.get(base + "/redir/302?to=http://")',
    "status 404": '(await X.get(base + "/status/404")).raise_for_status()',
    "status 500": '(await X.get(base + "/status/500")).raise_for_status()',
    "status 404, opened": 'async with X.get(base + "/status/404", stream=True) as r:\n    await check(r)',
    "no JSON": '(await X.get(base + "/json-invalid")).json()',
    "HTML for JSON": '(await X.get(base + "/html")).json()',
    "NaN as JSON": 'await X.post(url, json={"x": float("nan")})',
    "no JSON to be": 'await X.post(url, json={"x": object()})',
    "line end in a header": 'await X.get(url, headers={"A": "b\\n"})',
    "injected header": 'await X.get(url, headers={"X-A": "a\\r\\nX-B: 1"})',
    "number as header": 'await X.get(url, headers={"X-A": 1})',
    "blank before a header": 'await X.get(url, headers={"X-A": " lead"})',
    "header beyond Latin-1": 'await X.get(url, headers={"X-A": "\\u20ac"})',
    "bad method": 'await X.request("BAD METHOD", url)',
    "timeout of three": "await X.get(url, timeout=(1, 2, 3))",
    "timeout as text": 'await X.get(url, timeout="5")',
    "timeout of zero": "await X.get(url, timeout=0)",
    "proxy refused": 'await X.get(url, proxies={"http": "http://127.0.0.1:1"})',
    "SOCKS": 'await X.get(url, proxies={"http": "socks5://127.0.0.1:1"})',
    "retries used up": """
s = X.Session(); s.mount("http://", Adapter(max_retries=Retry(total=2, status_forcelist=[503])))
await s.get(base + "/flaky/z?fail=9")
""",
    "retries of a refused connection": """
s = X.Session(); s.mount("http://", Adapter(max_retries=1))
await s.get("http://127.0.0.1:1/")
""",
    "retries of a lost connection, not for POST": """
s = X.Session(); s.mount("http://", Adapter(max_retries=2))
await s.post(base + "/drop", data="x")
""",
    "retries of a lost connection, used up": """
s = X.Session(); s.mount("http://", Adapter(max_retries=2))
await s.get(base + "/drop")
""",
    "files and text": 'await X.post(url, files={"f": b"x"}, data="text")',
    "cut while streaming": """
async with X.get(base + "/cut", stream=True) as r:
    [piece async for piece in pieces(r, 10)]
""",
    "two cookies of one name": """
s = X.Session(); s.cookies.set("a", "1", domain="a.test"); s.cookies.set("a", "2", domain="b.test")
s.cookies["a"]
""",
    "no such cookie": "X.Session().cookies['no']",
}
