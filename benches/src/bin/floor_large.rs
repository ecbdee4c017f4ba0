//! The copy floor of one large object: five blocking sockets, ranges of 20 MiB, one `pwrite` for
//! each `recv`, no checks.
//!
//! ```text
//! floor_large ADDRESS PATH SIZE FILE
//! ```
#![expect(
    clippy::unwrap_used,
    reason = "a measuring program stops at the first surprise"
)]

use std::env;
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cos_benches::floor::Connection;

const CONNECTIONS: usize = 5;
const RANGE: u64 = 20 << 20;
const BUFFER: usize = 1 << 20;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, path, size, file] = arguments.try_into().unwrap();
    let (address, size): (SocketAddr, u64) = (address.parse().unwrap(), size.parse().unwrap());
    let file = File::create(file).unwrap();
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut connection = Connection::open(address).unwrap();
                let mut buffer = vec![0; BUFFER];
                loop {
                    let start = next.fetch_add(RANGE, Ordering::Relaxed);
                    if start >= size {
                        break;
                    }
                    let range = start..size.min(start + RANGE);
                    let mut at = start;
                    let write = |bytes: &[u8]| {
                        file.write_all_at(bytes, at)?;
                        at += bytes.len() as u64;
                        Ok(())
                    };
                    let end = range.end;
                    connection
                        .get(&path, Some(range), &mut buffer, write)
                        .unwrap();
                    assert_eq!(at, end);
                }
            });
        }
    });
}
