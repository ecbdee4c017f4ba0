"""An S3 server (moto) with one bucket, on a free port of the loopback interface.

Reads from stdin a line of JSON, {"bucket": name, "keys": [key, ...]}, puts each key with its own UTF-8 bytes as
content, prints the port and serves until stdin is closed.
"""
import json
import logging
import sys

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import get_canned_acl, s3_backends
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
job = json.loads(sys.stdin.readline())
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
# Put straight into its store: what is tried here is what it answers.
store = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
store.create_bucket(job["bucket"], "us-east-1")
for key in job["keys"]:
    store.put_object(job["bucket"], key, key.encode())
    store.put_object_acl(job["bucket"], key, get_canned_acl("public-read"))
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
