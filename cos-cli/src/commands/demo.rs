//! `cos demo`: the main job on a local endpoint, without an account.
//!
//! Every step runs this same program as a child, as a person would, against an endpoint that this
//! process serves: what is shown is what the command does. Each step says beforehand what should
//! come out, and is held to it.

mod endpoint;
mod run;
mod show;
mod step;

use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::context::Context;
use crate::error::{Error, chain};
use crate::exit::ExitCode;
use crate::printer::{Printer, elapsed};
use endpoint::{BUCKET, DemoEndpoint, FOLDER, PHOTOS, REPORT, REPORT_SIZE};
use step::{Expected, Step};

/// Runs the steps and fails if one of them came out otherwise than it should.
pub(super) async fn run(context: &Context) -> Result<(), Error> {
    let started = Instant::now();
    let printer = context.printer;
    let folder = TempDir::with_prefix("cos-demo-").map_err(|error| {
        Error::new(
            ExitCode::Disk,
            format!("cannot make a temporary directory: {}", chain(&error)),
        )
    })?;
    let mut endpoint = DemoEndpoint::start().await?;
    if !printer.json() {
        introduce(&endpoint, folder.path(), printer)?;
    }
    let mut failed = 0_usize;
    let steps = steps();
    for (index, step) in steps.iter().enumerate() {
        let outcome = step.run(&mut endpoint, folder.path()).await?;
        step.show(index + 1, &outcome, printer)?;
        if !outcome.as_it_should {
            failed += 1;
        }
    }
    let total = steps.len();
    let requests = endpoint.requests();
    endpoint.shutdown().await?;
    folder.close().map_err(|error| {
        Error::new(
            ExitCode::Disk,
            format!("cannot remove the demo's files: {}", chain(&error)),
        )
    })?;
    if failed > 0 {
        return Err(Error::new(
            ExitCode::Other,
            format!("{failed} of {total} steps came out otherwise than they should"),
        ));
    }
    conclude(total, requests, started.elapsed(), printer)
}

/// What is shown, in this order.
fn steps() -> Vec<Step> {
    let report = format!("cos://{BUCKET}/{REPORT}");
    let report = report.as_str();
    let in_parts = ["cp", report, "report.bin", "--part-size", "4MiB", "-j", "2"];
    let folder = format!("cos://{BUCKET}/{FOLDER}");
    let folder = folder.as_str();
    let sync = ["sync", folder, "photos"];
    let file = |name| Expected::File { name, key: REPORT };
    vec![
        Step::new(
            "Look at a bucket",
            &["ls", &format!("cos://{BUCKET}/data/")],
        ),
        Step::new(
            "Download an object in parts; when half of it has come, the process is killed",
            &in_parts,
        )
        .killed_half_way(2, 4 << 20)
        .gives(Expected::Checkpoint("report.bin"))
        .gives(Expected::Sent(REPORT_SIZE / 2)),
        Step::new(
            "The same again: what is there is read back and compared, and not fetched again",
            &in_parts,
        )
        .gives(file("report.bin"))
        .gives(Expected::Sent(REPORT_SIZE / 2)),
        Step::new(
            "The connection cut again and again: each part goes on from where it was",
            &["cp", report, "cut.bin"],
        )
        .cut_off()
        .gives(file("cut.bin")),
        Step::new(
            "One byte changed on its way: noticed, and the file does not appear",
            &["cp", report, "damaged.bin"],
        )
        .corrupted()
        .fails(ExitCode::Integrity)
        .gives(Expected::Nothing("damaged.bin")),
        Step::new(
            "A wrong secret key: refused, and nothing is written",
            &["cp", report, "refused.bin"],
        )
        .with_wrong_key()
        .fails(ExitCode::Access)
        .gives(Expected::Nothing("refused.bin")),
        Step::new(
            "A directory: listed while it is fetched, over many connections",
            &["cp", "-r", folder, "photos"],
        )
        .gives(Expected::Folder {
            name: "photos",
            prefix: FOLDER,
        })
        .gives(Expected::Asked(PHOTOS)),
        Step::new("The same directory again: nothing differs", &sync).gives(Expected::Asked(0)),
        Step::new("One object has changed: it alone is fetched", &sync)
            .after_change(format!("{FOLDER}01/012.jpg"), "Another picture.\n")
            .gives(Expected::Folder {
                name: "photos",
                prefix: FOLDER,
            })
            .gives(Expected::Asked(1)),
        Step::new(
            "Every key, byte for byte, however odd",
            &["ls", "-r", &format!("cos://{BUCKET}/odd/")],
        ),
        Step::new(
            "Read one of them",
            &["cat", &format!("cos://{BUCKET}/odd/a//b")],
        ),
    ]
}

fn introduce(endpoint: &DemoEndpoint, folder: &Path, printer: Printer) -> Result<(), Error> {
    printer.line(format_args!(
        "A COS endpoint on this machine, {}, with a generated bucket. It checks signatures.\n\
         Each step runs this program against it over HTTP, in {}.",
        endpoint.url(),
        folder.display(),
    ))
}

fn conclude(steps: usize, requests: usize, time: Duration, printer: Printer) -> Result<(), Error> {
    if printer.json() {
        return Ok(());
    }
    printer.line(format_args!(
        "\nAll {steps} steps came out as they should: {requests} requests in {}. Nothing is left behind.",
        elapsed(time)
    ))
}
