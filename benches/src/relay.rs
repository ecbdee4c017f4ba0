//! A server's distance: a relay that keeps each request for a while.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// The longest head that is passed on.
const HEAD: u64 = 64 << 10;

/// A relay between clients and a server, one connection for one connection, one request after the
/// other. It ends with the process.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
}

impl Relay {
    /// Passes each request on to `server` when it has waited for `delay`.
    ///
    /// # Panics
    ///
    /// If there is no port left.
    #[must_use]
    pub fn start(server: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client that goes away ends its connection, and nothing else.
                thread::spawn(move || pass(client, server, delay));
            }
        });
        Self { address }
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn pass(client: TcpStream, server: SocketAddr, delay: Duration) -> io::Result<()> {
    let upstream = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    upstream.set_nodelay(true)?;
    let (mut requests, mut answers) = (
        BufReader::new(client.try_clone()?),
        BufReader::new(upstream.try_clone()?),
    );
    loop {
        let request = head(&mut requests)?;
        thread::sleep(delay);
        (&upstream).write_all(&request)?;
        let answer = head(&mut answers)?;
        (&client).write_all(&answer)?;
        let mut body = (&mut answers).take(length(&answer));
        io::copy(&mut body, &mut &client)?;
    }
}

/// A head, up to its empty line.
fn head(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let (mut head, mut line) = (Vec::new(), 1);
    let mut limited = stream.take(HEAD);
    while line > b"\r\n".len() || head.is_empty() {
        line = limited.read_until(b'\n', &mut head)?;
        if line == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

fn length(head: &[u8]) -> u64 {
    let head = String::from_utf8_lossy(head);
    let mut lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    lengths.next_back().unwrap_or(0)
}
