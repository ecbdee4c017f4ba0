//! TLS: whom a client that checks certificates talks to.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use cos_emulator::{Emulator, Fault, ServerCertificate, TestCa, When};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::client::{BUCKET, bucket};

async fn get(
    certificate: ServerCertificate,
    trusted: &TestCa,
    host: &str,
) -> std::io::Result<String> {
    get_with(certificate, trusted, host, Fault::new()).await
}

async fn get_with(
    certificate: ServerCertificate,
    trusted: &TestCa,
    host: &str,
    fault: Fault,
) -> std::io::Result<String> {
    let builder = Emulator::builder().bucket(bucket("over TLS")).anonymous();
    let emulator = builder.tls(certificate).start().await.unwrap();
    emulator.faults().script(When::any().always(), fault);
    assert_eq!(emulator.url(), format!("https://{}", emulator.addr()));
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusted.pem().as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(emulator.addr()).await?;
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let exchange = async {
        let mut stream = TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await?;
        let request =
            format!("GET /{BUCKET}/a/b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await?;
        Ok(reply)
    };
    let answer = tokio::time::timeout(Duration::from_secs(20), exchange)
        .await
        .unwrap();
    emulator.faults().clear();
    answer
}

#[tokio::test]
async fn a_good_certificate_is_accepted_for_each_of_its_hosts() {
    let ca = TestCa::new().unwrap();
    for host in ["localhost", "127.0.0.1", "b-1.cos.ap-beijing.myqcloud.com"] {
        let hosts = ["localhost", "127.0.0.1", "*.cos.ap-beijing.myqcloud.com"];
        let reply = get(ca.certificate(hosts).unwrap(), &ca, host)
            .await
            .unwrap();
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
        assert!(reply.ends_with("over TLS"), "{reply}");
    }
}

#[tokio::test]
async fn bad_certificates_are_refused_by_the_client() {
    let ca = TestCa::new().unwrap();
    let other = TestCa::new().unwrap();
    for (certificate, reason) in [
        (ca.expired_certificate(["localhost"]).unwrap(), "expired"),
        (ca.wrong_host_certificate().unwrap(), "not valid for name"),
        (other.certificate(["localhost"]).unwrap(), "UnknownIssuer"),
    ] {
        let error = get(certificate, &ca, "localhost").await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_body_that_is_cut_ends_without_a_close_notification() {
    let ca = TestCa::new().unwrap();
    let certificate = ca.certificate(["localhost"]).unwrap();
    let fault = Fault::new().close_after(4);
    let error = get_with(certificate, &ca, "localhost", fault)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
}
