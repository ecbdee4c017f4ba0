//! nginx as a server of plain files: objects with ranges and conditions, anonymously and
//! path-style.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::program;
use crate::common::{BUCKET, Place, object};

/// A running nginx that serves a folder of its own, in the foreground and as one process.
struct Nginx {
    port: u16,
    child: Child,
    folder: TempDir,
}

impl Nginx {
    /// A server with these files in [`BUCKET`]; none without nginx.
    async fn start(files: &[(&str, &[u8])]) -> Option<Self> {
        let nginx = program(&["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"])?;
        let folder = TempDir::new().unwrap();
        for (key, content) in files {
            let path = folder.path().join("root").join(BUCKET).join(key);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        // Somebody else may take the port that was free a moment ago.
        for _ in 0..5 {
            if let Some(started) = Self::try_start(&nginx, &folder).await {
                let (port, child) = started;
                return Some(Self {
                    port,
                    child,
                    folder,
                });
            }
        }
        panic!(
            "nginx does not start: {:?}",
            fs::read_to_string(folder.path().join("error.log"))
        );
    }

    async fn try_start(nginx: &PathBuf, folder: &TempDir) -> Option<(u16, Child)> {
        let port = free_port();
        let at = folder.path().display();
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {at}/{name};"))
            .concat();
        // One process, so that its pid is all there is to stop.
        let configuration = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; merge_slashes off; {paths}\n\
             server {{ listen 127.0.0.1:{port}; root {at}/root; }} }}\n"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let mut child = Command::new(nginx)
            .arg("-c")
            .arg(file)
            .arg("-e")
            .arg(folder.path().join("error.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            if TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
                .await
                .is_ok()
            {
                return Some((port, child));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }

    fn place(&self) -> Place {
        Place::anonymous(&format!("http://127.0.0.1:{}", self.port))
    }

    async fn stop(mut self) {
        self.child.kill().await.unwrap();
        self.folder.close().unwrap();
    }
}

#[tokio::test]
async fn objects_are_fetched_whole_and_verified_by_their_size() {
    let large: Vec<u8> = (0..5_000_000_u32)
        .map(|number| number.to_be_bytes()[3])
        .collect();
    let odd = "数据/文件 (1)~'*!.bin";
    let Some(nginx) = Nginx::start(&[("dir/large", &large), (odd, b"odd"), ("empty", b"")]).await
    else {
        return;
    };
    let place = nginx.place();
    place
        .cos(["cp", "--anonymous", &object("dir/large"), "."])
        .await
        .exits(0)
        .says(&["4.7 MiB", "verified by size"]);
    assert!(place.read("large") == large);
    let output = place
        .command(["cat", "--anonymous", &object("dir/large")])
        .output()
        .await
        .unwrap();
    assert!(output.stdout == large && output.status.success());
    place
        .cos(["cp", "--anonymous", &object(odd), "odd"])
        .await
        .exits(0);
    assert_eq!(place.read("odd"), b"odd");
    place
        .cos(["cp", "--anonymous", &object("empty"), "empty"])
        .await
        .exits(0);
    assert_eq!(place.read("empty"), b"");
    // It keeps no CRC64, and says nothing that could be taken for one.
    place
        .cos([
            "cp",
            "--anonymous",
            &object(odd),
            "strict",
            "--require-crc64",
        ])
        .await
        .exits(6);
    nginx.stop().await;
}

#[tokio::test]
async fn ranges() {
    let Some(nginx) = Nginx::start(&[("k", b"0123456789")]).await else {
        return;
    };
    let place = nginx.place();
    for (range, bytes) in [
        ("bytes=2-4", "234"),
        ("bytes=7-", "789"),
        ("bytes=-2", "89"),
        ("bytes=8-99", "89"),
    ] {
        let ran = place
            .cos(["cat", "--anonymous", &object("k"), "--range", range])
            .await
            .exits(0);
        assert_eq!(ran.stdout, bytes);
    }
    place
        .cos(["cat", "--anonymous", &object("k"), "--range", "bytes=10-"])
        .await
        .exits(1)
        .says(&["status: 416", "10 bytes"]);
    nginx.stop().await;
}

#[tokio::test]
async fn conditions() {
    let Some(nginx) = Nginx::start(&[("k", b"content")]).await else {
        return;
    };
    let place = nginx.place();
    let stat = place
        .cos(["stat", "--json", "--anonymous", &object("k")])
        .await
        .exits(0)
        .json();
    let (etag, time) = (
        stat["etag"].as_str().unwrap(),
        stat["last_modified"].as_str().unwrap(),
    );
    assert_eq!(stat["size"], 7);
    for (options, exit) in [
        (["--if-match", etag], 0),
        (["--if-match", "other"], 5),
        (["--if-none-match", etag], 5),
        (["--if-none-match", "other"], 0),
        (["--if-modified-since", time], 5),
        (["--if-unmodified-since", time], 0),
        (["--if-unmodified-since", "2001-01-01T00:00:00Z"], 5),
    ] {
        place
            .cos(["cat", "--anonymous", &object("k"), options[0], options[1]])
            .await
            .exits(exit);
    }
    nginx.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_3_and_a_page_that_is_no_listing_is_an_error() {
    let Some(nginx) = Nginx::start(&[("k", b"content")]).await else {
        return;
    };
    let place = nginx.place();
    place
        .cos(["cp", "--anonymous", &object("gone"), "out"])
        .await
        .exits(3)
        .says(&["status: 404"]);
    place
        .cos(["ls", "--anonymous", &object("")])
        .await
        .exits(4)
        .says(&["status: 403"]);
    assert_eq!(place.names(), [] as [&str; 0]);
    nginx.stop().await;
}

/// A port of the loopback interface that was free a moment ago: nginx takes no listener from us.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
