//! What TLS costs a client, by the crypto provider: a GiB over loopback, and handshakes.
//!
//! ```text
//! cargo bench -p cos-benches --bench tls
//! ```
//!
//! The server is the same for both (aws-lc-rs), and the CPU time is that of the client's thread
//! alone, so that the figures stand on a machine that has other things to do. Rounds of the two
//! alternate; the least of each is shown, which whatever else runs has disturbed least.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    StreamOwned,
};

const GIB: u64 = 1 << 30;
const ROUNDS: usize = 9;
const HANDSHAKES: u32 = 50;

/// A provider by its name.
type Named = (&'static str, fn() -> CryptoProvider);

const PROVIDERS: [Named; 2] = [
    ("aws-lc-rs", aws_lc_rs::default_provider),
    ("ring", ring::default_provider),
];

fn main() {
    let (addr, certificate) = serve();
    println!("client's CPU and wall time, least of {ROUNDS} rounds");
    for (name, suite) in [
        ("AES-128-GCM", CipherSuite::TLS13_AES_128_GCM_SHA256),
        ("AES-256-GCM", CipherSuite::TLS13_AES_256_GCM_SHA384),
        ("ChaCha20", CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
    ] {
        let clients = PROVIDERS.map(|(_, provider)| client(provider(), suite, &certificate));
        compare(&format!("1 GiB, {name}"), &clients, |client| {
            fetch(addr, client, GIB);
        });
    }
    let suite = CipherSuite::TLS13_AES_256_GCM_SHA384;
    let clients = PROVIDERS.map(|(_, provider)| client(provider(), suite, &certificate));
    compare(&format!("{HANDSHAKES} handshakes"), &clients, |client| {
        (0..HANDSHAKES).for_each(|_| fetch(addr, client, 1));
    });
}

/// Runs `work` with the client of each provider in turn, and tells what it takes.
fn compare(what: &str, clients: &[Arc<ClientConfig>], work: impl Fn(&Arc<ClientConfig>)) {
    let mut taken = PROVIDERS.map(|_| (Vec::new(), Vec::new()));
    for _ in 0..ROUNDS {
        for (client, (cpu, wall)) in clients.iter().zip(&mut taken) {
            let (started, before) = (Instant::now(), thread_time());
            work(client);
            cpu.push(thread_time() - before);
            wall.push(started.elapsed());
        }
    }
    let mut first = None;
    for ((name, _), (cpu, wall)) in PROVIDERS.iter().zip(taken) {
        let (cpu, wall) = (cpu.iter().min().unwrap(), wall.iter().min().unwrap());
        let ratio = cpu.as_secs_f64() / first.get_or_insert(*cpu).as_secs_f64();
        println!("{what:<20} {name:<10} cpu {cpu:>8.1?} ({ratio:.2})  wall {wall:>8.1?}");
    }
}

fn thread_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

/// A client of this provider that speaks this suite only.
fn client(
    mut provider: CryptoProvider,
    suite: CipherSuite,
    certificate: &CertificateDer<'static>,
) -> Arc<ClientConfig> {
    provider.cipher_suites.retain(|it| it.suite() == suite);
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

/// Has so many bytes sent, and reads them.
fn fetch(addr: SocketAddr, config: &Arc<ClientConfig>, bytes: u64) {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let tls = ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut stream = StreamOwned::new(tls, TcpStream::connect(addr).unwrap());
    stream.write_all(&bytes.to_be_bytes()).unwrap();
    let mut buffer = vec![0; 256 * 1024];
    let mut left = bytes;
    while left > 0 {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0);
        left -= u64::try_from(read).unwrap();
    }
}

/// A server that sends as many bytes as it is asked for.
fn serve() -> (SocketAddr, CertificateDer<'static>) {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = certified.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], PrivateKeyDer::Pkcs8(key))
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for tcp in listener.incoming() {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(tls, tcp.unwrap());
            let mut asked = [0; 8];
            stream.read_exact(&mut asked).unwrap();
            let mut left = u64::from_be_bytes(asked);
            let buffer = vec![7; 64 * 1024];
            while left > 0 {
                let some = usize::try_from(left).map_or(buffer.len(), |all| all.min(buffer.len()));
                stream.write_all(buffer.get(..some).unwrap()).unwrap();
                left -= u64::try_from(some).unwrap();
            }
        }
    });
    (addr, certificate)
}
