//! Downloads an object over several connections, and shows how far it is:
//!
//! ```text
//! cargo run -p cos-transfer --example progress -- http://127.0.0.1:9000 BUCKET KEY FILE
//! ```
//!
//! Interrupt it, and run it again: it goes on from what has been recorded. The client is that of
//! cos-transport, without credentials.

use std::io::{self, Write as _};
use std::path::Path;

use cos_proto::{Addressing, Bucket, Endpoint, GetObject, Key};
use cos_transfer::{BoxError, Downloader, Transferred};
use cos_transport::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, bucket, key, file] = arguments.as_slice() else {
        return Err("usage: progress URL BUCKET KEY FILE".into());
    };
    let endpoint = Endpoint::service_url(url, Addressing::Auto)?;
    let client = Client::builder(endpoint.clone()).build()?;
    let get = GetObject::new(Bucket::new(bucket)?, Key::new(key)?);

    let downloader = Downloader::new(client, endpoint).progress(show);
    let mut transfer = downloader.download(get, Path::new(file));
    tokio::select! {
        report = &mut transfer => {
            let report = report?;
            let (bytes, fetched) = (report.bytes, report.fetched);
            writeln!(io::stderr(), "\n{bytes} bytes, {fetched} of them fetched")?;
        }
        _ = tokio::signal::ctrl_c() => {
            // What has come is recorded, and the lock is free when this is done.
            let kept = transfer.cancel().await;
            writeln!(io::stderr(), "\n{kept} bytes are kept")?;
        }
    }
    Ok(())
}

/// Shows one line, and the next one in its place. It is called at most ten times a second.
fn show(now: Transferred) {
    let (mib, of) = (now.committed() >> 20, now.total() >> 20);
    let (rate, resumed) = (now.rate() >> 20, now.resumed() >> 20);
    // A terminal that has gone is no reason to give the download up.
    let _ = write!(
        io::stderr(),
        "\r{mib} of {of} MiB, {rate} MiB/s, {resumed} MiB were there "
    );
}
