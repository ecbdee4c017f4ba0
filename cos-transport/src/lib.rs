//! An HTTP client for Tencent Cloud COS: a tower Service over hyper and rustls.
