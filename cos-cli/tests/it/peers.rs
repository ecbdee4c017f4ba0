//! Servers and clients that none of us wrote. Where one is not installed, its tests say so loudly, and fail if
//! `COS_REQUIRE_PEERS=1` says that it has to be there.
