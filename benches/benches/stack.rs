//! What the layers cost: many small requests through the whole client, and through the bare
//! hyper-util client below it, with the same settings, in the same run.
//!
//! ```text
//! cargo bench -p cos-benches --bench stack            # 100,000 requests of 1 KB
//! cargo bench -p cos-benches --bench stack -- 10000   # another number
//! ```
//!
//! The server is a process of its own. CPU is that of the client's process, all threads, and the
//! bare client's requests are built by the same code; neither side logs. Rounds of the two
//! alternate, and the sums are compared: whatever else the machine does disturbs both alike. It
//! fails if the whole client takes more than 1.5 times the CPU, or if its memory grows with the
//! number of requests.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use cos_proto::{Addressing, Bucket, Endpoint, GetObject, Key};
use cos_sign::Credentials;
use cos_transport::Client;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustix::time::{ClockId, clock_gettime};

const REQUESTS: u32 = 100_000;

/// Rounds of each client, by turns.
const ROUNDS: u32 = 20;

/// How many are asked for at once.
const TASKS: u32 = 8;

const SIZE: usize = 1024;

/// The most that the layers may cost, against nothing but hyper-util.
const MOST: f64 = 1.5;

/// The most that memory may grow after the first rounds, in KiB. An allocator keeps some of what it
/// had; a leak of 100 bytes a request would be 10,000 KiB.
const GROWTH: u64 = 2048;

fn main() {
    if env::var_os(SERVER).is_some() {
        return serve();
    }
    let requests = env::args().find_map(|argument| argument.parse().ok());
    let requests: u32 = requests.unwrap_or(REQUESTS);
    let mut server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let endpoint = Endpoint::service_url(&server.url, Addressing::Auto).unwrap();
    runtime.block_on(compare(&endpoint, requests / ROUNDS));
    server.process.kill().unwrap();
    server.process.wait().unwrap();
}

async fn compare(endpoint: &Endpoint, a_round: u32) {
    let whole = Client::builder(endpoint.clone())
        .credentials(Credentials::new("id", "key").unwrap())
        .build()
        .unwrap();
    let bare = bare_client();
    let (mut whole_cpu, mut bare_cpu) = (Duration::ZERO, Duration::ZERO);
    let mut settled = 0;
    // The first round of each warms up, and does not count.
    for round in 0..=ROUNDS {
        let mut spent = cpu();
        let mut lap = || {
            let before = std::mem::replace(&mut spent, cpu());
            spent.checked_sub(before).unwrap()
        };
        by_tasks(a_round, &whole, endpoint, through_the_whole).await;
        let whole_lap = lap();
        by_tasks(a_round, &bare, endpoint, through_the_bare).await;
        let bare_lap = lap();
        if round > 0 {
            whole_cpu += whole_lap;
            bare_cpu += bare_lap;
        }
        if round == ROUNDS / 5 {
            settled = resident();
        }
    }
    let requests = f64::from(a_round * ROUNDS);
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / requests;
    let ratio = whole_cpu.as_secs_f64() / bare_cpu.as_secs_f64();
    let grown = resident().saturating_sub(settled);
    println!("requests of {SIZE} bytes, each client: {requests}");
    println!("whole client: {:.1} us of CPU a request", micros(whole_cpu));
    println!("bare client:  {:.1} us of CPU a request", micros(bare_cpu));
    println!("ratio: {ratio:.2} (at most {MOST})");
    println!("memory: {settled} KiB after a fifth of it, {grown} KiB more at the end");
    assert!(ratio <= MOST, "the layers cost too much");
    assert!(grown <= GROWTH, "memory grows");
    let stats = whole.stats();
    assert_eq!(
        stats.requests(),
        stats.attempts(),
        "something was tried again"
    );
}

/// Has so many requests made by [`TASKS`] tasks.
async fn by_tasks<C, F>(requests: u32, client: &C, endpoint: &Endpoint, ask: fn(C, Endpoint) -> F)
where
    C: Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let (client, endpoint) = (client.clone(), endpoint.clone());
        tasks.spawn(async move {
            for _ in 0..requests / TASKS {
                ask(client.clone(), endpoint.clone()).await;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

fn object() -> GetObject {
    GetObject::new(
        Bucket::new("b-1250000000").unwrap(),
        Key::new("a/small/object").unwrap(),
    )
}

/// By the service that a downloader has below it, so that both sides read the same.
async fn through_the_whole(client: Client, endpoint: Endpoint) {
    let request = object().to_request(&endpoint).unwrap();
    let answer = tower::ServiceExt::oneshot(client, request).await.unwrap();
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes().len(),
        SIZE
    );
}

type Bare = legacy::Client<HttpConnector, Empty<Bytes>>;

async fn through_the_bare(client: Bare, endpoint: Endpoint) {
    let request = object().to_request(&endpoint).unwrap();
    let answer = client
        .request(request.map(|()| Empty::new()))
        .await
        .unwrap();
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes().len(),
        SIZE
    );
}

/// With the settings that the whole client gives to it.
fn bare_client() -> Bare {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(60))
        .http1_max_headers(256)
        .http1_max_buf_size(512 * 1024)
        .build(connector)
}

/// The CPU time of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let nanos = u32::try_from(time.tv_nsec).unwrap();
    Duration::new(u64::try_from(time.tv_sec).unwrap(), nanos)
}

/// The memory that this process has in use, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells it there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

/// Set for the process that serves.
const SERVER: &str = "COS_BENCH_SERVER";

/// This program once more, as the server.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .env(SERVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut url).unwrap();
        Self {
            process,
            url: url.trim().to_owned(),
        }
    }
}

/// Answers every request with an object, until nobody is there any more.
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || answer(&stream));
        }
    });
    // The other process holds the other end.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn answer(mut stream: &TcpStream) {
    stream.set_nodelay(true).unwrap();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\nContent-Type: application/octet-stream\r\n\
         Date: Thu, 10 Dec 2020 03:37:30 GMT\r\nETag: \"0123456789abcdef0123456789abcdef\"\r\n\
         Last-Modified: Thu, 10 Dec 2020 03:37:30 GMT\r\nServer: tencent-cos\r\n\
         x-cos-hash-crc64ecma: 1\r\nx-cos-request-id: NWZkMTllNGFfMTg4ZGQ3MDlfMTQ5\r\n\r\n{}",
        "x".repeat(SIZE)
    );
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(2) if stream.write_all(answer.as_bytes()).is_err() => return,
            Ok(_) => {}
        }
    }
}
