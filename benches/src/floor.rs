//! The least that a client over plain sockets can do: no checks, no retries, nothing but the bytes.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;

/// A connection that stays open from request to request.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    host: SocketAddr,
}

impl Connection {
    /// Connects to `host`.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    pub fn open(host: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host })
    }

    /// Asks for `path`, or a range of it, and hands each run of bytes that one `recv` gave to
    /// `write`. Returns their number.
    ///
    /// # Errors
    ///
    /// Those of the connection and of `write`, and an answer that is no success with a length.
    pub fn get(
        &mut self,
        path: &str,
        range: Option<Range<u64>>,
        buffer: &mut [u8],
        mut write: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<u64> {
        let range = range.map_or_else(String::new, |range| {
            format!("Range: bytes={}-{}\r\n", range.start, range.end - 1)
        });
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{range}\r\n", self.host);
        self.stream.write_all(request.as_bytes())?;
        let (head, read) = self.read_head(buffer)?;
        let length = content_length(buffer.get(..head).unwrap_or_default())
            .ok_or_else(|| io::Error::other(format!("{path}: not a success with a length")))?;
        let mut left = length;
        let mut take = |bytes: &[u8], left: &mut u64| {
            *left = left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| io::Error::other("more bytes than were said"))?;
            write(bytes)
        };
        take(buffer.get(head..read).unwrap_or_default(), &mut left)?;
        while left > 0 {
            let read = self.stream.read(buffer)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            take(buffer.get(..read).unwrap_or_default(), &mut left)?;
        }
        Ok(length)
    }

    /// The length of the head at the beginning of `buffer`, and of all that was read.
    fn read_head(&mut self, buffer: &mut [u8]) -> io::Result<(usize, usize)> {
        let mut read = 0;
        loop {
            let more = self
                .stream
                .read(buffer.get_mut(read..).unwrap_or_default())?;
            read += more;
            let bytes = buffer.get(..read).unwrap_or_default();
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                return Ok((end + 4, read));
            }
            if more == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

fn content_length(head: &[u8]) -> Option<u64> {
    let head = str::from_utf8(head).ok()?;
    let (status, headers) = head.split_once("\r\n")?;
    status.starts_with("HTTP/1.1 20").then_some(())?;
    let value = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    })?;
    value.trim().parse().ok()
}
