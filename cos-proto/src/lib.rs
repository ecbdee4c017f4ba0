//! Builds and judges the read requests of Tencent Cloud COS, without IO.
