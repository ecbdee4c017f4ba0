//! An emulator in the making.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64, mpsc},
    thread,
};

use cos_sign::Credentials;
use tokio::{net::TcpListener, runtime};

use crate::{
    access::Access,
    address::Domains,
    clock::Clock,
    emulator::{Emulator, Running},
    faults::Faults,
    folder::Folder,
    identity::Identities,
    log::Log,
    memory::MemoryBucket,
    operation::Service,
    server::{Shared, Stop, serve},
};

/// What an emulator serves, to whom, and where; made by [`Emulator::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    folder: Option<PathBuf>,
    folder_is_ofs: bool,
    memory: Vec<MemoryBucket>,
    credentials: Vec<Credentials>,
    anonymous: bool,
    listen: SocketAddr,
    region: String,
    domains: Domains,
    skew: i64,
    #[cfg(feature = "tls")]
    certificate: Option<crate::tls::ServerCertificate>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            folder: None,
            folder_is_ofs: false,
            memory: Vec::new(),
            credentials: Vec::new(),
            anonymous: false,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            region: "ap-guangzhou".to_owned(),
            domains: Domains::new(),
            skew: 0,
            #[cfg(feature = "tls")]
            certificate: None,
        }
    }
}

impl Builder {
    /// Serves the folders in this folder as buckets; [`folder_path`](crate::folder_path) tells
    /// which file is which key. Files may be added, changed and removed while the emulator runs.
    ///
    /// A symbolic link to a file inside its bucket is served; one that leads out of the bucket, or
    /// to a folder, is as if it were not there, and so is whatever is no plain file. ETag (the MD5)
    /// and CRC64 are computed when a file is first asked for or listed, and remembered until its
    /// inode, size or modification time changes.
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.folder = Some(path.into());
        self
    }

    /// Makes the folder's buckets metadata-accelerated ones; see [`MemoryBucket::ofs`].
    pub fn folder_is_ofs(mut self, is_ofs: bool) -> Self {
        self.folder_is_ofs = is_ofs;
        self
    }

    /// Serves this bucket too. One in memory hides a folder of its name.
    pub fn bucket(mut self, bucket: MemoryBucket) -> Self {
        self.memory.push(bucket);
        self
    }

    /// Accepts requests signed with these credentials; may be called several times.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials.push(credentials);
        self
    }

    /// Accepts all requests, and looks at no signature.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Listens on this address (`127.0.0.1:0`, a free port, without it).
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The region that buckets say they are in (`ap-guangzhou` without it).
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Takes requests with this host (without port) as requests to this bucket.
    pub fn custom_domain(mut self, host: &str, bucket: impl Into<String>) -> Self {
        self.domains
            .insert(host.to_ascii_lowercase(), bucket.into());
        self
    }

    /// Sets the emulator's clock so many seconds ahead of the system's (negative: behind).
    pub fn clock_skew(mut self, seconds: i64) -> Self {
        self.skew = seconds;
        self
    }

    /// Speaks TLS, with this certificate.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, certificate: crate::tls::ServerCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Starts the emulator on the runtime that this is called on, which must have its IO and time
    /// drivers enabled.
    ///
    /// # Errors
    ///
    /// [`StartError`], if the folder is none, the address cannot be had, or it is not said who may
    /// ask.
    ///
    /// # Cancellation
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let listen = self.listen;
        let prepared = self.prepare()?;
        let listener = TcpListener::bind(listen).await;
        prepared.start(listener.map_err(|source| StartError::Listen {
            address: listen,
            source,
        })?)
    }

    /// Starts the emulator on a thread with a runtime of its own: for code without one, and for
    /// tests that block. Returns when it listens.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start), and if there can be no thread.
    pub fn start_on_thread(self) -> Result<Emulator, StartError> {
        let (started, starting) = mpsc::sync_channel(1);
        let run = move || {
            let runtime = runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("cos-emulator")
                .enable_all()
                .build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                // Whoever waits for it is there: it is told, and nothing more is to be done.
                Err(error) => return drop(started.send(Err(StartError::Thread(error)))),
            };
            match runtime.block_on(self.start()) {
                Err(error) => drop(started.send(Err(error))),
                Ok(mut emulator) => {
                    let task = emulator.running.take();
                    drop(started.send(Ok(emulator)));
                    if let Some(Running::Task(task)) = task {
                        let _ = runtime.block_on(task);
                    }
                }
            }
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new()
            .name("cos-emulator".to_owned())
            .spawn(run);
        let thread = thread.map_err(StartError::Thread)?;
        let gone = |error| Err(StartError::Thread(io::Error::other(error)));
        let mut emulator = starting.recv().unwrap_or_else(gone)?;
        emulator.running = Some(Running::Thread(thread));
        Ok(emulator)
    }

    fn prepare(self) -> Result<Prepared, StartError> {
        if !self.anonymous && self.credentials.is_empty() {
            return Err(StartError::NobodyMayAsk);
        }
        let folder = match self.folder {
            None => None,
            Some(path) => match Folder::new(&path, self.folder_is_ofs) {
                Ok(folder) => Some(folder),
                Err(source) => return Err(StartError::Folder { path, source }),
            },
        };
        #[cfg(feature = "tls")]
        let scheme = if self.certificate.is_some() {
            "https"
        } else {
            "http"
        };
        #[cfg(not(feature = "tls"))]
        let scheme = "http";
        Ok(Prepared {
            scheme,
            shared: Shared {
                service: Arc::new(Service {
                    access: Access::new(self.anonymous, self.credentials),
                    memory: self.memory,
                    folder,
                    region: self.region,
                }),
                domains: self.domains,
                faults: Faults::default(),
                log: Log::default(),
                clock: Clock::ahead_by(self.skew),
                identities: Identities::default(),
                connections: AtomicU64::new(0),
                #[cfg(feature = "tls")]
                certificate: self.certificate,
            },
        })
    }
}

/// All but the listener.
#[derive(Debug)]
struct Prepared {
    scheme: &'static str,
    shared: Shared,
}

impl Prepared {
    fn start(self, listener: TcpListener) -> Result<Emulator, StartError> {
        let address = listener.local_addr().map_err(StartError::Thread)?;
        let shared = Arc::new(self.shared);
        let (stop, stopping) = Stop::new();
        let task = tokio::spawn(serve(Arc::clone(&shared), listener, stopping));
        Ok(Emulator {
            shared,
            address,
            scheme: self.scheme,
            stop,
            running: Some(Running::Task(task)),
        })
    }
}

/// Why an emulator could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Neither credentials nor anonymous access were given.
    #[error("neither credentials nor anonymous access were given")]
    NobodyMayAsk,
    /// The folder cannot be served.
    #[error("cannot serve the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// There is no thread or runtime to be had.
    #[error("cannot run")]
    Thread(#[source] io::Error),
}
