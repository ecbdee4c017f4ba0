//! Two crypto providers in one process, as happens to whoever has many dependencies.

use cos_emulator::{Emulator, TestCa};
use cos_transport::Client;
use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};

use crate::support::{all, bucket, content, credentials, endpoint, get};

#[tokio::test]
async fn two_providers_and_no_choice_do_no_harm() {
    // Both are there, nobody has chosen, and whoever leaves the choice to rustls panics.
    assert_ne!(
        format!("{:?}", ring::default_provider().kx_groups),
        format!("{:?}", aws_lc_rs::default_provider().kx_groups)
    );
    assert!(CryptoProvider::get_default().is_none());
    assert!(std::panic::catch_unwind(ClientConfig::builder).is_err());

    let ca = TestCa::new().unwrap();
    let emulator = Emulator::builder()
        .bucket(bucket())
        .credentials(credentials())
        .tls(ca.certificate(["127.0.0.1"]).unwrap())
        .start()
        .await
        .unwrap();
    let client = Client::builder(endpoint(&emulator))
        .credentials(credentials())
        .ca_cert(ca.pem())
        .build()
        .unwrap();
    let (_, body) = client.get_object(get()).await.unwrap();
    assert!(all(body).await.unwrap() == content());
    // Nor is a choice made for the others in the process.
    assert!(CryptoProvider::get_default().is_none());
    emulator.shutdown().await.unwrap();
}
