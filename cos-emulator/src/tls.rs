//! TLS with certificates of a CA that exists for one test.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio_rustls::TlsAcceptor;

/// A certificate authority for tests. Its keys are made anew each time and written nowhere.
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl TestCa {
    /// A new authority.
    ///
    /// # Errors
    ///
    /// [`TlsError`], if no key can be made.
    pub fn new() -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        // Named by its key: two authorities of one name would pass for each other at first sight.
        let mut digest = crc64fast::Digest::new();
        digest.write(key.public_key_raw());
        let name = format!("cos-emulator test CA {:016x}", digest.sum64());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, -2, 30);
        let pem = params.self_signed(&key)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            pem,
        })
    }

    /// The authority's certificate as PEM: what a client is told to trust.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A valid certificate for these hosts: names, names with a leading `*.`, IP addresses.
    ///
    /// # Errors
    ///
    /// [`TlsError`], if a name cannot be in a certificate.
    pub fn certificate<I>(&self, hosts: I) -> Result<ServerCertificate, TlsError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.issue(hosts, -1, 30)
    }

    /// A certificate for these hosts that expired yesterday.
    ///
    /// # Errors
    ///
    /// [`TlsError`], if a name cannot be in a certificate.
    pub fn expired_certificate<I>(&self, hosts: I) -> Result<ServerCertificate, TlsError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.issue(hosts, -2, -1)
    }

    /// A valid certificate for a host that is not this one: `elsewhere.invalid`.
    ///
    /// # Errors
    ///
    /// [`TlsError`], if no key can be made.
    pub fn wrong_host_certificate(&self) -> Result<ServerCertificate, TlsError> {
        self.certificate(["elsewhere.invalid"])
    }

    fn issue<I>(&self, hosts: I, from: i64, until: i64) -> Result<ServerCertificate, TlsError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let hosts: Vec<String> = hosts.into_iter().map(Into::into).collect();
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(hosts)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "cos-emulator");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, from, until);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        // The provider is named, so that a process with several of them works.
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(vec![certificate.into()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(ServerCertificate {
            config: Arc::new(config),
        })
    }
}

impl fmt::Debug for TestCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestCa")
            .field("pem", &self.pem)
            .finish_non_exhaustive()
    }
}

/// A certificate with its key, for [`Builder::tls`](crate::Builder::tls).
#[derive(Clone)]
pub struct ServerCertificate {
    config: Arc<ServerConfig>,
}

impl ServerCertificate {
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.config).into()
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCertificate").finish_non_exhaustive()
    }
}

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a certificate")]
pub struct TlsError {
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl From<rcgen::Error> for TlsError {
    fn from(error: rcgen::Error) -> Self {
        Self {
            source: error.into(),
        }
    }
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self {
            source: error.into(),
        }
    }
}

/// Makes it valid from the beginning of one day to the beginning of another, counted from today.
fn set_validity(params: &mut CertificateParams, from: i64, until: i64) {
    let (year, month, day) = date(from);
    params.not_before = date_time_ymd(year, month, day);
    let (year, month, day) = date(until);
    params.not_after = date_time_ymd(year, month, day);
}

fn date(from_today: i64) -> (i32, u8, u8) {
    let shift = SignedDuration::from_hours(from_today.saturating_mul(24));
    let time = Timestamp::now()
        .saturating_add(shift)
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let day = time.to_zoned(TimeZone::UTC).date();
    let month = u8::try_from(day.month()).unwrap_or(1);
    (
        i32::from(day.year()),
        month,
        u8::try_from(day.day()).unwrap_or(1),
    )
}
