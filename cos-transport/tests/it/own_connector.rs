//! Connections that the caller makes.

use std::io;
use std::sync::{Arc, Mutex};

use cos_emulator::{Emulator, TestCa};
use cos_proto::{Endpoint, Failure, Region};
use cos_transport::{Client, ErrorKind, Proxy};
use http::Uri;
use tokio::io::{DuplexStream, copy_bidirectional, duplex};
use tokio::net::TcpStream;

use crate::support::{BUCKET, all, bucket, content, credentials, get};

/// A pipe in memory, the other end of which leads to the emulator; and which URI was asked for.
fn pipe(
    emulator: &Emulator,
    asked: &Arc<Mutex<Vec<Uri>>>,
) -> impl tower::Service<Uri, Response = DuplexStream, Error = io::Error, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    let (addr, asked) = (emulator.addr(), Arc::clone(asked));
    tower::service_fn(move |uri: Uri| {
        asked.lock().unwrap().push(uri);
        async move {
            let mut server = TcpStream::connect(addr).await?;
            let (ours, mut theirs) = duplex(64 * 1024);
            tokio::spawn(async move { copy_bidirectional(&mut theirs, &mut server).await });
            Ok(ours)
        }
    })
}

#[tokio::test]
async fn tls_stands_on_whatever_the_caller_brings() {
    let host = format!("{BUCKET}.cos.ap-beijing.myqcloud.com");
    let ca = TestCa::new().unwrap();
    let emulator = Emulator::builder()
        .bucket(bucket())
        .credentials(credentials())
        .tls(ca.certificate([host.as_str()]).unwrap())
        .start()
        .await
        .unwrap();
    let asked = Arc::default();
    let endpoint = || Endpoint::region(Region::new("ap-beijing").unwrap());
    let builder = Client::builder(endpoint())
        .credentials(credentials())
        .ca_cert(ca.pem())
        .connector(pipe(&emulator, &asked));
    let client = builder.clone().build().unwrap();
    for _ in 0..2 {
        let (_, body) = client.get_object(get()).await.unwrap();
        assert!(all(body).await.unwrap() == content());
    }
    // A new connection is asked for once, and then kept.
    let authorities = |asked: &Mutex<Vec<Uri>>| -> Vec<String> {
        let mut asked = asked.lock().unwrap();
        let said = |uri: Uri| format!("{}://{}", uri.scheme().unwrap(), uri.authority().unwrap());
        asked.drain(..).map(said).collect()
    };
    assert_eq!(authorities(&asked), [format!("https://{host}")]);

    // Another place to dial is the connector's to find.
    let client = builder.clone().connect_to("10.0.0.1:9").build().unwrap();
    client.get_object(get()).await.unwrap();
    assert_eq!(authorities(&asked), ["https://10.0.0.1:9"]);

    // So is a proxy; this one is the emulator, which knows nothing of tunnels.
    let proxy = Proxy::new("http://proxy.example:3128").unwrap();
    let client = Client::builder(endpoint())
        .ca_cert(ca.pem())
        .connector(tower::service_fn(|uri: Uri| async move {
            assert_eq!(uri.to_string(), "http://proxy.example:3128/");
            let (ours, theirs) = duplex(1024);
            drop(theirs);
            Ok::<_, io::Error>(ours)
        }))
        .proxies(proxy)
        .retries(0)
        .build()
        .unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy, "{error:?}");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_connector_that_fails_is_a_connection_that_failed() {
    let client =
        Client::builder(Endpoint::service_url("http://cos.example", Default::default()).unwrap())
            .connector(tower::service_fn(|_: Uri| async {
                Err::<DuplexStream, _>("the sidecar is down")
            }))
            .retries(0)
            .build()
            .unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert_eq!(error.failure(), Failure::Transport);
    let causes = format!("{error:?}");
    assert!(causes.contains("the sidecar is down"), "{causes}");
}
