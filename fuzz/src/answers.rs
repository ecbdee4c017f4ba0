//! Heads of answers, and the bodies that say what went wrong.

use cos_proto::{
    ByteRange, ContentRange, Failure, GetObject, GuardError, HeadObject, Key, ServiceError,
    UnsatisfiedRange,
};
use http::{Response, StatusCode, response::Parts};

use crate::bucket;

/// A GET and its answer: a line with the range that was asked for, then status, headers, an empty
/// line and the body.
///
/// ```text
/// bytes=0-4
/// 206
/// Content-Range: bytes 0-4/10
///
/// hello
/// ```
///
/// A head that is accepted promises the bytes that were asked for, and the guard takes those and no
/// others.
pub fn answer_head(data: &[u8]) -> Option<()> {
    let (range, rest) = split(data, b'\n')?;
    let (head, body) = read_head(rest)?;
    let range = str::from_utf8(range)
        .ok()
        .and_then(|range| range.parse::<ByteRange>().ok());

    let asked = HeadObject::new(bucket(), key());
    if let Ok(object) = asked.judge(&head) {
        let _ = format!("{object:?} {:?}", object.restore());
    }

    let mut asked = GetObject::new(bucket(), key());
    asked.range = range;
    let (object, mut guard) = asked.judge(&head).ok()?;
    let promised = guard.range();
    match range {
        Some(range) if object.size() > 0 => {
            assert_eq!(Some(promised.clone()), range.resolve(object.size()));
        }
        _ => assert_eq!(promised, 0..object.size()),
    }

    let mut offset = promised.start;
    for chunk in body.chunks(7) {
        match guard.accept(chunk) {
            Ok(accepted) => assert_eq!(accepted, offset),
            Err(_) => break,
        }
        offset += u64::try_from(chunk.len()).expect("7 at most");
    }
    let length = u64::try_from(body.len()).expect("a length");
    let finished = guard.finish();
    match (promised.end - promised.start).cmp(&length) {
        std::cmp::Ordering::Less => assert_eq!(finished, Err(GuardError::Long)),
        std::cmp::Ordering::Greater => {
            assert!(matches!(finished, Err(GuardError::Short { .. })));
        }
        std::cmp::Ordering::Equal => match finished {
            Ok(extent) => assert_eq!(extent.offset()..extent.end(), promised),
            Err(error) => assert!(
                matches!(error, GuardError::ChecksumMismatch { .. }) && object.crc64().is_some()
            ),
        },
    }
    Some(())
}

/// The body of an answer that is not 2xx; the first two bytes choose the status.
pub fn service_error(data: &[u8]) -> Option<()> {
    let (status, body) = data.split_first_chunk::<2>()?;
    let status = 300 + u16::from_le_bytes(*status) % 300;
    let answer = Response::builder().status(status).body(());
    let (head, ()) = answer.expect("300 to 599").into_parts();
    let error = ServiceError::read(&head, body);
    assert_eq!(error.status().as_u16(), status);
    assert!(
        !error.to_string().contains(|c: char| c.is_control()),
        "a server's control character reaches the terminal"
    );
    let _ = Failure::of(&error).is_retryable();
    error.code().map(drop)
}

/// `Content-Range`, and `Range` as a user writes it: what is accepted means the same when it is
/// written and read again.
pub fn content_range(data: &[u8]) -> Option<()> {
    let text = str::from_utf8(data).ok()?;
    if let Ok(range) = text.parse::<ContentRange>() {
        assert!(range.first() <= range.last() && range.last() < range.complete());
        assert_eq!(range.to_string().parse(), Ok(range));
        return Some(());
    }
    if let Ok(range) = text.parse::<UnsatisfiedRange>() {
        assert_eq!(range.to_string().parse(), Ok(range));
        return Some(());
    }
    let range = text.parse::<ByteRange>().ok()?;
    assert_eq!(range.to_string().parse(), Ok(range));
    if let Some(resolved) = range.resolve(1000) {
        assert!(resolved.start < resolved.end && resolved.end <= 1000);
    }
    Some(())
}

/// Status, headers and an empty line, and what follows them.
fn read_head(data: &[u8]) -> Option<(Parts, &[u8])> {
    let (status, mut rest) = split(data, b'\n')?;
    let mut answer = Response::builder().status(StatusCode::from_bytes(status).ok()?);
    loop {
        let (line, next) = split(rest, b'\n')?;
        rest = next;
        if line.is_empty() {
            let (head, ()) = answer.body(()).ok()?.into_parts();
            return Some((head, rest));
        }
        let (name, value) = split(line, b':')?;
        answer = answer.header(name, value.trim_ascii());
    }
}

fn split(data: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let position = data.iter().position(|&byte| byte == separator)?;
    Some((&data[..position], &data[position + 1..]))
}

fn key() -> Key {
    Key::new("exampleobject").expect("a key")
}
