"""Lists a bucket page by page and downloads each of its objects with the vendor's SDK, unchanged.

Arguments: IP, port, bucket, an empty directory. Credentials come from COS_SECRET_ID and COS_SECRET_KEY. Prints one JSON
object: each key with the SHA-256 of its content, once by the simple and once by the resumable download.
"""
import hashlib
import json
import os
import sys

from qcloud_cos import CosConfig, CosS3Client

ip, port, bucket, folder = sys.argv[1:5]
client = CosS3Client(
    CosConfig(
        Region="ap-beijing",
        SecretId=os.environ["COS_SECRET_ID"],
        SecretKey=os.environ["COS_SECRET_KEY"],
        Scheme="http",
        IP=ip,
        Port=int(port),
    ),
    retry=0,
)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


keys, marker = [], ""
while True:
    page = client.list_objects(Bucket=bucket, Marker=marker, MaxKeys=2)
    keys += [entry["Key"] for entry in page.get("Contents", [])]
    if page["IsTruncated"] == "false":
        break
    marker = page["NextMarker"]

simple, resumable = {}, {}
for number, key in enumerate(keys):
    path = os.path.join(folder, "simple-%d" % number)
    client.get_object(Bucket=bucket, Key=key)["Body"].get_stream_to_file(path)
    simple[key] = digest(path)
    path = os.path.join(folder, "resumable-%d" % number)
    client.download_file(
        Bucket=bucket, Key=key, DestFilePath=path, PartSize=1, MAXThread=3, EnableCRC=True, DumpRecordDir=folder
    )
    resumable[key] = digest(path)
print(json.dumps({"simple": simple, "resumable": resumable}))
