//! opendal's COS service, as its documentation shows it: CASE ADDRESS BUCKET KEY-OR-PREFIX FOLDER.
//!
//! It puts the bucket in front of the host, which no name server knows here: the server at ADDRESS
//! is given to it as a proxy.

use std::error::Error;
use std::path::Path;

use futures::{StreamExt, TryStreamExt};
use opendal::{Operator, services::Cos};
use tokio::fs::{self, File};
use tokio::io::{AsyncWriteExt, BufWriter, stdout};

const PART: usize = 20 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, _, bucket, name, folder] = arguments.as_slice() else {
        println!("opendal 0.59");
        return Ok(());
    };
    opendal::install_default();
    let service = Cos::default()
        .endpoint("http://cos.ap-beijing.myqcloud.com")
        .bucket(bucket)
        .secret_id("id")
        .secret_key("key")
        .disable_config_load();
    let operator = Operator::new(service)?;
    match case.as_str() {
        "large" => large(&operator, name, &Path::new(folder).join(name)).await,
        "small" => small(&operator, name, Path::new(folder)).await,
        _ => listing(&operator, name).await,
    }
}

async fn large(operator: &Operator, key: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    let reader = operator.reader_with(key).concurrent(5).chunk(PART).await?;
    let mut stream = reader.into_bytes_stream(..).await?;
    let mut file = File::create(path).await?;
    while let Some(bytes) = stream.try_next().await? {
        file.write_all(&bytes).await?;
    }
    file.flush().await?;
    Ok(())
}

async fn small(operator: &Operator, prefix: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let lister = operator.lister_with(prefix).recursive(true).await?;
    let objects = lister.try_for_each_concurrent(32, |entry| async move {
        let bytes = operator.read(entry.path()).await?;
        let write = async {
            let part = folder.join(format!("{}.part", entry.name()));
            let mut file = File::create(&part).await?;
            for bytes in bytes {
                file.write_all(&bytes).await?;
            }
            file.flush().await?;
            fs::rename(part, folder.join(entry.name())).await
        };
        write.await.map_err(opendal::raw::new_std_io_error)
    });
    objects.await?;
    Ok(())
}

async fn listing(operator: &Operator, prefix: &str) -> Result<(), Box<dyn Error>> {
    let mut lister = operator.lister_with(prefix).recursive(true).await?;
    let mut out = BufWriter::new(stdout());
    while let Some(entry) = lister.next().await {
        let entry = entry?;
        let line = format!("{} {}\n", entry.metadata().content_length(), entry.path());
        out.write_all(line.as_bytes()).await?;
    }
    out.flush().await?;
    Ok(())
}
