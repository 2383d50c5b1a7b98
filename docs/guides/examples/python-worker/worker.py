"""A worker for a queue of Portico, with nothing but Python's standard library.

    python3 worker.py --url http://127.0.0.1:7070 --queue emails --threads 4

Each thread leases a job, does it, and says how it ended. One more thread renews all leases at a third of their time. SIGTERM
and SIGINT drain: no new jobs, those that run get --drain seconds, and what is not done then is given back, uncounted.
"""

import argparse
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import sys
import threading
import time
import urllib.parse
import uuid


class Failed(Exception):
    """The attempt failed; the job runs again after its backoff or retry_in_ms, or never when it is dead."""

    def __init__(self, message, code=None, retry_in_ms=None, dead=False):
        super().__init__(message)
        self.code, self.retry_in_ms, self.dead = code, retry_in_ms, dead


class Stopped(Exception):
    """The job is no longer ours, or the process ends: nothing more is to be done for it."""


# What this worker does. Change this, and nothing else.


def handle(job, lease):
    """Sends one mail; what it answers is the job's result.

    It may run twice for one job, so it makes the second run harmless. The job's id is the same in every attempt: it is the
    key of what is stored, and what a mail service would get as its idempotency key. The attempt grows: a run that stalled
    and comes back late does not overwrite what a later one wrote.
    """
    payload = job["payload"]
    sent = sqlite3.connect(os.environ.get("OUTBOX", "outbox.db"), timeout=10)
    try:
        sent.execute("CREATE TABLE IF NOT EXISTS mails (job TEXT PRIMARY KEY, attempt INTEGER NOT NULL, receiver TEXT NOT NULL)")
        before = sent.execute("SELECT attempt FROM mails WHERE job = ?", [job["id"]]).fetchone()
        if before and job["attempt"] > 1:
            return {"to": payload["to"], "sentIn": before[0]}

        if payload.get("to", "").count("@") != 1:
            raise Failed("no such mailbox", code="SMTP_550", dead=True)
        lease.sleep(payload.get("seconds", 0))
        sent.execute(
            "INSERT INTO mails VALUES (?, ?, ?) ON CONFLICT (job) DO UPDATE SET attempt = excluded.attempt WHERE excluded.attempt > attempt",
            [job["id"], job["attempt"], payload["to"]],
        )
        sent.commit()
        return {"to": payload["to"], "sentIn": job["attempt"]}
    finally:
        sent.close()


# The rest is the same for every worker.


class Server:
    """Speaks JSON over one connection, which only one thread may use."""

    def __init__(self, url, queue):
        self.url = urllib.parse.urlsplit(url)
        self.base = f"{self.url.path.rstrip('/')}/v1/queue/{urllib.parse.quote(queue)}"
        self.connection = None

    def post(self, path, body, timeout=10):
        """Answers the status and the body. Raises OSError when there was no answer."""
        try:
            if self.connection is None:
                make = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
                self.connection = make(self.url.hostname, self.url.port, timeout=timeout)
            if self.connection.sock:
                self.connection.sock.settimeout(timeout)
            self.connection.request("POST", self.base + path, json.dumps(body), {"content-type": "application/json"})
            response = self.connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else {}
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise OSError(f"no answer: {error}") from error

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Lease:
    """A job in our hands, until `until` unless it is renewed."""

    def __init__(self, item, lease_ms):
        self.token, self.job = item["token"], item["job"]
        self.until = time.monotonic() + item["expiresInMs"] / 1000
        self.renew_at = time.monotonic() + lease_ms / 3000
        self.stopped = threading.Event()
        self.lost = False

    def sleep(self, seconds):
        """Waits, and raises Stopped as soon as the work is to stop; long work looks at `stopped` in the same way."""
        if self.stopped.wait(seconds):
            raise Stopped


