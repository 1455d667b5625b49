"""Tells when the content of a web page has changed, one address for each rule.

A server that knows ETag or Last-Modified is asked only whether there is something new (304 costs no body). Otherwise, and when it says
there is, the SHA-256 of the body decides. The first answer after a start is what later ones are compared with."""
import hashlib
import http.client
import time
import urllib.error
import urllib.request

import sensor

BODY_MAX = 10 * 1024 * 1024
pages = {}  # for each rule: when it is due, and what was known of the page


def look(config, rules):
    for ref, params in rules.items():
        page = pages.setdefault(ref, {"due": 0, "sha256": None, "etag": None, "modified": None})
        if time.monotonic() >= page["due"]:
            page["due"] = time.monotonic() + params.get("interval_seconds", 60)
            poll(ref, params["url"], page)


def poll(ref, url, page):
    try:
        if not url.startswith(("http://", "https://")):
            raise ValueError("not an http or https address")
        request = urllib.request.Request(url, headers={"User-Agent": "attune-watch/1.0"})
        if page["etag"]:
            request.add_header("If-None-Match", page["etag"])
        if page["modified"]:
            request.add_header("If-Modified-Since", page["modified"])
        with urllib.request.urlopen(request, timeout=10) as answer:
            body, status, headers = answer.read(BODY_MAX), answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return sensor.works(url) if error.code == 304 else sensor.report(url, "HTTP %d" % error.code)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return sensor.report(url, str(error) or type(error).__name__)

    sensor.works(url)
    before, page["sha256"] = page["sha256"], hashlib.sha256(body).hexdigest()
    page["etag"], page["modified"] = headers.get("ETag"), headers.get("Last-Modified")
    if before and before != page["sha256"]:
        # Only a date names the change. Without one there is no key: a page that goes back and forth changes each time.
        key = page["modified"] and "%s:%s:%s" % (ref, page["modified"], page["sha256"][:16])
        payload = {"url": url, "status": status, "size_bytes": len(body), "sha256": page["sha256"], "previous_sha256": before, "etag": page["etag"]}
        sensor.emit("watch.content_changed", payload, rule=ref, key=key)


sensor.run(look, forget=lambda ref: pages.pop(ref, None))
