#!/usr/bin/env python3
"""Writes nasty.json: signatures of awkward requests, computed by the definition of the algorithm with nothing but
Python's hashlib, hmac and urllib (Tencent Cloud documentation, product 436, page 7778; repeated names as the vendor's Go
SDK has them, auth.go), so that the crate is checked against something that is not its own code.

Run: python3 by_definition.py  (the output is deterministic)."""

import hashlib
import hmac
import json
import os
from urllib.parse import quote_from_bytes, unquote_to_bytes

SECRET_ID = "AKIDexampleexampleexampleexample0001"  # invented; opens nothing
SECRET_KEY = "examplesecretkeyexamplesecretkey"
TOKEN = "tok/en+with=chars"
KEY_TIME = "1557989753;1557996953"
HOST = "examplebucket-1250000000.cos.ap-beijing.myqcloud.com"
TOKEN_NAME = "x-cos-security-token"

# The case list of Apache OpenDAL's reqsign for "the wire URI stays as it is" (duplicate keys, empty key, plus, escaped
# slash, doubly escaped slash), and more of the kind.
TARGETS = [
    "/key?a=2&a=1&A=3",
    "/key?=v",
    "/key?=v&a=1",
    "/key?=&=",
    "/key?q=a+b",
    "/key?q=a%20b",
    "/key?q=a%2Bb",
    "/key?p=/",
    "/key?p=%2F",
    "/key?p=%2f",
    "/key?p=%252F",
    "/key?acl",
    "/key?acl=",
    "/key?",
    "/key?&",
    "/key?&a=1&&b=2&",
    "/key?a==&b=c=d",
    "/key?a%3Db=1",
    "/key?a%2Fb=1&a%2fb=0",
    "/key?a;b=1;2",
    "/key?%E7%85%A7=%e7%89%87",
    "/key?a=%00%FF%7F",
    "/key?+=+&%20=%2B",
    "/key?a[0]=1&a%5B0%5D=0",
    "/key?a=~-_.!'()*",
    "/key?versionId=X&versionid=x",
    "/key?b=1&a=2&c&a-b=3&a.b=4&a_b=5",
    "/key?a={&a=z",
    "/key?a=http://h/?x",
    "/?prefix=a//b/./c/../d&marker=%2e%2e",
    "/a//b/./c/../d",
    "/%2e%2e/%2E/x?versions",
    "/a%2Fb",
    "/a%252Fb",
    "/a+b",
    "/a%20b%2Bc",
    "//x",
    "/~'()*!$,;:@=&",
    "/%E6%95%B0%E6%8D%AE/%e6%96%87",
    "/数据",
    "/%FF%00",
    "/",
]


def url_encode(data):
    return quote_from_bytes(data, safe="-_.~")


def pairs_of(query):
    """The decoded parameters of a query on the wire."""
    for item in query.split("&"):
        if item:
            name, _, value = item.replace("+", " ").partition("=")
            yield unquote_to_bytes(name), unquote_to_bytes(value)


def canonical(pairs):
    pairs = sorted((url_encode(name).lower(), value) for name, value in pairs)
    return "&".join("%s=%s" % (n, url_encode(v)) for n, v in pairs), ";".join(n for n, _ in pairs)


def sign(target, extra_params=(), extra_headers=()):
    path, _, query = target.partition("?")
    params, param_list = canonical([*pairs_of(query), *extra_params])
    headers, header_list = canonical([(b"host", HOST.encode()), *extra_headers])
    http_string = b"get\n%s\n%s\n%s\n" % (unquote_to_bytes(path), params.encode(), headers.encode())
    sign_key = hmac.new(SECRET_KEY.encode(), KEY_TIME.encode(), hashlib.sha1).hexdigest()
    string_to_sign = "sha1\n%s\n%s\n" % (KEY_TIME, hashlib.sha1(http_string).hexdigest())
    signature = hmac.new(sign_key.encode(), string_to_sign.encode(), hashlib.sha1).hexdigest()
    return [
        ("q-sign-algorithm", "sha1"),
        ("q-ak", SECRET_ID),
        ("q-sign-time", KEY_TIME),
        ("q-key-time", KEY_TIME),
        ("q-header-list", header_list),
        ("q-url-param-list", param_list),
        ("q-signature", signature),
    ]


def header(fields):
    return "&".join("%s=%s" % field for field in fields)


def presigned(target, token=None):
    extra = [(TOKEN_NAME.encode(), token.encode())] if token else []
    fields = [(n.decode(), v.decode()) for n, v in extra] + sign(target, extra_params=extra)
    separator = "?" if "?" not in target else "" if target.endswith("?") else "&"
    return target + separator + "&".join("%s=%s" % (n, url_encode(v.encode())) for n, v in fields)


def main():
    token_header = [(TOKEN_NAME.encode(), TOKEN.encode())]
    cases = [
        {
            "target": target,
            "authorization": header(sign(target)),
            "authorization_with_token": header(sign(target, extra_headers=token_header)),
            "presigned": presigned(target),
            "presigned_with_token": presigned(target, TOKEN),
        }
        for target in TARGETS
    ]
    document = {
        "source": "by_definition.py beside this file",
        "secret_id": SECRET_ID,
        "secret_key": SECRET_KEY,
        "token": TOKEN,
        "key_time": KEY_TIME,
        "host": HOST,
        "cases": cases,
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nasty.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
        file.write("\n")


main()
