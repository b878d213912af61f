"""An endpoint that writes pairs by the schema it is sent and counts every request, over real HTTP.

with counting(delay=0.05) as server:
    server.url, server.asked
"""

import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class CountingServer:
    """What was asked, and when."""

    url: str = ""
    delay: float = 0.0
    refusals: int = 0
    """Requests yet to be refused with 429."""
    asked: list[str] = field(default_factory=list)
    """The user turn of every request that was answered."""
    abreast: int = 0
    most_abreast: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server.counted
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            refused = server.refusals > 0
            server.refusals -= refused
            server.abreast += 1
            server.most_abreast = max(server.most_abreast, server.abreast)
        if not refused:
            time.sleep(server.delay)
        with server.lock:
            server.abreast -= 1
            if not refused:
                server.asked.append(body["messages"][-1]["content"])
        with suppress(BrokenPipeError, ConnectionResetError):
            self._send(429 if refused else 200, b"{}" if refused else self._reply(body))

    def _reply(self, body):
        schema = body["response_format"]["json_schema"]["schema"]
        quote = schema["properties"]["pairs"]["items"]["properties"]["quote"]["enum"][0]
        pair = {"kind": "factual", "quote": quote, "question": f"What does the Brindle pump {quote[-9:-1]}?"}
        text = json.dumps({"pairs": [{**pair, "answer": quote[:30], "wordings": []}]})
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        made = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
        return json.dumps(made).encode()

    def _send(self, code, payload):
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Retry-After", "0.05")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def counting(delay=0.0, refusals=0):
    """Serve on a free port of this machine."""
    counted = CountingServer(delay=delay, refusals=refusals)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.counted = counted
    counted.url = f"http://127.0.0.1:{httpd.server_address[1]}/v1"
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield counted
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
