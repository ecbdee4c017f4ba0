"""The vendor's Python SDK (cos-python-sdk-v5), unchanged, as a client of the emulator.

Usage: vendor_sdk.py COMMAND FOLDER, with PORT, BUCKET, SECRET_ID, SECRET_KEY and perhaps TOKEN in
the environment. FOLDER is an empty folder for what is downloaded. Each command fails by raising.
"""

import hashlib
import os
import sys

import requests
from qcloud_cos import CosClientError, CosConfig, CosS3Client, CosServiceError

PORT = int(os.environ["PORT"])
BUCKET = os.environ["BUCKET"]
REGION = "ap-beijing"
HOST = "%s.cos.%s.myqcloud.com" % (BUCKET, REGION)

# Keys are given to the SDK as they are; the content of each object is its key.
AWKWARD_KEYS = ["数据/文件 (1)~'*!.bin", "a+b c&d=e%20f#g?h.txt", "a//b", "x/./y"]


def client(**changes):
    options = dict(
        Region=REGION,
        SecretId=os.environ["SECRET_ID"],
        SecretKey=os.environ["SECRET_KEY"],
        Token=os.environ.get("TOKEN"),
        Scheme="http",
        IP="127.0.0.1",
        Port=PORT,
        ServiceDomain="127.0.0.1:%d" % PORT,
    )
    options.update(changes)
    # No retries of its own: each request is expected to succeed, or to fail for good.
    return CosS3Client(CosConfig(**options), retry=0)


def expect(actual, expected):
    if actual != expected:
        raise AssertionError("%r is not %r" % (actual, expected))


def refused(call, status, code):
    try:
        call()
    except CosServiceError as error:
        expect((error.get_status_code(), error.get_error_code()), (status, code))
        return error
    raise AssertionError("not refused: %s" % code)


def listing(folder):
    """All keys, in pages of two; the same with folders; the versions; the buckets."""
    del folder
    sdk = client()
    keys, marker = [], ""
    while True:
        page = sdk.list_objects(BUCKET, Marker=marker, MaxKeys=2)
        expect(page["Name"], BUCKET)
        keys += [entry["Key"] for entry in page.get("Contents", [])]
        if page["IsTruncated"] == "false":
            break
        marker = page["NextMarker"]
    expected = sorted(AWKWARD_KEYS + ["large.bin"], key=lambda key: key.encode())
    expect(keys, expected)

    page = sdk.list_objects(BUCKET, Delimiter="/")
    expect([entry["Prefix"] for entry in page["CommonPrefixes"]], ["a/", "x/", "数据/"])
    expect([entry["Key"] for entry in page["Contents"]], ["a+b c&d=e%20f#g?h.txt", "large.bin"])
    page = sdk.list_objects(BUCKET, Prefix="a+b c&")
    expect([entry["Key"] for entry in page["Contents"]], ["a+b c&d=e%20f#g?h.txt"])
    page = sdk.list_objects(BUCKET, EncodingType="url", Prefix="数据/")
    expect(page["Contents"][0]["Key"], "%E6%95%B0%E6%8D%AE/%E6%96%87%E4%BB%B6%20%281%29~%27%2A%21.bin")

    page = sdk.list_objects_versions(BUCKET)
    expect([entry["Key"] for entry in page["Version"]], expected)
    buckets = sdk.list_buckets()["Buckets"]["Bucket"]
    expect([entry["Name"] for entry in buckets], [BUCKET])


def awkward_keys(folder):
    """Each key is fetched and is that object, and HEAD agrees."""
    sdk = client()
    for number, key in enumerate(AWKWARD_KEYS):
        path = os.path.join(folder, str(number))
        answer = sdk.get_object(BUCKET, key)
        answer["Body"].get_stream_to_file(path)
        with open(path, "rb") as file:
            content = file.read()
        expect(content, key.encode())
        expect(answer["ETag"], '"%s"' % hashlib.md5(content).hexdigest())
        head = sdk.head_object(BUCKET, key)
        expect(head["Content-Length"], str(len(content)))
        expect(head["x-cos-hash-crc64ecma"], answer["x-cos-hash-crc64ecma"])
    expect(sdk.object_exists(BUCKET, "a//b"), True)
    expect(sdk.object_exists(BUCKET, "a/b"), False)


