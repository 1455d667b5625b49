"""One HTTP request. Parameters as JSON on stdin, the answer as JSON on stdout. Standard library only."""
import base64
import json
import socket
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


class Timeout(Exception):
    pass


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows or does not, and never takes credentials to another host."""

    def __init__(self, follow):
        self.follow = follow

    def redirect_request(self, request, fp, code, message, headers, url):
        if not self.follow:
            return None
        following = super().redirect_request(request, fp, code, message, headers, url)
        if following is not None and urllib.parse.urlsplit(url).netloc != urllib.parse.urlsplit(request.full_url).netloc:
            for name in ("Authorization", "Cookie"):
                following.remove_header(name)
        return following


def tls_context(parameters):
    context = ssl.create_default_context(cafile=parameters.get("ca_file"))
    if not parameters.get("verify_tls", True):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def build_request(parameters):
    url = parameters["url"]
    if parameters.get("query"):
        query = urllib.parse.urlencode(parameters["query"], doseq=True)
        scheme, netloc, path, existing, fragment = urllib.parse.urlsplit(url)
        url = urllib.parse.urlunsplit((scheme, netloc, path, "&".join(filter(None, (existing, query))), fragment))

    headers = {"User-Agent": "attune", "Accept": "*/*"}
    body = None
    if "json" in parameters and parameters["json"] is not None:
        if parameters.get("body") is not None:
            raise ValueError("give either body or json, not both")
        body = json.dumps(parameters["json"], ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    elif parameters.get("body") is not None:
        body = parameters["body"].encode()
        headers["Content-Type"] = "text/plain; charset=utf-8"

    if parameters.get("bearer_token"):
        headers["Authorization"] = "Bearer " + parameters["bearer_token"]
    elif parameters.get("username") is not None:
        pair = "%s:%s" % (parameters["username"], parameters.get("password", ""))
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()

    given = {str(name).lower() for name in parameters.get("headers") or {}}
    headers = {name: value for name, value in headers.items() if name.lower() not in given}
    headers.update({name: str(value) for name, value in (parameters.get("headers") or {}).items()})
    return urllib.request.Request(url, data=body, headers=headers, method=parameters.get("method", "GET"))


def read_body(response, limit, deadline):
    """At most limit + 1 bytes. urllib's own timeout is per read, so a slow drip is watched here."""
    chunks, size = [], 0
    while size <= limit:
        if time.monotonic() > deadline:
            raise Timeout()
        chunk = response.read1(min(65536, limit + 1 - size)) if hasattr(response, "read1") else response.read(limit + 1 - size)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def exchange(parameters):
    limit = parameters.get("max_body_bytes", 1 << 20)
    timeout = parameters.get("timeout_seconds", 30)
    request = build_request(parameters)
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=tls_context(parameters)), Redirects(parameters.get("follow_redirects", True)))
    started = time.monotonic()
    try:
        response = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as answered:
        # A status of 400 and above is an answer like any other; so is a redirect that is not followed.
        response = answered
    with response:
        raw = read_body(response, limit, started + timeout)
        elapsed = round((time.monotonic() - started) * 1000)
        truncated = len(raw) > limit
        charset = response.headers.get_content_charset() or "utf-8"
        try:
            text = raw[:limit].decode(charset, errors="replace")
        except LookupError:
            text = raw[:limit].decode("utf-8", errors="replace")

        # PostgreSQL holds no NUL in text, and a header may come several times.
        result = {
            "status": response.status if hasattr(response, "status") else response.code,
            "reason": str(response.reason),
            "url": response.geturl(),
            "headers": {},
            "body": text.replace("\0", "\ufffd"),
            "body_truncated": truncated,
            "elapsed_ms": elapsed,
        }
        for name, value in response.headers.items():
            name = name.lower()
            result["headers"][name] = result["headers"][name] + ", " + value if name in result["headers"] else value
        if "json" in response.headers.get_content_type() and not truncated:
            try:
                result["json"] = json.loads(text)
            except ValueError:
                pass
        return result


def main():
    parameters = json.load(sys.stdin)
    try:
        result = exchange(parameters)
    except (Timeout, socket.timeout):
        sys.exit("no complete answer within %g s" % parameters.get("timeout_seconds", 30))
    except urllib.error.URLError as error:
        sys.exit("cannot reach %s: %s" % (urllib.parse.urlsplit(parameters["url"]).netloc.rpartition("@")[2], error.reason))
    except (OSError, ValueError) as error:
        sys.exit("the request failed: %s" % error)

    json.dump(result, sys.stdout, ensure_ascii=False)
    expected = parameters.get("expected_status") or range(200, 400)
    if result["status"] not in expected:
        sys.exit("\nunexpected status %d %s" % (result["status"], result["reason"]))


main()
