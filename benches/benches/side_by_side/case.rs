//! What is measured, and the stage for it: server, objects, destination.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cos_benches::nginx::{BUCKET, Nginx, Site};
use cos_benches::relay::Relay;
use cos_proto::Crc64;
use tempfile::TempDir;

use crate::arguments::Arguments;
use crate::site;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Large,
    Tls,
    Cat,
    Small,
    Listing,
}

impl Case {
    const ALL: [Self; 5] = [
        Self::Large,
        Self::Tls,
        Self::Cat,
        Self::Small,
        Self::Listing,
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|case| case.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::Tls => "tls",
            Self::Cat => "cat",
            Self::Small => "small",
            Self::Listing => "listing",
        }
    }
}

/// A case that can be run: the server with its objects, and where downloads go.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) case: Case,
    pub(crate) nginx: Nginx,
    /// Between the clients and the server, where that is to be far away.
    relay: Option<Relay>,
    pub(crate) size: u64,
    pub(crate) count: u32,
    crc64: u64,
    folder: TempDir,
}

/// The key of the large object.
pub(crate) const LARGE: &str = "large.bin";

/// Before the keys of the small ones.
pub(crate) const PREFIX: &str = "objects/";

/// Many small objects: so many, of so many bytes.
const SMALL: (u32, usize) = (4_000, 16 << 10);

/// A long listing, of keys that have no object.
const LISTED: u32 = 200_000;

impl Stage {
    pub(crate) fn set(case: Case, arguments: &Arguments) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            TempDir::new_in(memory)
        } else {
            TempDir::new()
        };
        let folder = folder.unwrap();
        // The server's workers may belong to another user.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        let (small_count, small_size) = SMALL;
        let (site, size, count, crc64) = match case {
            Case::Large | Case::Tls | Case::Cat => {
                let crc64 = site::large(&root.join(LARGE), arguments.size);
                // Some ask for the bucket first.
                site::pages(&root, "", 0, 0);
                let site = Site::new(&root).crc64(LARGE, crc64);
                let site = if case == Case::Tls { site.tls() } else { site };
                (site, arguments.size, 1, crc64)
            }
            Case::Small => {
                let crc64 = site::small(&root.join(PREFIX), small_count, small_size);
                site::pages(&root, PREFIX, small_count, small_size);
                let site = Site::new(&root).crc64_below(PREFIX, crc64);
                let size = u64::from(small_count) * small_size as u64;
                (site, size, small_count, crc64)
            }
            Case::Listing => {
                site::pages(&root, PREFIX, LISTED, small_size);
                (Site::new(&root), 0, LISTED, 0)
            }
        };
        let nginx = Nginx::start(&site);
        let relay = arguments
            .delay
            .map(|delay| Relay::start(nginx.address(), delay));
        let stage = Self {
            case,
            nginx,
            relay,
            size,
            count,
            crc64,
            folder,
        };
        stage.clear();
        stage
    }

    /// Where downloads go: a folder that is empty before each run.
    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// A place for what programs need beside it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.beside("log")
    }

    pub(crate) fn clear(&self) {
        if self.out().exists() {
            fs::remove_dir_all(self.out()).unwrap();
        }
        fs::create_dir(self.out()).unwrap();
    }

    /// Listings go to a file, as for whoever works on with them.
    pub(crate) fn stdout(&self) -> Stdio {
        if self.case == Case::Listing {
            File::create(self.out().join("listing")).unwrap().into()
        } else {
            Stdio::null()
        }
    }

    /// Where clients connect to without TLS.
    pub(crate) fn address(&self) -> SocketAddr {
        match &self.relay {
            Some(relay) => relay.address(),
            None => self.nginx.address(),
        }
    }

    /// The URL of the server for this case.
    pub(crate) fn url(&self) -> String {
        if self.case == Case::Tls {
            self.nginx.tls_url()
        } else {
            format!("http://{}", self.address())
        }
    }

    /// What our command is called with.
    pub(crate) fn cos_arguments(&self) -> Vec<String> {
        let large = format!("cos://{BUCKET}/{LARGE}");
        let below = format!("cos://{BUCKET}/{PREFIX}");
        let to = |name: &str| self.out().join(name).display().to_string();
        let mut words = match self.case {
            Case::Large | Case::Tls => vec!["cp".to_owned(), large, to(LARGE)],
            Case::Cat => vec!["cat".to_owned(), large],
            Case::Small => vec!["cp".to_owned(), "-r".to_owned(), below, to("")],
            Case::Listing => vec!["ls".to_owned(), "-r".to_owned(), below],
        };
        words.extend(["--anonymous", "--endpoint"].map(str::to_owned));
        words.push(self.url());
        if self.case == Case::Tls {
            words.push("--ca-cert".to_owned());
            words.push(self.nginx.ca().display().to_string());
        }
        words
    }

    /// Looks at what a program left: the right bytes, or this is no comparison.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (found, wanted) = match self.case {
            Case::Large | Case::Tls => (
                size_and_crc64(&self.out().join(LARGE)),
                (self.size, self.crc64),
            ),
            Case::Cat => return Ok(()),
            Case::Small => {
                let entries = fs::read_dir(self.out()).unwrap();
                let sizes = entries.map(|entry| entry.unwrap().metadata().unwrap().len());
                let sizes: Vec<u64> = sizes.collect();
                let count = sizes.len() as u64;
                (
                    (sizes.into_iter().sum(), count),
                    (self.size, u64::from(self.count)),
                )
            }
            Case::Listing => {
                let listing = fs::read(self.out().join("listing")).unwrap();
                let lines = listing.iter().filter(|&&byte| byte == b'\n').count();
                ((0, lines as u64), (0, u64::from(self.count)))
            }
        };
        if found == wanted {
            return Ok(());
        }
        Err(format!("left {found:?} instead of {wanted:?}"))
    }
}

fn size_and_crc64(path: &Path) -> (u64, u64) {
    let mut file = File::open(path).unwrap();
    let (mut size, mut crc) = (0, Crc64::new());
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).unwrap();
        if read == 0 {
            return (size, crc.value());
        }
        crc.update(buffer.get(..read).unwrap());
        size += read as u64;
    }
}
