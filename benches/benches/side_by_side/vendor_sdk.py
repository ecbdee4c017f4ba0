"""The vendor's SDK, as its samples use it: CASE ADDRESS BUCKET KEY-OR-PREFIX FOLDER."""

import os
import sys

from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_threadpool import SimpleThreadPool

case, address, bucket, name, folder = sys.argv[1:]
client = CosS3Client(CosConfig(Region="ap-beijing", Domain=address, Scheme="http", Anonymous=True))


def keys():
    marker = ""
    while True:
        page = client.list_objects(Bucket=bucket, Prefix=name, Marker=marker, MaxKeys=1000)
        yield from page.get("Contents", [])
        if page["IsTruncated"] == "false":
            return
        marker = page["NextMarker"]


if case == "large":
    path = os.path.join(folder, name)
    client.download_file(bucket, name, path, PartSize=20, MAXThread=5, EnableCRC=True)
elif case == "small":
    pool = SimpleThreadPool(num_threads=32)
    for entry in keys():
        path = os.path.join(folder, os.path.basename(entry["Key"]))
        pool.add_task(client.download_file, bucket, entry["Key"], path)
    pool.wait_completion()
    if not pool.get_result()["success_all"]:
        sys.exit(pool.get_result())
elif case == "listing":
    for entry in keys():
        print(entry["LastModified"], entry["Size"], entry["Key"])
