//! Proxies through the real binary, each as a stand-in that says what it was asked.

use std::sync::{Arc, Mutex};

use cos_emulator::Object;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::common::{Place, SECRET_ID, SECRET_KEY, closed_url, emulator, object};

/// What `Proxy-Authorization` is for `user` and `canary:word`.
const BASIC: &str = "Basic dXNlcjpjYW5hcnk6d29yZA==";

/// A proxy that serves one object itself, wherever it is said to be, and opens no tunnel.
struct StandIn {
    url: String,
    with_password: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl StandIn {
    /// One that answers each request with this.
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let byte = stream.read_u8().await.unwrap();
                    head.push(byte);
                }
                log.lock().unwrap().push(String::from_utf8(head).unwrap());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self {
            url: format!("http://{addr}"),
            with_password: format!("http://user:canary%3Aword@{addr}"),
            asked,
        }
    }

    /// The heads of the requests so far.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

const CONTENT: &str = "HTTP/1.1 200 OK\r\nx-cos-request-id: 1\r\nETag: \"e\"\r\n\
    Last-Modified: Thu, 10 Dec 2020 03:37:30 GMT\r\nContent-Length: 7\r\nConnection: close\r\n\r\n\
    content";

const CREDENTIALS_WANTED: &str = "HTTP/1.1 407 Proxy Authentication Required\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// Somewhere that only a proxy could know.
fn away(scheme: &str) -> Place {
    Place::anonymous(&format!("{scheme}://cos.invalid"))
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", SECRET_KEY)
}

#[tokio::test]
async fn the_option_the_environment_and_the_profile_name_a_proxy_in_this_order() {
    let first = StandIn::start(CONTENT).await;
    let second = StandIn::start(CONTENT).await;
    let url = "GET http://examplebucket-1250000000.cos.invalid/k HTTP/1.1\r\n";
    let k = object("k");
    let cat = async |place: &Place, options: &[&str]| {
        let mut arguments = vec!["cat", k.as_str()];
        arguments.extend(options);
        let ran = place.cos(&arguments).await.exits(0);
        assert_eq!(ran.stdout, "content");
        (first.asked(), second.asked())
    };

    let (asked, _) = cat(&away("http"), &["--proxy", &first.with_password]).await;
    assert!(asked[0].starts_with(url), "{asked:?}");
    assert!(asked[0].contains(BASIC), "{asked:?}");

    let place = away("http").env("HTTP_PROXY", &second.with_password);
    let (_, asked) = cat(&place, &[]).await;
    assert!(
        asked[0].starts_with(url) && asked[0].contains(BASIC),
        "{asked:?}"
    );
    let (asked, none) = cat(&place, &["--proxy", &first.url]).await;
    assert!(asked.len() == 1 && none.is_empty());
    assert!(!asked[0].contains("Basic"), "{asked:?}");

    let config = place.path("config.toml");
    let profile = format!("[profile.p]\nproxy = \"{}\"\n", first.url);
    std::fs::write(&config, profile).unwrap();
    let config = config.to_str().unwrap().to_owned();
    let with_profile = ["--config", config.as_str(), "--profile", "p"];
    let (none, asked) = cat(&place, &with_profile).await;
    assert!(asked.len() == 1 && none.is_empty());
    let (asked, _) = cat(&place.env("HTTP_PROXY", ""), &with_profile).await;
    assert!(asked[0].starts_with(url), "{asked:?}");
}

#[tokio::test]
async fn https_is_asked_of_another_variable_and_in_a_tunnel() {
    let proxy = StandIn::start(CREDENTIALS_WANTED).await;
    let place = away("https")
        .env("HTTP_PROXY", &closed_url())
        .env("HTTPS_PROXY", &proxy.with_password);
    let ran = place
        .cos(["cat", "-vvv", &object("k")])
        .await
        .exits(8)
        .says(&[
            &format!("the proxy {} does not let the request through", proxy.url),
            "it refuses these credentials (status 407)",
            "hint: check --proxy",
        ]);
    assert!(
        !ran.stderr.contains("canary") && !ran.stderr.contains("dXNlcj"),
        "{ran:#?}"
    );
    let asked = proxy.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let connect = "CONNECT examplebucket-1250000000.cos.invalid:443 HTTP/1.1\r\n";
    assert!(
        asked[0].starts_with(connect) && asked[0].contains(BASIC),
        "{asked:?}"
    );
    assert!(!asked[0].contains("q-sign"), "{asked:?}");
}

#[tokio::test]
async fn hosts_of_no_proxy_and_an_empty_proxy_are_reached_directly() {
    let proxy = StandIn::start(CONTENT).await;
    let place = away("http")
        .env("HTTP_PROXY", &proxy.url)
        .env("NO_PROXY", "other.example, .cos.invalid");
    let k = object("k");
    for options in [vec![], vec!["--proxy", &proxy.url]] {
        let mut arguments = vec!["cat", k.as_str(), "--retries", "0"];
        arguments.extend(options);
        place
            .cos(arguments)
            .await
            .exits(8)
            .says(&["cannot connect to"]);
    }
    let place = place.env("NO_PROXY", "");
    place
        .cos(["cat", &k, "--retries", "0", "--proxy", ""])
        .await
        .exits(8);
    assert_eq!(proxy.asked(), [""; 0]);
}

#[tokio::test]
async fn a_proxy_that_is_down_is_named() {
    let url = closed_url();
    away("https")
        .cos(["cat", &object("k"), "--proxy", &url, "--retries", "0"])
        .await
        .exits(8)
        .says(&[&format!("cannot connect to the proxy {url}")]);
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_is_2_and_not_passed_over() {
    let url = "socks5://user:canary@127.0.0.1:1";
    let k = object("k");
    let place = away("https").env("ALL_PROXY", url);
    let ran = place.cos(["cat", &k]).await.exits(2);
    assert!(
        ran.stderr.contains("ALL_PROXY names no usable proxy"),
        "{ran:#?}"
    );
    assert!(!ran.stderr.contains("canary"), "{ran:#?}");
    let ran = place.cos(["cat", &k, "--proxy", url]).await.exits(2);
    assert!(
        ran.stderr.contains("only http:// and https:// proxies"),
        "{ran:#?}"
    );
    assert!(!ran.stderr.contains("canary"), "{ran:#?}");

    // It is of no matter to an endpoint of this machine.
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator).env("ALL_PROXY", url);
    assert_eq!(place.cos(["cat", &k]).await.exits(0).stdout, "content");
    // A proxy that is named for the run is used there as well.
    place.cos(["cat", &k, "--proxy", url]).await.exits(2);
    emulator.shutdown().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_profile_with_a_proxys_password_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = away("http");
    let config = place.path("config.toml");
    std::fs::write(&config, "[profile.p]\nproxy = \"http://u:canary@h:1\"\n").unwrap();
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o644)).unwrap();
    let config = config.to_str().unwrap();
    let ran = place
        .cos(["cat", &object("k"), "--config", config, "--profile", "p"])
        .await
        .exits(2)
        .says(&["holds a secret"]);
    assert!(!ran.stderr.contains("canary"), "{ran:#?}");
}
