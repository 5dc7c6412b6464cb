"""A receiver of webhooks as somebody else would write it: it computes the signature by itself and remembers keys.

Prints one JSON object a line: first {"port": N}; then for each request {"signed": bool, "key": "...", "again": bool, "kind": "...",
"answer": N}. Each request is answered with the next of the given numbers, the last one for ever; a request that is not signed
rightly with 401; 0 hangs until the client leaves. Ends when standard input does.
"""

import argparse
import hashlib
import hmac
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

options = argparse.ArgumentParser()
options.add_argument("--certs", help="folder with server.pem and server.key; without it there is no TLS")
options.add_argument("--secret", required=True)
options.add_argument("answers", nargs="+", type=int)
options = options.parse_args()
seen = set()


def say(**event):
    print(json.dumps(event), flush=True)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = self.headers["X-Entrywatch-Timestamp"].encode() + b"." + body
        wanted = "v1=" + hmac.new(options.secret.encode(), signed, hashlib.sha256).hexdigest()
        is_signed = hmac.compare_digest(wanted, self.headers["X-Entrywatch-Signature"])
        key, letter = self.headers["Idempotency-Key"], json.loads(body)
        status = options.answers.pop(0) if len(options.answers) > 1 else options.answers[0]
        status = status if is_signed else 401
        say(signed=is_signed, key=key, again=key in seen, kind=letter["kind"], answer=status)
        seen.add(key)
        if status == 0:
            self.rfile.read(1)
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
if options.certs:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{options.certs}/server.pem", f"{options.certs}/server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
say(port=server.server_address[1])
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
