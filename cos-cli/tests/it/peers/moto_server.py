"""An S3 server (moto) with one bucket, on a free port of the loopback interface.

Reads from stdin a line of JSON, {"bucket": name, "keys": [key, ...]}, puts each key with its own UTF-8 bytes as
content, prints the port and serves until stdin is closed.
"""
import json
import logging
import sys

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
job = json.loads(sys.stdin.readline())
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
s3 = boto3.client(
    "s3",
    endpoint_url="http://%s:%d" % (host, port),
    region_name="us-east-1",
    aws_access_key_id="peer",
    aws_secret_access_key="peer",
    config=Config(s3={"addressing_style": "path"}, proxies={}),
)
s3.create_bucket(Bucket=job["bucket"])
for key in job["keys"]:
    s3.put_object(Bucket=job["bucket"], Key=key, Body=key.encode(), ACL="public-read")
print(port, flush=True)
sys.stdin.read()
server.stop()
