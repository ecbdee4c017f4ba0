//! The cos command: reads objects and listings of Tencent Cloud COS.
