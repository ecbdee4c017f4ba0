//! Objects of every size, served by nginx: a server that is not ours, over files with holes.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cos_proto::{Addressing, Bucket, ByteRange, Endpoint, GetObject, Key};
use cos_transfer::{Downloader, Verified};
use cos_transport::Client;
use tempfile::TempDir;

use crate::support::content;

const BUCKET: &str = "examplebucket-1250000000";
const MIB: u64 = 1024 * 1024;

/// A running nginx, as one process, over a folder of its own in memory, where a file may be longer
/// than a disk.
struct Nginx {
    port: u16,
    child: Child,
    folder: TempDir,
}

impl Nginx {
    /// A server that says `extra` besides; none without nginx.
    fn start(extra: &str) -> Option<Self> {
        let places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
        let Some(nginx) = places.iter().map(Path::new).find(|path| path.is_file()) else {
            assert!(
                std::env::var_os("COS_REQUIRE_PEERS").is_none(),
                "nginx is not installed (Debian: nginx-light)"
            );
            let _ = writeln!(
                io::stderr(),
                "SKIPPED: nginx is not installed (Debian: nginx-light)"
            );
            return None;
        };
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => TempDir::new_in(memory),
            false => TempDir::new(),
        };
        let folder = folder.unwrap();
        // It may serve as another user.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir_all(folder.path().join("root").join(BUCKET)).unwrap();
        // Somebody else may take the port that was free a moment ago.
        let mut started = (0..5).map(|_| Self::try_start(nginx, folder.path(), extra));
        let Some((child, port)) = started.find_map(|started| started) else {
            let log = fs::read_to_string(folder.path().join("error.log"));
            panic!("nginx does not start: {log:?}");
        };
        Some(Self {
            child,
            port,
            folder,
        })
    }

    fn try_start(nginx: &Path, folder: &Path, extra: &str) -> Option<(Child, u16)> {
        let port = free_port();
        let file = folder.join("nginx.conf");
        fs::write(&file, configuration(folder, port, extra)).unwrap();
        let mut child = Command::new(nginx)
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(folder.join("error.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let deadline = Instant::now() + Duration::from_secs(10);
        while child.try_wait().unwrap().is_none() {
            if TcpStream::connect(address).is_ok() {
                return Some((child, port));
            }
            assert!(Instant::now() < deadline, "nginx does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// A file of `len` bytes, all of them a hole but those at its end.
    fn serve(&self, key: &str, len: u64, end: &[u8]) {
        let path = self.folder.path().join("root").join(BUCKET).join(key);
        let file = File::create(path).unwrap();
        file.set_len(len).unwrap();
        file.write_all_at(end, len - end.len() as u64).unwrap();
    }

    fn downloader(&self) -> Downloader<Client> {
        let url = format!("http://127.0.0.1:{}", self.port);
        let endpoint = Endpoint::service_url(&url, Addressing::Auto).unwrap();
        let client = Client::builder(endpoint.clone()).build().unwrap();
        Downloader::new(client, endpoint)
    }

    /// A place for what is downloaded, where there are holes as well.
    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One process, so that its pid is all there is to stop.
fn configuration(at: &Path, port: u16, extra: &str) -> String {
    let at = at.display();
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {at}/{name};"))
        .concat();
    format!(
        "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;\n\
         events {{ worker_connections 64; }}\n\
         http {{ access_log off; sendfile on; keepalive_requests 1000000; {paths}\n\
         {extra}\n\
         server {{ listen 127.0.0.1:{port}; root {at}/root; limit_rate $rate; }} }}\n"
    )
}

/// As fast as it goes.
const UNLIMITED: &str = "map $connection $rate { default 0; }";

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn object(key: &str) -> GetObject {
    GetObject::new(Bucket::new(BUCKET).unwrap(), Key::new(key).unwrap())
}

#[tokio::test]
async fn sizes_around_the_part_size() {
    let Some(nginx) = Nginx::start(UNLIMITED) else {
        return;
    };
    for (len, requests) in [
        (0, 1),
        (1, 1),
        (MIB - 1, 1),
        (MIB, 1),
        (MIB + 1, 2),
        (3 * MIB - 1, 3),
        (3 * MIB, 3),
        (3 * MIB + 1, 4),
    ] {
        let key = len.to_string();
        let content = content(len.try_into().unwrap());
        nginx.serve(&key, len, &content);
        let dest = nginx.beside("file");
        let downloader = nginx.downloader().part_size(MIB);
        let report = downloader.download(object(&key), &dest).await.unwrap();
        assert_eq!((report.bytes, report.fetched), (len, len));
        assert_eq!(report.requests, requests, "{len} bytes");
        assert_eq!(report.verified, Verified::Size);
        assert!(fs::read(&dest).unwrap() == content, "{len} bytes");
        let mut copied = Vec::new();
        let report = downloader.copy(object(&key), &mut copied).await.unwrap();
        assert_eq!(report.bytes, len);
        assert!(copied == content, "{len} bytes");
    }
}

/// Offsets that do not fit into 32 bits. All of it is fetched in the long run only: the holes of an
/// object are bytes on the wire.
#[tokio::test]
async fn sizes_around_two_to_the_power_of_32() {
    const BOUNDARY: u64 = 1 << 32;
    let Some(nginx) = Nginx::start(UNLIMITED) else {
        return;
    };
    let end = content(3_000_000);
    for len in [BOUNDARY - 1, BOUNDARY, BOUNDARY + 1] {
        nginx.serve("large", len, &end);
        let downloader = nginx.downloader().part_size(MIB);
        let dest = nginx.beside("file");

        // Across the boundary, where there is anything beyond it.
        let from = len - end.len() as u64;
        let get = object("large").range(ByteRange::new(from, len - 1).unwrap());
        let report = downloader.download(get, &dest).await.unwrap();
        assert_eq!(report.bytes, end.len() as u64);
        assert!(fs::read(&dest).unwrap() == end, "{len} bytes");

        if std::env::var_os("COS_LONG").is_some() {
            let get = object("large");
            let report = nginx.downloader().download(get, &dest).await.unwrap();
            assert_eq!(report.bytes, len);
            let file = File::open(&dest).unwrap();
            assert_eq!(file.metadata().unwrap().len(), len);
            let mut read = vec![0; end.len()];
            file.read_exact_at(&mut read, from).unwrap();
            assert!(read == end, "{len} bytes");
        }
    }
}

#[tokio::test]
async fn the_last_bytes_of_50_tebibytes() {
    const LEN: u64 = 50 << 40;
    let Some(nginx) = Nginx::start(UNLIMITED) else {
        return;
    };
    let end = content(2_500_000);
    nginx.serve("vast", LEN, &end);
    let downloader = nginx.downloader().part_size(MIB);
    let dest = nginx.beside("file");
    let from = LEN - end.len() as u64;
    for range in [
        ByteRange::new(from, LEN - 1).unwrap(),
        ByteRange::starting_at(from),
        ByteRange::suffix(end.len() as u64).unwrap(),
    ] {
        let get = object("vast").range(range);
        let report = downloader.download(get.clone(), &dest).await.unwrap();
        assert_eq!(report.bytes, end.len() as u64, "{range}");
        assert!(fs::read(&dest).unwrap() == end, "{range}");
        let mut copied = Vec::new();
        downloader.copy(get, &mut copied).await.unwrap();
        assert!(copied == end, "{range}");
    }
    let get = object("vast").range(ByteRange::starting_at(LEN));
    downloader.download(get, &dest).await.unwrap_err();
}

/// One connection of five crawls. Its range is given to others, so that it does not decide the end:
/// 200 MiB at 4 * 10 + 0.5 MB/s take 5.2 seconds, and may take 15 % more.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn t5_one_slow_connection_of_five_does_not_decide_the_end() {
    const LEN: u64 = 200 * MIB;
    // Connections are counted from when the server starts; this test's own are the first.
    let rates = "map $connection $rate { default 10m; ~[05]$ 500k; }";
    if std::env::var_os("COS_LONG").is_none() {
        eprintln!("SKIPPED: it takes six seconds; COS_LONG runs it");
        return;
    }
    let Some(nginx) = Nginx::start(rates) else {
        return;
    };
    nginx.serve("object", LEN, b"end");
    let started = Instant::now();
    let dest = nginx.beside("file");
    let download = nginx.downloader().download(object("object"), &dest);
    let report = download.await.unwrap();
    let took = started.elapsed();
    assert_eq!(report.bytes, LEN);
    let ideal = Duration::from_secs_f64(LEN as f64 / 40.5e6);
    eprintln!(
        "{took:?}, {:.3} of the ideal",
        took.as_secs_f64() / ideal.as_secs_f64()
    );
    assert!(took < ideal.mul_f64(1.15), "{took:?}");
}
