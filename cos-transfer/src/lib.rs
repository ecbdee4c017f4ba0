//! Downloads objects from Tencent Cloud COS into files, verified before they are published.
