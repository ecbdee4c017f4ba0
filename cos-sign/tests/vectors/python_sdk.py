#!/usr/bin/env python3
"""Fills in python_sdk.json what the vendor's Python SDK (PyPI cos-python-sdk-v5) makes of each row: `authorization` by
CosS3Auth, `url` by CosS3Client.get_presigned_download_url, both with the clock of the row.

Run: target/peers/bin/python3 cos-sign/tests/vectors/python_sdk.py  (after .ci/peers; the output is deterministic, so
that a change of the file is a change of the SDK, or of a row)."""

import json
import os
from types import SimpleNamespace
from unittest import mock

from qcloud_cos import CosConfig, CosS3Client, cos_auth

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_sdk.json")
BUCKET, REGION = "examplebucket-1250000000", "ap-beijing"


def at(row):
    """The clock of a row, and how long its signature is valid by that clock."""
    start, end = map(int, row["sign_time"].split(";"))
    now = start + 60  # the SDK puts the start a minute back
    return mock.patch.object(cos_auth.time, "time", lambda: now), end - now


def authorization(row):
    clock, expire = at(row)
    request = SimpleNamespace(method=row["method"], url=row["url_without_query"], headers=dict(row["headers"]))
    config = CosConfig(Region=REGION, SecretId=row["secret_id"], SecretKey=row["secret_key"])
    with clock:
        cos_auth.CosS3Auth(config, row["key"], params=row["params"], expire=expire)(request)
    return request.headers["Authorization"]


def presigned(row):
    clock, expire = at(row)
    config = CosConfig(Region=REGION, SecretId=row["secret_id"], SecretKey=row["secret_key"], Token=row["token"])
    with clock:
        return CosS3Client(config).get_presigned_download_url(BUCKET, row["key"], Expired=expire, Params=row["params"])


def main():
    with open(PATH, encoding="utf-8") as file:
        document = json.load(file)
    for row in document["authorization"]:
        row["authorization"] = authorization(row)
    for row in document["presigned"]:
        row["url"] = presigned(row)
    with open(PATH, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
        file.write("\n")


main()
