"""Stand-ins for the load generator and for a broker, as programs: each says at once what such a one
says after seconds of work."""

GENERATOR = '''#!/usr/bin/env python3
import json, sys
told = lambda name: sys.argv[sys.argv.index(name) + 1]
FAILURES = {"refuses:1": 1, "gone:1": 3}
if told("--bootstrap") in FAILURES:
    print("what went wrong", file=sys.stderr)
    sys.exit(FAILURES[told("--bootstrap")])
acks = told("--acks")
print(json.dumps({"kind": "begin"}), flush=True)
latency = {"answers": 4000, "p50": 100, "p99": 200, "p999": 300, "max": 400, "error_share": 0.03}
print(json.dumps({"kind": "result", "mb_per_s": {"0": 300, "1": 200, "all": 100}[acks],
                  "records_per_s": 7, "latency_us": None if acks == "0" else latency, "cpu_s": 0.5,
                  "seconds": 1, "requests_unsent": 0, "errors": {}}), flush=True)
'''

BROKER = '''#!/usr/bin/env python3
import http.server, sys
# One whose journal is large has had its only one.
IS_RARE = f"journal.bytes={16 << 30}" in sys.argv
class Figures(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Figures.asked += 1
        self.send_response(200)
        self.end_headers()
        for name, step in (("journal_frames", 10), ("batches_appended", 40),
                           ("bytes_appended", 10**6), ("journal_bytes", 2 * 10**6),
                           ("bytes_filled", 10**6), ("checkpoints", 3)):
            times = 1 if IS_RARE and name == "checkpoints" else Figures.asked
            line = f"millrace_{name}_total {step * times}\\n"
            self.wfile.write(f"# HELP it\\n{line}".encode())
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Figures)
print(f"figures over HTTP host=127.0.0.1 port={server.server_port}", flush=True)
print("started port=1", flush=True)
server.serve_forever()
'''


def write_stand_ins(folder):
    """As the files `generator` and `broker`."""
    for name, text in (("generator", GENERATOR), ("broker", BROKER)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
