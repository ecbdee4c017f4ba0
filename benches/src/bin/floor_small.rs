//! The floor of many small objects: 32 blocking sockets that stay open; get, open, write, close,
//! rename for each object, no checks.
//!
//! ```text
//! floor_small ADDRESS PREFIX COUNT FOLDER     # PREFIX/00000000 and so on
//! ```
#![expect(
    clippy::unwrap_used,
    reason = "a measuring program stops at the first surprise"
)]

use std::env;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use cos_benches::floor::Connection;

const CONNECTIONS: usize = 32;
const BUFFER: usize = 64 << 10;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, prefix, count, folder] = arguments.try_into().unwrap();
    let (address, count): (SocketAddr, u32) = (address.parse().unwrap(), count.parse().unwrap());
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).unwrap();
    let next = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut connection = Connection::open(address).unwrap();
                let mut buffer = vec![0; BUFFER];
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let name = format!("{number:08}");
                    let part = folder.join(format!("{name}.part"));
                    let mut file = File::create(&part).unwrap();
                    let write = |bytes: &[u8]| file.write_all(bytes);
                    connection
                        .get(&format!("{prefix}/{name}"), None, &mut buffer, write)
                        .unwrap();
                    drop(file);
                    fs::rename(part, folder.join(name)).unwrap();
                }
            });
        }
    });
}
