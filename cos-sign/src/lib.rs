//! Signs and verifies requests to Tencent Cloud COS (q-sign-algorithm=sha1), without IO.
