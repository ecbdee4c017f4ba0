//! TLS: aws-lc-rs, the system's roots and the caller's, ALPN http/1.1.
//!
//! The crypto provider is always passed explicitly: in a process in which two providers are
//! compiled in, rustls's default lookup panics. There is no way to switch verification off.

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
