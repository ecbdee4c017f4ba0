//! Credentials from a source of the user's own:
//!
//! ```text
//! cargo run -p cos-transport --example own_credentials
//! ```
//!
//! `Vault` stands for a service that issues temporary credentials. `Cached` keeps what it issues
//! until it is time for others, and sees to it that it is asked by one request at a time. The
//! objects are those of an emulator on this machine.

#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use cos_emulator::{Emulator, MemoryBucket, Object};
use cos_proto::{Addressing, Bucket, Endpoint, HeadObject, Key, Timestamp};
use cos_sign::Credentials;
use cos_transport::credentials::{
    Cached, CredentialsError, Generation, Issued, ProvideCredentials, ProvideFuture,
};
use cos_transport::{BoxError, Client};

/// What issues the credentials.
#[derive(Debug, Default)]
struct Vault {
    asked: AtomicU32,
}

impl ProvideCredentials for Vault {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        Box::pin(async {
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            println!("the vault is asked; it was asked {number} times before");
            tokio::time::sleep(Duration::from_millis(100)).await;
            issue().map_err(|error| {
                CredentialsError::invalid("the vault", "its answer is of no use").because(error)
            })
        })
    }
}

/// Credentials for an hour.
fn issue() -> Result<Issued, BoxError> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let expires = Timestamp::from_unix(now.saturating_add(Duration::from_secs(3600)))?;
    Ok(Issued::new(credentials()?).expiring(expires))
}

fn credentials() -> Result<Credentials, cos_sign::InvalidCredentials> {
    Credentials::new("the-id", "the-key")?.with_token("the-token")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let bucket = MemoryBucket::new("examplebucket-1250000000");
    bucket.put("a.txt", Object::new("hello"));
    let emulator = Emulator::builder()
        .bucket(bucket)
        .credentials(credentials()?)
        .start()
        .await?;

    let endpoint = Endpoint::service_url(&emulator.url(), Addressing::Auto)?;
    let client = Client::builder(endpoint)
        .credentials_provider(Cached::new(Vault::default()))
        .build()?;

    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = client.clone();
        let bucket = Bucket::new("examplebucket-1250000000")?;
        let head = HeadObject::new(bucket, Key::new("a.txt")?);
        requests.spawn(async move { client.head_object(head).await });
    }
    while let Some(answer) = requests.join_next().await {
        println!("{} bytes", answer??.size());
    }
    emulator.shutdown().await?;
    Ok(())
}
