//! The client against the emulator: real sockets, real TLS, scripted faults.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod attempts;
mod bodies;
mod canary;
mod connecting;
mod dropped;
mod heads;
mod listings;
mod objects;
mod own_connector;
mod providers;
mod proxy;
mod rates;
mod signatures;
mod support;
