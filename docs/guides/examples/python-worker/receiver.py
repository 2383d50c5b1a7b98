"""Takes the jobs that Portico pushes, with nothing but Python's standard library.

    SIGNING=whsec_… python3 receiver.py --port 3000

A job is a CloudEvent in the body, signed as Standard Webhooks say. An answer of 2xx acknowledges it, 503 asks for less, and
410 says that no more of these jobs are wanted.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BYTES = 8 * 1024 * 1024
TOLERANCE_SECONDS = 300
# While one secret is replaced by another, both are known: SIGNING=whsec_new,whsec_old
KEYS = [base64.b64decode(secret.removeprefix("whsec_")) for secret in os.environ.get("SIGNING", "").split(",") if secret]

# What was done, by job: a job may come twice. A real receiver keeps it in its database, in one transaction with the work.
done = {}
lock = threading.Lock()
draining = threading.Event()


def handle(event):
    """Sends one mail; what it answers is the job's result."""
    return {"to": event["data"]["to"], "attempt": event["attempt"]}


def is_signed(headers, body):
    """True when one of the signatures is ours, and not of long ago."""
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > TOLERANCE_SECONDS:
        return False
    signed = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    wanted = ["v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in KEYS]
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in given)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MAX_BYTES:
            self.close_connection = True
            return self.answer(413, {})
        body = self.rfile.read(int(length))
        if not is_signed(self.headers, body):
            return self.answer(401, {"error": "not signed by whom I know"})
        if draining.is_set():
            return self.answer(503, {}, {"retry-after": "5"})

        event = json.loads(body)
        with lock:
            result = done.get(event["id"])
        if result is None:
            result = handle(event)
            with lock:
                done[event["id"]] = result
        self.answer(200, result)

    def answer(self, status, body, headers=()):
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(text)), **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description="Takes jobs that are pushed.")
    parser.add_argument("--port", type=int, default=3000)
    server = ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Receiver)

    def drain(*_):
        draining.set()
        threading.Timer(1, server.shutdown).start()

    signal.signal(signal.SIGTERM, drain)
    signal.signal(signal.SIGINT, drain)
    print(json.dumps({"listening": server.server_address[1]}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
