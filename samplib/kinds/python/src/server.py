"""The service of the component @NAME@. What is configured comes as ZWE_configs_<property>."""
import json
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OPENAPI = (Path(__file__).parent.parent / "api" / "openapi.json").read_text(encoding="utf-8")


def answer(path, greeting):
    """The status and the JSON that a path is answered with."""
    path = path.split("?")[0]
    if path == "/":
        return 200, json.dumps({"greeting": greeting})
    if path == "/application/health":
        return 200, json.dumps({"status": "UP"})
    if path == "/openapi":
        return 200, OPENAPI
    return 404, json.dumps({"error": "there is nothing here"})


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = answer(self.path, os.environ.get("ZWE_configs_greeting", ""))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode("utf-8"))

    def log_message(self, *_):
        """Not every request is a line."""


class Server(ThreadingHTTPServer):
    address_family = socket.AF_INET


def main():
    port = int(os.environ["ZWE_configs_port"])
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    try:
        server = Server(("", port), Handler)
    except OSError as error:
        print(f"@NAME@ cannot listen on port {port}: {error}")
        return 8
    print(f"@NAME@ listens on port {port}", flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
