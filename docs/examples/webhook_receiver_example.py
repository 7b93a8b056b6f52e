"""A receiver of Carillon's webhooks with nothing but Python.

WEBHOOK_SECRET=your_webhook_secret python webhook_receiver_example.py
"""

import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["WEBHOOK_SECRET"]
TOLERANCE = 300  # seconds between our clock and theirs
seen = set()  # ids that were worked on: keep them in your database


def verified(headers, body):
    """The bytes as they came: parsing and writing JSON again may change them."""
    plain = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(plain, headers.get("X-Webhook-Signature", "")):
        return False
    stamp = headers.get("webhook-timestamp", "")
    recent = stamp.isdecimal() and abs(time.time() - int(stamp)) <= TOLERANCE
    return recent and signed(headers, body)


def signed(headers, body):
    """Standard Webhooks: id and time are signed too, so an old call cannot be sent again."""
    whsec = SECRET.startswith("whsec_")
    key = base64.b64decode(SECRET[6:]) if whsec else SECRET.encode()
    text = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode()
    made = base64.b64encode(hmac.new(key, text + body, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one, f"v1,{made}") for one in given)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/webhook":
            return self.answer(404, b"Not found")
        if not verified(self.headers, body):
            return self.answer(401, b"Invalid signature")
        event = json.loads(body)
        if event["id"] not in seen:
            seen.add(event["id"])
            print(event["event_type"], json.dumps(event["data"]), flush=True)
        return self.answer(200, b"OK")

    def answer(self, status, words):
        self.send_response(status)
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "3000"))), Receiver)
    print("listening", flush=True)
    server.serve_forever()
