//! Connections that the user makes:
//!
//! ```text
//! cargo run -p cos-transport --example own_connector
//! ```
//!
//! Some machines may not dial out: a sidecar does it for them and listens on a Unix socket. The
//! connector is a tower service that takes the URI of the server and gives anything that tokio can
//! read and write. Pool, time limit, TLS where the endpoint is `https`, and everything above stay
//! the client's. The sidecar and the service behind it, an emulator, are part of the example.

#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use cos_transport::BoxError;

#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    use cos_emulator::{Emulator, MemoryBucket, Object};
    use cos_proto::{Bucket, Endpoint, GetObject, Key, Region};
    use cos_transport::Client;
    use http_body_util::BodyExt as _;
    use tokio::net::UnixStream;

    let bucket = MemoryBucket::new("examplebucket-1250000000");
    bucket.put("a.txt", Object::new("hello"));
    let emulator = Emulator::builder()
        .bucket(bucket)
        .anonymous()
        .start()
        .await?;
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("sidecar");
    let sidecar = tokio::spawn(sidecar(
        tokio::net::UnixListener::bind(&socket)?,
        emulator.addr(),
    ));

    let connector = tower::service_fn(move |uri: http::Uri| {
        println!("a connection to {:?}", uri.authority().map(|a| a.as_str()));
        UnixStream::connect(socket.clone())
    });
    let region = Region::new("ap-beijing")?;
    let client = Client::builder(Endpoint::region(region).with_scheme(http::uri::Scheme::HTTP)?)
        .connector(connector)
        .build()?;
    for _ in 0..2 {
        let bucket = Bucket::new("examplebucket-1250000000")?;
        let get = GetObject::new(bucket, Key::new("a.txt")?);
        let (head, body) = client.get_object(get).await?;
        let bytes = body.collect().await?.to_bytes();
        println!("{} bytes: {:?}", head.size(), bytes);
    }
    sidecar.abort();
    emulator.shutdown().await?;
    Ok(())
}

/// Passes every connection on to `service`.
#[cfg(unix)]
async fn sidecar(listener: tokio::net::UnixListener, service: std::net::SocketAddr) {
    while let Ok((mut ours, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut theirs = tokio::net::TcpStream::connect(service).await?;
            tokio::io::copy_bidirectional(&mut ours, &mut theirs).await
        });
    }
}

#[cfg(not(unix))]
fn main() -> Result<(), BoxError> {
    println!("this example needs Unix sockets");
    Ok(())
}
