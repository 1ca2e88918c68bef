"""A web server and S3 service for tests: serves a folder, checks signatures, and misbehaves on request.

    python3 object_store.py FOLDER [--key ID --secret SECRET --token TOKEN] [--cut BYTES] [--fail N] [--drip N] [--delay S] [--change N] [--no-…]
    python3 object_store.py --self-test

GET /web/NAME is a file of the folder for everybody; GET /BUCKET/KEY and GET /BUCKET/?list-type=2 are S3's, path style.
It prints its port and serves until it is ended.
    --cut BYTES    breaks every answer after so many bytes of its body    --fail N     says 503 to the first N requests
    --drip N       sends the body of each file in so many pieces          --delay S    seconds before it breaks, or between pieces
    --change N     from the Nth request on, NAME.next is served for NAME  --no-ranges  ignores Range
    --no-tags      gives no ETag, only Last-Modified                      --no-list    says 403 to who asks for a list
    --no-versions  gives neither
"""

import argparse
import email.utils
import hashlib
import hmac
import http.server
import pathlib
import sys
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

PAGE_KEYS = 2  # so that a test needs few files to see several pages


def signature(secret, method, path, query, headers, signed, payload, stamp, scope):
    """AWS Signature Version 4. `headers`: lower-case name to value; `query`: the raw one."""
    pairs = sorted(part if "=" in part else part + "=" for part in query.split("&") if part)
    canonical = "\n".join([method, path, "&".join(pairs),
                           *(f"{name}:{' '.join(headers[name].split())}" for name in signed), "", ";".join(signed), payload])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def self_test():
    """The published vectors: the examples of the S3 manual, and two of the AWS test suite."""
    empty = hashlib.sha256(b"").hexdigest()
    s3 = dict(secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", method="GET", payload=empty, stamp="20130524T000000Z",
              scope="20130524/us-east-1/s3/aws4_request")
    common = {"host": "examplebucket.s3.amazonaws.com", "x-amz-content-sha256": empty, "x-amz-date": "20130524T000000Z"}
    suite = dict(secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", method="GET", payload=empty, stamp="20150830T123600Z", path="/",
                 scope="20150830/us-east-1/service/aws4_request", signed=["host", "x-amz-date"],
                 headers={"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"})
    cases = {
        "get object with a range": (signature(**s3, path="/test.txt", query="", headers={**common, "range": "bytes=0-9"},
                                              signed=["host", "range", "x-amz-content-sha256", "x-amz-date"]),
                                    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        "get a bucket's lifecycle": (signature(**s3, path="/", query="lifecycle", headers=common, signed=sorted(common)),
                                     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        "list objects": (signature(**s3, path="/", query="max-keys=2&prefix=J", headers=common, signed=sorted(common)),
                         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
        "get-vanilla": (signature(**suite, query=""), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        "get-vanilla-query-order-key-case": (signature(**suite, query="Param2=value2&Param1=value1"),
                                             "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    }
    wrong = [name for name, (made, published) in cases.items() if made != published]
    print(f"{len(cases) - len(wrong)} passed, {len(wrong)} failed", *wrong)
    return 1 if wrong else 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options = None
    requests = 0
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def do_GET(self):
        with Handler.lock:
            Handler.requests += 1
            number = Handler.requests
        if number <= self.options.fail:
            return self.answer(503, b"<Error><Code>SlowDown</Code></Error>")
        path, _, query = self.path.partition("?")
        first, _, rest = urllib.parse.unquote(path).lstrip("/").partition("/")
        if first == "web":
            return self.file(rest, number)
        problem = self.unsigned(path, query) if self.options.key else None
        if problem:
            return self.answer(403, f"<Error><Code>{problem}</Code></Error>".encode())
        if not rest and self.options.no_list:
            return self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        if not rest:
            return self.list(first, urllib.parse.parse_qs(query, keep_blank_values=True))
        return self.file(f"{first}/{rest}", number)

    def unsigned(self, path, query):
        """S3's code for what is wrong with the signature; None if nothing is."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        words = headers.get("authorization", "").replace(",", " ").split()
        given = dict(word.split("=", 1) for word in words[1:] if "=" in word)
        if not words or words[0] != "AWS4-HMAC-SHA256":
            return "AccessDenied"
        key, _, scope = given["Credential"].partition("/")
        signed = given["SignedHeaders"].split(";")
        needed = ["host", "x-amz-content-sha256", "x-amz-date"]
        if self.options.token:
            needed.append("x-amz-security-token")
            if headers.get("x-amz-security-token") != self.options.token:
                return "InvalidToken"
        if key != self.options.key:
            return "InvalidAccessKeyId"
        if scope.split("/")[1] != self.options.region:
            return "AuthorizationHeaderMalformed"
        if not set(needed) <= set(signed):
            return "AccessDenied"
        made = signature(self.options.secret, "GET", path, query, headers, signed, headers["x-amz-content-sha256"],
                         headers["x-amz-date"], scope)
        return None if hmac.compare_digest(made, given["Signature"]) else "SignatureDoesNotMatch"

    def list(self, bucket, query):
        root = pathlib.Path(self.options.folder) / bucket
        prefix = query.get("prefix", [""])[0]
        keys = sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())
        keys = [key for key in keys if key.startswith(prefix)]
        start = int(query.get("continuation-token", ["page 0+/="])[0].split("+")[0].removeprefix("page "))
        page = keys[start:start + PAGE_KEYS]
        body = "<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><EncodingType>url</EncodingType>"
        for key in page:
            body += f"<Contents><Key>{escape(urllib.parse.quote_plus(key, safe='/'))}</Key><Size>{(root / key).stat().st_size}</Size></Contents>"
        more = start + PAGE_KEYS < len(keys)
        body += f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        if more:
            body += f"<NextContinuationToken>page {start + PAGE_KEYS}+/=</NextContinuationToken>"
        self.answer(200, (body + "</ListBucketResult>").encode())

    def file(self, name, number):
        file = pathlib.Path(self.options.folder) / name
        if not file.is_file():
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        is_next = 0 < self.options.change <= number
        if is_next:
            file = file.with_name(file.name + ".next")
        body = file.read_bytes()
        has_tags = not (self.options.no_tags or self.options.no_versions)
        tag = f'"{hashlib.md5(body).hexdigest()}"'
        if has_tags and self.headers.get("If-Match", tag) != tag:
            return self.answer(412, b"")
        start = 0
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and not self.options.no_ranges:
            start = int(wanted.removeprefix("bytes=").split("-")[0])
        headers = {"ETag": tag} if has_tags else {}
        if not self.options.no_versions:
            headers["Last-Modified"] = email.utils.formatdate(1_600_000_000 + is_next, usegmt=True)
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self.answer(206 if start else 200, body[start:], headers, is_file=True)

    def answer(self, status, body, headers=None, is_file=False):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = self.options.cut if is_file else 0
        piece = -(-len(body) // self.options.drip) if is_file and self.options.drip else len(body)
        try:
            if cut and len(body) > cut:
                self.wfile.write(body[:cut])
                self.wfile.flush()
                time.sleep(self.options.delay)
                self.connection.close()
                self.close_connection = True
            else:
                for start in range(0, len(body), piece or 1):
                    if start:
                        time.sleep(self.options.delay)
                    self.wfile.write(body[start:start + piece])
        except OSError:
            self.close_connection = True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--self-test", action="store_true")
    for name in ("key", "secret", "token"):
        parser.add_argument("--" + name, default="")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--cut", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.01)
    parser.add_argument("--fail", type=int, default=0)
    parser.add_argument("--drip", type=int, default=0)
    parser.add_argument("--change", type=int, default=0)
    parser.add_argument("--no-ranges", action="store_true")
    parser.add_argument("--no-tags", action="store_true")
    parser.add_argument("--no-versions", action="store_true")
    parser.add_argument("--no-list", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    Handler.options = options
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"port {server.server_address[1]} is open", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
