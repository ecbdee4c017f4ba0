//! tinyproxy, from Debian, between the client and the emulator.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cos_emulator::{Emulator, Object, TestCa};
use cos_proto::{Endpoint, Failure, Region};
use cos_transport::{Client, ClientBuilder, ErrorKind, Proxies, Proxy};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::tls_front::TlsFront;
use super::{Log, refused_for_good, shown};
use crate::support::{BUCKET, all, bucket, content, credentials, endpoint, get, key};

const PROGRAM: &str = "/usr/bin/tinyproxy";
const USER: &str = "proxy-user";
const PASSWORD: &str = "hushproxypassword";

/// A running tinyproxy, in the foreground, with a folder of its own.
struct Tinyproxy {
    addr: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Tinyproxy {
    /// None without the program, after a loud word.
    async fn start(settings: &str) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            let required = std::env::var_os("COS_REQUIRE_PEERS").is_some_and(|value| value == "1");
            assert!(!required, "COS_REQUIRE_PEERS=1, and there is no {PROGRAM}");
            let test = std::thread::current().name().unwrap_or("?").to_owned();
            // Past the test harness, which keeps the output of tests that pass to itself.
            let line = format!("\nSKIPPED: {test}: there is no {PROGRAM}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        }
        // Somebody else may take the port that was free a moment ago.
        let mut started = None;
        for _ in 0..5 {
            if started.is_none() {
                started = Self::try_start(settings).await;
            }
        }
        assert!(started.is_some(), "tinyproxy does not start");
        started
    }

    /// One that asks for [`USER`] and [`PASSWORD`].
    async fn with_credentials() -> Option<Self> {
        Self::start(&format!("BasicAuth {USER} {PASSWORD}\n")).await
    }

    async fn try_start(settings: &str) -> Option<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let folder = TempDir::new().unwrap();
        let log = folder.path().join("log");
        let file = folder.path().join("tinyproxy.conf");
        let configuration = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nAllow 127.0.0.1\n\
             LogLevel Info\nLogFile \"{}\"\n{settings}",
            log.display()
        );
        fs::write(&file, configuration).unwrap();
        let mut child = Command::new(PROGRAM)
            .arg("-d")
            .arg("-c")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            // Who listens there by now might be somebody else; its log says that it is ours.
            let listens = TcpStream::connect(addr).await.is_ok();
            if listens && fs::read_to_string(&log).is_ok_and(|log| log.contains("listening")) {
                return Some(Self {
                    addr,
                    child,
                    folder,
                });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }

    /// The requests that it was asked for, as it logs them.
    fn requests(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        let lines = log.lines().filter(|line| line.contains("Request (file"));
        let request = |line: &str| line.split("): ").nth(1).unwrap_or(line).to_owned();
        lines.map(request).collect()
    }

    fn proxy(&self) -> Proxy {
        Proxy::new(&format!("http://{}", self.addr)).unwrap()
    }

    async fn stop(mut self) {
        self.child.kill().await.unwrap();
        self.folder.close().unwrap();
    }
}

/// An emulator with TLS, and who vouches for it.
async fn with_tls(host: &str) -> (Emulator, TestCa) {
    let ca = TestCa::new().unwrap();
    let emulator = Emulator::builder()
        .bucket(bucket())
        .credentials(credentials())
        .tls(ca.certificate([host]).unwrap())
        .start()
        .await
        .unwrap();
    (emulator, ca)
}

fn through(emulator: &Emulator, ca: &TestCa, proxy: Proxy) -> ClientBuilder {
    Client::builder(endpoint(emulator))
        .credentials(credentials())
        .ca_cert(ca.pem())
        .proxies(proxy)
}

#[track_caller]
fn asked(tinyproxy: &Tinyproxy, line: &str) {
    let requests = tinyproxy.requests();
    assert!(
        requests.iter().any(|it| it.starts_with(line)),
        "{requests:?}"
    );
}

