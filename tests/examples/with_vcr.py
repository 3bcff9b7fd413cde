import tempfile
from pathlib import Path

import vcr

from qftools import Client
from qftools.sandbox import Sandbox

recorder = vcr.VCR(
    cassette_library_dir=tempfile.mkdtemp(),
    filter_headers=["X-QF-APPCODE", "X-QF-SIGN"],
)

with Sandbox() as sandbox:
    client = Client(sandbox.credentials, sandbox.serve())
    with recorder.use_cassette("query.yaml"):
        print(client.query("A1").ok)

with recorder.use_cassette("query.yaml") as cassette:  # the sandbox is gone
    print(client.query("A1").ok, cassette.play_count)

recorded = Path(recorder.cassette_library_dir, "query.yaml").read_text()
print(sandbox.credentials.app_code in recorded)
