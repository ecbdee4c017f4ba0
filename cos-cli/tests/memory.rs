//! A listing of a million keys in little memory: over a server that makes its pages as they are
//! asked for, and holds none.
//!
//! A program of its own: the system counts what a process has before it starts another one to that
//! other one's peak.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise, and says what it measured"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use wait4::Wait4;

/// Peak memory that a listing may have, whatever its length.
const MOST: u64 = 64 << 20;

const KEYS_OF_A_PAGE: u64 = 1000;

const LOGS: &str = "cos://examplebucket-1250000000/logs/";

/// Starts a server of one bucket of `keys` keys of `size` bytes, for as long as the test's process
/// runs.
fn bucket_of(keys: u64, size: u64) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = connection.unwrap();
            thread::spawn(move || answer(connection, keys, size));
        }
    });
    url
}

/// Answers requests for pages until the connection ends.
fn answer(mut connection: TcpStream, keys: u64, size: u64) {
    let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
    let mut next = 0;
    while let Some(Ok(line)) = lines.next() {
        if let Some(request) = line.strip_prefix("GET ") {
            let target = request.split(' ').next().unwrap();
            let marker = target
                .split(['?', '&'])
                .find_map(|part| part.strip_prefix("marker="));
            let last = marker.map(|key| key.rsplit('-').next().unwrap().parse::<u64>().unwrap());
            next = last.map_or(0, |last| last + 1);
        } else if line.is_empty() {
            let page = page(next, keys, size);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", page.len());
            let sent = connection.write_all(head.as_bytes());
            if sent
                .and_then(|()| connection.write_all(page.as_bytes()))
                .is_err()
            {
                return;
            }
        }
    }
}

fn page(first: u64, keys: u64, size: u64) -> String {
    let end = keys.min(first + KEYS_OF_A_PAGE);
    let more = end < keys;
    let mut page = format!(
        "<?xml version='1.0' encoding='utf-8' ?>\n<ListBucketResult>\n\t<EncodingType>url</EncodingType>\n\
         \t<IsTruncated>{more}</IsTruncated>\n"
    );
    if more {
        writeln!(page, "\t<NextMarker>logs/part-{:09}</NextMarker>", end - 1).unwrap();
    }
    for key in first..end {
        let class = if key.is_multiple_of(10) {
            "ARCHIVE"
        } else {
            "STANDARD"
        };
        write!(
            page,
            "\t<Contents>\n\t\t<Key>logs/part-{key:09}</Key>\n\
             \t\t<LastModified>2020-12-10T03:37:30.000Z</LastModified>\n\
             \t\t<ETag>&quot;{key:032x}&quot;</ETag>\n\t\t<Size>{size}</Size>\n\
             \t\t<Owner>\n\t\t\t<ID>1250000000</ID>\n\t\t\t<DisplayName>1250000000</DisplayName>\n\t\t</Owner>\n\
             \t\t<StorageClass>{class}</StorageClass>\n\t</Contents>\n"
        )
        .unwrap();
    }
    page.push_str("</ListBucketResult>\n");
    page
}

/// How much a run wrote to stdout, how that ended, and its peak.
struct Ran {
    lines: u64,
    end: Vec<u8>,
    peak: u64,
}

/// Runs the binary to its end. Its lines are counted and not kept.
fn run(endpoint: &str, arguments: &[&str]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cos"))
        .args(arguments)
        .args(["--anonymous", "--endpoint", endpoint])
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (mut end, mut lines, mut chunk) = (Vec::new(), 0, [0; 16 * 1024]);
    loop {
        let read = stdout.read(&mut chunk).unwrap();
        let Some(chunk) = chunk.get(..read).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        lines += chunk
            .iter()
            .map(|byte| u64::from(*byte == b'\n'))
            .sum::<u64>();
        end.extend_from_slice(chunk);
        end.drain(..end.len().saturating_sub(1000));
    }
    let ended = child.wait4().unwrap();
    assert!(ended.status.success(), "{arguments:?}: {}", ended.status);
    let peak = ended.rusage.maxrss;
    eprintln!("{arguments:?}: at most {} KiB", peak >> 10);
    assert!(peak < MOST, "{arguments:?}: {peak} bytes");
    Ran { lines, end, peak }
}

/// As many as are promised in the long run; else enough to tell what grows from what does not.
fn keys(short: u64) -> u64 {
    match std::env::var_os("COS_LONG") {
        Some(_) => 1_000_000,
        None => short,
    }
}

#[test]
fn a_million_keys_take_no_more_memory_than_a_few_pages() {
    let keys = keys(30_000);
    let (few, many) = (bucket_of(3_000, 7), bucket_of(keys, 7));
    for arguments in [["ls", "-r", LOGS].as_slice(), &["ls", "-r", "--json", LOGS]] {
        assert_eq!(run(&many, arguments).lines, keys);
    }
    let sum = run(&many, &["du", "--json", LOGS]);
    let told: serde_json::Value = serde_json::from_slice(&sum.end).unwrap();
    assert_eq!(told["objects"], keys);
    assert_eq!(told["bytes"], keys * 7);
    assert_eq!(told["by_storage_class"]["ARCHIVE"]["objects"], keys / 10);
    // What it takes does not grow with the bucket.
    let least = run(&few, &["du", LOGS]).peak;
    assert!(sum.peak < least + (5 << 20), "{} of {least}", sum.peak);
}

/// Everything is there already: empty files with the times of the listing.
#[test]
fn a_million_files_that_are_up_to_date_are_compared_in_as_little() {
    let keys = keys(5_000);
    let folder = tempfile::TempDir::new().unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_607_571_450);
    for key in 0..keys {
        let path = folder.path().join(format!("part-{key:09}"));
        fs::File::create_new(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    let directory = folder.path().to_str().unwrap();
    let ran = run(
        &bucket_of(keys, 0),
        &["sync", "--json", "--exclude", "*-8", LOGS, directory],
    );
    let told = String::from_utf8(ran.end).unwrap();
    let summary: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&summary["objects"], &summary["failed"]),
        (&0.into(), &0.into()),
        "{told}"
    );
    assert_eq!(summary["skipped"], keys);
}
