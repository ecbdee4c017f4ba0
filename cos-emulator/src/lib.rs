//! A local Tencent Cloud COS endpoint over a folder or memory, with scripted faults.
