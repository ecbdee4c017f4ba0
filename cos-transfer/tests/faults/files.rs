//! F: what a clock can do to files. The rest of the rows about files is where the storage is
//! simulated, or where file systems can be mounted; `README.md` says where.

use std::fs::File;
use std::time::{Duration, SystemTime};

use cos_emulator::Fault;
use http::StatusCode;

use crate::rig::{LEN, PART, REQUESTS, Rig, of_part};

/// The clock was wrong then, or it is now: a checkpoint from before time, and one from the future.
#[tokio::test]
async fn f18_a_checkpoint_of_any_time_is_gone_on_from() {
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    for time in [
        SystemTime::UNIX_EPOCH,
        SystemTime::now() + year,
        SystemTime::UNIX_EPOCH + 130 * year,
    ] {
        let denied = Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
        let rig = Rig::new().await;
        rig.script(of_part(1), denied);
        let in_turn = rig.downloader().parallel(1);
        let (_, rig) = rig.download_by(in_turn).await.fails(2);
        for name in ["file.cosckpt", "file.cospart"] {
            let file = File::options()
                .write(true)
                .open(rig.dest().with_file_name(name));
            file.unwrap().set_modified(time).unwrap();
        }
        let in_turn = rig.downloader().parallel(1);
        let (report, _) = rig.download_by(in_turn).await.succeeds(2 + REQUESTS - 1);
        assert_eq!((report.resumed, report.fetched), (PART, LEN - PART));
    }
}
