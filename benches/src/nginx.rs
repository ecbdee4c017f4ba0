//! nginx as the server of a measurement: a process of its own over a folder of files, which are
//! objects to our client (path-style and at the host's root) and to S3 clients alike.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The bucket that all objects are in. A file `a/b` of the folder is its object `a/b`.
pub const BUCKET: &str = "examplebucket-1250000000";

/// What a server serves, and how fast.
#[derive(Debug)]
pub struct Site {
    root: PathBuf,
    objects: String,
    rate: Option<String>,
    slow_rate: Option<String>,
    workers: u8,
    tls: bool,
}

impl Site {
    /// The files below `root`, as fast as they go, by one worker, over plain HTTP.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            objects: String::new(),
            rate: None,
            slow_rate: None,
            workers: 1,
            tls: false,
        }
    }

    /// Has `key` answered with this CRC64, as the service publishes it. ETag, length and
    /// Content-Range are nginx's own.
    #[must_use]
    pub fn crc64(mut self, key: &str, crc64: u64) -> Self {
        for path in [format!("/{key}"), format!("/{BUCKET}/{key}")] {
            writeln!(
                self.objects,
                "location = {path} {{ add_header x-cos-hash-crc64ecma {crc64}; }}"
            )
            .unwrap();
        }
        self
    }

    /// Has all objects whose keys start with `prefix` (a folder, with its slash) answered with this
    /// CRC64.
    #[must_use]
    pub fn crc64_below(mut self, prefix: &str, crc64: u64) -> Self {
        for path in [format!("/{prefix}"), format!("/{BUCKET}/{prefix}")] {
            writeln!(
                self.objects,
                "location {path} {{ add_header x-cos-hash-crc64ecma {crc64}; }}"
            )
            .unwrap();
        }
        self
    }

    /// Has each connection served no faster than this, in bytes per second as nginx writes them
    /// (`10m`).
    #[must_use]
    pub fn limit_rate(mut self, rate: &str) -> Self {
        self.rate = Some(rate.to_owned());
        self
    }

    /// Has every fifth connection that comes in served no faster than this instead.
    #[must_use]
    pub fn every_fifth(mut self, rate: &str) -> Self {
        self.slow_rate = Some(rate.to_owned());
        self
    }

    /// Has so many processes serve. One is enough for plain files; TLS is bound by its encryption.
    #[must_use]
    pub fn workers(mut self, workers: u8) -> Self {
        self.workers = workers;
        self
    }

    /// Serves over TLS as well, with a certificate for `localhost` and `127.0.0.1` of an authority
    /// of its own.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }
}

/// A running nginx. It ends with this value.
#[derive(Debug)]
pub struct Nginx {
    folder: TempDir,
    port: u16,
    tls_port: u16,
    master: Child,
}

impl Nginx {
    /// The executable, where there is one.
    #[must_use]
    pub fn program() -> Option<PathBuf> {
        let places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
        places.iter().map(PathBuf::from).find(|path| path.is_file())
    }

    /// Starts it; it accepts connections when this returns.
    ///
    /// # Panics
    ///
    /// If it is not installed or does not start.
    #[must_use]
    pub fn start(site: &Site) -> Self {
        let program = Self::program().expect("nginx is installed (Debian: nginx-light)");
        let folder = TempDir::new().unwrap();
        // The workers may belong to another user.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        let bucket = site.root.join(BUCKET);
        if !bucket.exists() {
            symlink(".", bucket).unwrap();
        }
        if site.tls {
            write_certificates(folder.path());
        }
        // Somebody else may take the ports that were free a moment ago.
        for _ in 0..5 {
            let (port, tls_port) = free_ports();
            let file = folder.path().join("nginx.conf");
            fs::write(&file, configuration(site, folder.path(), port, tls_port)).unwrap();
            let mut master = Command::new(&program)
                .arg("-c")
                .arg(&file)
                .arg("-p")
                .arg(folder.path())
                .arg("-e")
                .arg(folder.path().join("error.log"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            if accepts(&mut master, port) {
                return Self {
                    folder,
                    port,
                    tls_port,
                    master,
                };
            }
        }
        let log = fs::read_to_string(folder.path().join("error.log"));
        panic!("nginx does not start: {log:?}");
    }

    /// Where it listens without TLS.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Its URL: what our client takes for an endpoint, path-style.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Its URL over TLS.
    #[must_use]
    pub fn tls_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.tls_port)
    }

    /// The authority of its certificate, in PEM.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Ends it, and waits until it has ended.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master takes its workers along, which a kill would leave behind.
        if let Some(pid) = i32::try_from(self.master.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.master.wait();
    }
}

fn configuration(site: &Site, at: &Path, port: u16, tls_port: u16) -> String {
    let at = at.display();
    let root = site.root.display();
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {at}/{name};"))
        .concat();
    let rate = site.rate.as_deref().unwrap_or("0");
    let slow = site.slow_rate.as_deref().unwrap_or(rate);
    let tls = if site.tls {
        format!(
            "listen 127.0.0.1:{tls_port} ssl; ssl_certificate {at}/cert.pem; \
             ssl_certificate_key {at}/key.pem;"
        )
    } else {
        String::new()
    };
    // `$connection` counts the connections of a worker's lifetime.
    format!(
        "daemon off; worker_processes {workers}; pid {at}/pid; error_log {at}/error.log;\n\
         events {{ worker_connections 512; }}\n\
         http {{ access_log off; merge_slashes off; sendfile on; tcp_nopush on; {paths}\n\
         keepalive_requests 100000000; keepalive_timeout 600s; open_file_cache max=10000;\n\
         map $connection $rate {{ default {rate}; ~[05]$ {slow}; }}\n\
         map $arg_marker $marker {{ default first; ~(\\d+)$ $1; }}\n\
         map $args $token {{ default first; ~continuation-token=[^&]*?(\\d+)(&|$) $1; }}\n\
         server {{ listen 127.0.0.1:{port}; {tls} root {root}; limit_rate $rate;\n\
         {objects}\n\
         location = / {{ rewrite ^ /.pages last; }}\n\
         location = /{BUCKET} {{ rewrite ^ /.pages last; }}\n\
         location = /{BUCKET}/ {{ rewrite ^ /.pages last; }}\n\
         location = /.pages {{ internal; default_type application/xml; \
         if ($args ~ list-type=2) {{ rewrite ^ /.pages-v2 last; }} \
         try_files /.pages/$marker.xml =404; }}\n\
         location = /.pages-v2 {{ internal; default_type application/xml; \
         try_files /.pages/v2-$token.xml =404; }}\n\
         }} }}\n",
        workers = site.workers,
        objects = site.objects,
    )
}

fn accepts(master: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if master.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("nginx has not answered for ten seconds");
}

/// Two ports of the loopback interface that were free a moment ago: nginx takes no listener from
/// us.
fn free_ports() -> (u16, u16) {
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let [plain, tls] = listeners.map(|listener| listener.local_addr().unwrap().port());
    (plain, tls)
}

fn write_certificates(folder: &Path) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    // With the same name as the server's, OpenSSL would take that for an authority's.
    let name = rcgen::DnType::CommonName;
    ca.distinguished_name.push(name, "authority of a benchmark");
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let params = rcgen::CertificateParams::new(names).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    for (name, text) in [
        ("ca.pem", ca_certificate.pem()),
        ("cert.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}