def parameters(folder):
    """The parameters of GET Object that the SDK has."""
    del folder
    sdk = client()
    key = "a//b"
    etag = sdk.head_object(BUCKET, key)["ETag"]
    answer = sdk.get_object(
        BUCKET,
        key,
        Range="bytes=1-2",
        IfMatch=etag,
        ResponseContentType="text/x y",
        ResponseCacheControl="no-store",
        TrafficLimit="819200",
    )
    expect(answer["Body"].get_raw_stream().read(), b"//")
    expect(answer["Content-Range"], "bytes 1-2/4")
    expect(answer["Content-Type"], "text/x y")
    expect(answer["Cache-Control"], "no-store")
    refused(lambda: sdk.get_object(BUCKET, key, IfMatch='"other"'), 412, "PreconditionFailed")
    refused(lambda: sdk.get_object(BUCKET, key, Range="bytes=9-"), 416, "InvalidRange")
    refused(lambda: sdk.get_object(BUCKET, key, TrafficLimit="1"), 400, "InvalidArgument")
    refused(lambda: sdk.get_object(BUCKET, "missing"), 404, "NoSuchKey")
    refused(lambda: sdk.get_object("none-1250000000", key), 404, "NoSuchBucket")


def resumable(folder):
    """A download in parts that is cut off once, resumed, and verified by CRC64."""
    path = os.path.join(folder, "large.bin")
    options = dict(PartSize=1, MAXThread=3, EnableCRC=True, DumpRecordDir=folder)
    try:
        client().download_file(BUCKET, "large.bin", path, **options)
        raise AssertionError("the cut was not noticed")
    except CosClientError as error:
        expect(str(error), "some download_part fail after max_retry, please download_file again")
    expect(os.path.exists(path), False)
    client().download_file(BUCKET, "large.bin", path, **options)
    with open(path, "rb") as file:
        digest = hashlib.md5(file.read()).hexdigest()
    expect(client().head_object(BUCKET, "large.bin")["ETag"], '"%s"' % digest)


def presigned(folder):
    """A presigned URL, used by a client that knows nothing of signatures."""
    del folder
    sdk = client()
    session = requests.Session()
    session.trust_env = False
    for key in AWKWARD_KEYS:
        params = {"response-content-type": "text/x y+z"}
        if "TOKEN" in os.environ:
            params["x-cos-security-token"] = os.environ["TOKEN"]
        url = sdk.get_presigned_download_url(BUCKET, key, Headers={"Host": HOST}, Params=params)
        answer = session.get(url, headers={"Host": HOST})
        expect((answer.status_code, answer.content), (200, key.encode()))
        expect(answer.headers["Content-Type"], "text/x y+z")
        altered = url.replace("response-content-type", "response-expires")
        expect(session.get(altered, headers={"Host": HOST}).status_code, 403)
    expired = sdk.get_presigned_download_url(BUCKET, "a//b", Expired=-1, Headers={"Host": HOST})
    expect(session.get(expired, headers={"Host": HOST}).status_code, 403)


def wrong_key(folder):
    """A wrong key, an unknown id and an anonymous request are refused, and the SDK says why."""
    del folder
    sdk = client(SecretKey="another-key")
    error = refused(lambda: sdk.get_object(BUCKET, "a//b"), 403, "SignatureDoesNotMatch")
    assert error.get_request_id() and error.get_trace_id() and error.get_resource_location()
    refused(lambda: sdk.list_objects(BUCKET), 403, "SignatureDoesNotMatch")
    sdk = client(SecretId="AKIDstranger")
    refused(lambda: sdk.get_object(BUCKET, "a//b"), 403, "InvalidAccessKeyId")
    sdk = client(SecretId=None, SecretKey=None, Token=None, Anonymous=True)
    refused(lambda: sdk.get_object(BUCKET, "a//b"), 403, "AccessDenied")


COMMANDS = [listing, awkward_keys, parameters, resumable, presigned, wrong_key]

if __name__ == "__main__":
    dict((command.__name__, command) for command in COMMANDS)[sys.argv[1]](sys.argv[2])
