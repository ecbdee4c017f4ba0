//! TLS: aws-lc-rs, the system's roots and the caller's, ALPN http/1.1.
//!
//! The crypto provider is always passed explicitly: in a process in which two providers are
//! compiled in, rustls's default lookup panics. There is no way to switch verification off.
//!
//! # Why aws-lc-rs
//!
//! By measurement, with `cargo bench -p cos-benches --bench tls`: the CPU time of a client that
//! fetches 1 GiB over loopback, with ring in relation to aws-lc-rs, the least of 36 alternating
//! rounds of each, TLS 1.3, on a virtual x86-64 machine with two cores, AES-NI, VAES and AVX-512:
//!
//! | | ring / aws-lc-rs |
//! |---|---|
//! | AES-128-GCM | 1.24 |
//! | AES-256-GCM | 1.11 |
//! | ChaCha20-Poly1305 | 0.98 |
//! | full handshakes (X25519, ECDSA) | 1.10 |
//!
//! The machine had other work to do: single runs of nine rounds were between 1.08 and 1.34, 0.91 and
//! 1.51, 0.97 and 1.00, 1.08 and 1.11. So the two differ little where it counts, aws-lc-rs is ahead
//! where they do, and it is what rustls takes by default. Either spends about a third of a second
//! of one core on a GiB with AES: TLS is not what limits a download. What speaks for ring is that it
//! is built faster.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use crate::BuildError;

/// The one protocol that is offered. Over h2 all parts of an object would share one connection.
const ALPN_HTTP11: &[u8] = b"http/1.1";

/// A TLS configuration with the system's roots and those in `ca_certs`, each of which is one PEM
/// text with one certificate or more.
pub(crate) fn config(ca_certs: &[Vec<u8>]) -> Result<Arc<ClientConfig>, BuildError> {
    let mut extra = Vec::new();
    for pem in ca_certs {
        extra.extend(certificates(pem)?);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))
        .map_err(|error| BuildError::Tls(error.into()))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BuildError::Tls(error.into()))?
        // "Dangerous" only in that any verifier could stand here; this one is the system's.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN_HTTP11.to_vec()];
    Ok(Arc::new(config))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BuildError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| BuildError::CaCert(error.into()))?;
    if certificates.is_empty() {
        return Err(BuildError::NoCertificate);
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_1_1_is_offered() {
        // A root of our own, for a system that has none.
        let ca = cos_emulator::TestCa::new().unwrap();
        let config = config(&[ca.pem().into()]).unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1"]);
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        assert!(matches!(
            config(&[b"no pem at all".to_vec()]),
            Err(BuildError::NoCertificate)
        ));
    }

    #[test]
    fn a_ca_file_with_a_broken_certificate_is_refused() {
        let pem = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        assert!(matches!(
            config(&[pem.to_vec()]),
            Err(BuildError::CaCert(_))
        ));
    }
}
