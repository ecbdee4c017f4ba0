"""Downloads a COS directory as the vendor's sample for its Python SDK does: lists all keys of a prefix page by page,
makes the folders, and has a pool of threads fetch the files, over what is there.

Arguments: IP, port, bucket, prefix, and the directory below which each key is a path.
"""
import os
import sys

from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_threadpool import SimpleThreadPool

ip, port, bucket, prefix, directory = sys.argv[1:6]
client = CosS3Client(
    CosConfig(Region="ap-beijing", SecretId="id", SecretKey="key", Scheme="http", IP=ip, Port=int(port)), retry=0
)

entries, marker = [], ""
while True:
    page = client.list_objects(bucket, prefix, "", marker)
    entries += page.get("Contents", [])
    if "NextMarker" not in page:
        break
    marker = page["NextMarker"]

pool = SimpleThreadPool()
for entry in entries:
    path = os.path.join(directory, entry["Key"])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not path.endswith("/"):
        pool.add_task(client.download_file, bucket, entry["Key"], path)
pool.wait_completion()
failed = [detail for detail in pool.get_result()["detail"] if detail[1]]
if failed:
    sys.exit(repr(failed))
