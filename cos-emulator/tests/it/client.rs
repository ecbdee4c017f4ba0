//! A client that sends exactly what it is told to, and tells exactly what came back.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use cos_emulator::{Emulator, MemoryBucket, Object};

pub(crate) const BUCKET: &str = "examplebucket-1250000000";

/// Nothing in these tests takes that long.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer, and how the connection ended.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) was_reset: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The text of the first element of this name.
    pub(crate) fn element(&self, name: &str) -> &str {
        let (_, rest) = self.text().split_once(&format!("<{name}>")).unwrap();
        rest.split_once(&format!("</{name}>")).unwrap().0
    }

    /// The texts of all elements of this name.
    pub(crate) fn elements(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let mut rest = self.text();
        let mut texts = Vec::new();
        while let Some((_, from)) = rest.split_once(&open) {
            let (text, after) = from.split_once(&close).unwrap();
            texts.push(text);
            rest = after;
        }
        texts
    }
}

/// An anonymous emulator over one bucket.
pub(crate) fn emulator(bucket: &MemoryBucket) -> Emulator {
    Emulator::builder()
        .bucket(bucket.clone())
        .anonymous()
        .start_on_thread()
        .unwrap()
}

/// A bucket with one object, `a/b`.
pub(crate) fn bucket(bytes: &'static str) -> MemoryBucket {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("a/b", Object::new(bytes));
    bucket
}

/// Sends a request for the path below the bucket, in path style, with these header lines.
pub(crate) fn get(emulator: &Emulator, path: &str, headers: &[&str]) -> Reply {
    send(emulator, "GET", path, headers)
}

pub(crate) fn head(emulator: &Emulator, path: &str, headers: &[&str]) -> Reply {
    send(emulator, "HEAD", path, headers)
}

pub(crate) fn send(emulator: &Emulator, method: &str, path: &str, headers: &[&str]) -> Reply {
    let host = emulator.addr();
    let mut request = format!("{method} /{BUCKET}{path} HTTP/1.1\r\nhost: {host}\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("connection: close\r\n\r\n");
    exchange(emulator.addr(), request.as_bytes()).unwrap()
}

/// Sends bytes and reads until the connection ends. `None` if it ended without a head.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Option<Reply> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request).unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 65_536];
    let was_reset = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break false,
            Ok(read) => received.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break true,
            Err(error) => panic!("{error}, after {} bytes", received.len()),
        }
    };
    let end = received
        .windows(4)
        .position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(received[..end].to_vec()).unwrap();
    Some(Reply {
        status: head.get(9..12).unwrap().parse().unwrap(),
        head,
        body: received[end + 4..].to_vec(),
        was_reset,
    })
}