#[tokio::test]
async fn https_goes_through_one_tunnel_with_and_without_credentials() {
    let (emulator, ca) = with_tls("127.0.0.1").await;
    for with_credentials in [false, true] {
        let started = match with_credentials {
            true => Tinyproxy::with_credentials().await,
            false => Tinyproxy::start("").await,
        };
        let Some(tinyproxy) = started else { return };
        let mut proxy = tinyproxy.proxy();
        if with_credentials {
            proxy = proxy.with_credentials(USER, PASSWORD).unwrap();
        }
        let before = emulator.connections();
        let client = through(&emulator, &ca, proxy).build().unwrap();
        for _ in 0..3 {
            let (_, body) = client.get_object(get()).await.unwrap();
            assert!(all(body).await.unwrap() == content());
        }
        assert_eq!(
            tinyproxy.requests(),
            [format!("CONNECT {} HTTP/1.1", emulator.addr())]
        );
        // Kept and used again.
        assert_eq!(emulator.connections(), before + 1);
        tinyproxy.stop().await;
    }
    for request in emulator.log() {
        assert_eq!(request.header("proxy-authorization"), None);
        assert_eq!(request.header("via"), None);
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn http_is_handed_over_with_its_uri_byte_for_byte() {
    let store = bucket();
    let odd = [
        "a//b",
        "x/./y",
        "a/../b",
        "a+b c&d=e%20f#g?h",
        "数据/~'*!()",
    ];
    for key in odd {
        store.put(key, Object::new(key));
    }
    let emulator = Emulator::builder()
        .bucket(store)
        .credentials(credentials())
        .start()
        .await
        .unwrap();
    let Some(tinyproxy) = Tinyproxy::with_credentials().await else {
        return emulator.shutdown().await.unwrap();
    };
    let url = format!("http://{USER}:{PASSWORD}@{}", tinyproxy.addr);
    let client = Client::builder(endpoint(&emulator))
        .credentials(credentials())
        .proxies(Proxy::new(&url).unwrap())
        .build()
        .unwrap();
    for name in odd {
        let (_, body) = client.get_object(key(name)).await.unwrap();
        assert_eq!(all(body).await.unwrap(), name, "{name}");
    }
    asked(
        &tinyproxy,
        &format!("GET http://{}/{BUCKET}/a//b HTTP/1.1", emulator.addr()),
    );
    for request in emulator.log() {
        assert!(request.header("via").unwrap().contains("tinyproxy"));
        assert_eq!(request.header("proxy-authorization"), None);
        assert_eq!(request.host(), emulator.addr().to_string());
    }
    tinyproxy.stop().await;
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t13_a_proxy_that_asks_for_credentials_is_named_without_them() {
    let (https, ca) = with_tls("127.0.0.1").await;
    let http = crate::support::emulator().await;
    let Some(tinyproxy) = Tinyproxy::with_credentials().await else {
        return;
    };
    let name = format!("the proxy http://{}", tinyproxy.addr);
    for emulator in [&https, &http] {
        let none = tinyproxy.proxy();
        let client = through(emulator, &ca, none).build().unwrap();
        let error = client.get_object(get()).await.unwrap_err();
        refused_for_good(&error, &[&name, "it asks for credentials (status 407)"]);

        let wrong = tinyproxy.proxy().with_credentials(USER, "wrong-hush");
        let builder = through(emulator, &ca, wrong.unwrap());
        assert!(!format!("{builder:?}").contains("hush"));
        let error = builder
            .build()
            .unwrap()
            .get_object(get())
            .await
            .unwrap_err();
        // tinyproxy answers 401 here, and 407 only to those who send none.
        refused_for_good(
            &error,
            &[&name, "it refuses these credentials (status 401)"],
        );
        assert!(!shown(&error).contains("hush"), "{error:?}");
        assert!(emulator.log().is_empty());
    }
    tinyproxy.stop().await;
}

#[tokio::test]
async fn the_name_that_counts_is_the_targets() {
    let host = format!("{BUCKET}.cos.ap-beijing.myqcloud.com");
    let (emulator, ca) = with_tls(&host).await;
    let Some(tinyproxy) = Tinyproxy::start("").await else {
        return emulator.shutdown().await.unwrap();
    };
    let builder = |ca: &TestCa| {
        Client::builder(Endpoint::region(Region::new("ap-beijing").unwrap()))
            .credentials(credentials())
            .ca_cert(ca.pem())
            .connect_to(emulator.addr().to_string())
            .proxies(tinyproxy.proxy())
    };
    let client = builder(&ca).build().unwrap();
    let (_, body) = client.get_object(get()).await.unwrap();
    assert!(all(body).await.unwrap() == content());
    assert_eq!(emulator.log().first().unwrap().host(), host);
    asked(&tinyproxy, &format!("CONNECT {} HTTP/1.1", emulator.addr()));
    emulator.clear_log();

    // T8 holds in a tunnel as well.
    let stranger = TestCa::new().unwrap();
    let client = builder(&stranger).build().unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    assert_eq!(error.failure(), Failure::Untrusted);
    let place = format!("{host} through the proxy http://{}", tinyproxy.addr);
    assert!(error.to_string().contains(&place), "{error}");
    assert!(emulator.log().is_empty());
    tinyproxy.stop().await;
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn http_to_another_place_than_its_own_host_goes_through_a_tunnel() {
    let emulator = crate::support::emulator().await;
    let Some(tinyproxy) = Tinyproxy::start("").await else {
        return emulator.shutdown().await.unwrap();
    };
    let endpoint = Endpoint::region(Region::new("ap-beijing").unwrap())
        .with_scheme(http::uri::Scheme::HTTP)
        .unwrap();
    let client = Client::builder(endpoint)
        .credentials(credentials())
        .connect_to(emulator.addr().to_string())
        .proxies(tinyproxy.proxy())
        .build()
        .unwrap();
    let (_, body) = client.get_object(get()).await.unwrap();
    assert!(all(body).await.unwrap() == content());
    asked(&tinyproxy, &format!("CONNECT {} HTTP/1.1", emulator.addr()));
    let log = emulator.log();
    let host = format!("{BUCKET}.cos.ap-beijing.myqcloud.com");
    assert_eq!(log.first().unwrap().host(), host);
    tinyproxy.stop().await;
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_is_reached_over_tls() {
    let (https, ca) = with_tls("127.0.0.1").await;
    let http = crate::support::emulator().await;
    let Some(tinyproxy) = Tinyproxy::with_credentials().await else {
        return;
    };
    let front = TlsFront::start(tinyproxy.addr, "127.0.0.1").await;
    let proxy = |addr| {
        Proxy::new(&format!("https://{addr}"))
            .unwrap()
            .with_credentials(USER, PASSWORD)
            .unwrap()
    };
    for emulator in [&https, &http] {
        let client = through(emulator, &ca, proxy(front.addr()))
            .ca_cert(front.pem())
            .build()
            .unwrap();
        let (_, body) = client.get_object(get()).await.unwrap();
        assert!(all(body).await.unwrap() == content());
    }
    let asked_for = tinyproxy.requests().len();

    // Its certificate has to be good for its own name, and one that nobody vouches for is not.
    let elsewhere = TlsFront::start(tinyproxy.addr, "elsewhere.invalid").await;
    for (front, pem) in [(&front, ca.pem()), (&elsewhere, elsewhere.pem())] {
        let client = through(&https, &ca, proxy(front.addr()))
            .ca_cert(pem)
            .build()
            .unwrap();
        let error = client.get_object(get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
        let name = format!("the TLS of the proxy https://{}", front.addr());
        assert!(error.to_string().contains(&name), "{error}");
        assert!(!shown(&error).contains("hush"), "{error:?}");
    }
    assert_eq!(tinyproxy.requests().len(), asked_for);
    tinyproxy.stop().await;
}

#[tokio::test]
async fn a_target_that_the_proxy_cannot_reach_may_be_tried_again() {
    let (emulator, ca) = with_tls("127.0.0.1").await;
    let Some(tinyproxy) = Tinyproxy::start("").await else {
        return emulator.shutdown().await.unwrap();
    };
    let client = through(&emulator, &ca, tinyproxy.proxy())
        .retries(0)
        .build()
        .unwrap();
    emulator.shutdown().await.unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy, "{error:?}");
    assert!(error.failure().is_retryable(), "{error:?}");
    assert!(
        shown(&error).contains("it answered with status 500"),
        "{error:?}"
    );
    tinyproxy.stop().await;
}

#[tokio::test]
async fn c6_nothing_logs_the_password() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish(),
    );
    let (https, ca) = with_tls("127.0.0.1").await;
    let http = crate::support::emulator().await;
    let Some(tinyproxy) = Tinyproxy::with_credentials().await else {
        return;
    };
    for emulator in [&https, &http] {
        for password in [PASSWORD, "another-hush"] {
            let proxy = tinyproxy.proxy().with_credentials(USER, password).unwrap();
            let client = through(emulator, &ca, proxy).build().unwrap();
            let outcome = client.get_object(get()).await;
            assert_eq!(outcome.is_ok(), password == PASSWORD);
        }
    }
    drop(guard);
    let text = log.text();
    assert!(
        text.contains("hyper_util") && text.contains(BUCKET),
        "{text}"
    );
    // "proxy-user:" in Base64, as far as it does not depend on what follows.
    for secret in ["hush", "cHJveHktdXNlcj", "Basic "] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    tinyproxy.stop().await;
}

#[tokio::test]
async fn hosts_that_are_to_be_reached_directly_are() {
    let emulator = crate::support::emulator().await;
    let Some(tinyproxy) = Tinyproxy::start("").await else {
        return emulator.shutdown().await.unwrap();
    };
    let client = Client::builder(endpoint(&emulator))
        .credentials(credentials())
        .proxies(Proxies::all(tinyproxy.proxy()).no_proxy("127.0.0.0/8"))
        .build()
        .unwrap();
    let (_, body) = client.get_object(get()).await.unwrap();
    all(body).await.unwrap();
    assert_eq!(tinyproxy.requests(), [""; 0]);
    tinyproxy.stop().await;
    emulator.shutdown().await.unwrap();
}