class Worker:
    def __init__(self, options):
        self.options = options
        self.name = f"{socket.gethostname()}-{os.getpid()}"
        self.draining = threading.Event()
        self.ended = threading.Event()
        self.repeatable = True
        self.leases = set()
        self.lock = threading.Lock()

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.draining.set())
        threads = [threading.Thread(target=self.work, daemon=True) for _ in range(self.options.threads)]
        renewer = threading.Thread(target=self.renew, daemon=True)
        say("working", queue=self.options.queue)
        for thread in [*threads, renewer]:
            thread.start()

        while not self.draining.wait(1):
            pass
        say("draining")
        deadline = time.monotonic() + self.options.drain
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))
        with self.lock:
            for lease in self.leases:
                lease.stopped.set()
        for thread in threads:
            thread.join(2)
        self.ended.set()
        say("ended")

    def work(self):
        server = Server(self.options.url, self.options.queue)
        failures, request_id = 0, None
        while not self.draining.is_set():
            # A request whose answer got lost is made again under its id, and gets the jobs that it got.
            request_id = request_id or str(uuid.uuid4())
            ask = {"waitMs": self.options.wait_ms, "leaseMs": self.options.lease_ms, "workerId": self.name}
            if self.repeatable:
                ask["requestId"] = request_id
            try:
                status, answer = server.post("/leases", ask, timeout=self.options.wait_ms / 1000 + 10)
                if answer.get("code") == "QUEUE_UNSUPPORTED" and self.repeatable:
                    # A broker keeps no requests: what an answer that got lost had leased comes back when the lease ends.
                    self.repeatable = False
                    continue
                if status != 200:
                    raise OSError(f"{status} {answer.get('code')}")
            except OSError as error:
                failures += 1
                say("no lease", error=str(error))
                self.draining.wait(min(30, 2 ** min(failures, 10) / 2) * random.uniform(0.5, 1))
                continue
            failures, request_id = 0, None
            for item in answer["items"]:
                self.do(server, Lease(item, self.options.lease_ms))

    def do(self, server, lease):
        with self.lock:
            self.leases.add(lease)
        try:
            if self.draining.is_set():
                raise Stopped
            verb, body = "ack", {"result": handle(lease.job, lease)}
        except Stopped:
            verb, body = "release", {}
        except Exception as error:
            verb, body = "fail", {"error": {"message": str(error)[:1000] or type(error).__name__}}
            if isinstance(getattr(error, "code", None), str):
                body["error"]["code"] = error.code
            if getattr(error, "dead", False):
                body["dead"] = True
            elif getattr(error, "retry_in_ms", None) is not None:
                body["retryInMs"] = error.retry_in_ms
        try:
            self.settle(server, lease, verb, body)
        finally:
            with self.lock:
                self.leases.discard(lease)

    def settle(self, server, lease, verb, body):
        """Says how it ended, again and again while the server is away and the lease lasts: a repeat is answered as the first was."""
        pause = 0.1
        while not lease.lost:
            try:
                status, answer = server.post(f"/leases/{lease.token}/{verb}", body)
                if status == 409:
                    say("lost", job=lease.job["id"])
                elif status < 500 and status != 429:
                    say(answer.get("state", answer.get("code")), job=lease.job["id"], attempt=lease.job["attempt"])
                if status < 500 and status != 429:
                    return
            except OSError:
                pass
            if time.monotonic() + pause >= lease.until:
                return
            time.sleep(pause)
            pause = min(2, pause * 2)

    def renew(self):
        server = Server(self.options.url, self.options.queue)
        while not self.ended.wait(self.options.lease_ms / 1000 / 30):
            now = time.monotonic()
            with self.lock:
                due = [lease for lease in self.leases if not lease.lost and now >= min(lease.renew_at, lease.until)]
            for lease in due:
                self.renew_one(server, lease)

    def renew_one(self, server, lease):
        asked = time.monotonic()
        reason = "the lease ended" if asked >= lease.until else None
        if reason is None:
            try:
                status, answer = server.post(f"/leases/{lease.token}/extend", {"leaseMs": self.options.lease_ms}, timeout=max(0.1, min(self.options.lease_ms / 3000, lease.until - asked)))
                if status == 200:
                    lease.until = asked + answer["expiresInMs"] / 1000
                    lease.renew_at = asked + self.options.lease_ms / 3000
                    reason = "cancelled" if answer["signal"] == "cancel" else None
                elif status == 409:
                    reason = "the lease is another's"
            except OSError:
                # It is tried again at the next beat, for as long as the lease lasts.
                pass
        if reason:
            lease.lost = True
            lease.stopped.set()
            say("stop", job=lease.job["id"], reason=reason)


def say(what, **fields):
    # One write, so that lines of several threads do not mix.
    sys.stdout.write(json.dumps({"worker": what, **fields}) + "\n")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description="Does the jobs of a queue.")
    parser.add_argument("--url", default="http://127.0.0.1:7070")
    parser.add_argument("--queue", default="emails")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--lease-ms", type=int, default=30_000)
    parser.add_argument("--wait-ms", type=int, default=5_000, help="how long a request waits for a job; a drain may take as long")
    parser.add_argument("--drain", type=float, default=20, help="seconds that running jobs get at the end")
    Worker(parser.parse_args()).run()


if __name__ == "__main__":
    main()
