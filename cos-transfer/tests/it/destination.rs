//! Where files go, and where they do not.

use std::fs;

use cos_transfer::{DestinationError, DownloadError, LocalAction, Report};

use crate::fake::{Fake, whole};
use crate::support::{Folder, downloader, object};

const CONTENT: &[u8] = b"some bytes";

/// A service that must not be asked.
fn nobody() -> Fake {
    Fake::default()
}

fn somebody() -> Fake {
    Fake::answering([whole(CONTENT, 3)])
}

#[tokio::test]
async fn missing_directories_are_made() {
    let folder = Folder::new();
    let dest = folder.join("a/b/c/file");
    downloader(somebody())
        .download(object(), &dest)
        .await
        .unwrap();
    assert_eq!(fs::read(&dest).unwrap(), CONTENT);
}

#[tokio::test]
async fn k5_the_longest_name_there_is_will_do_and_a_longer_one_fails_before_anything_is_sent() {
    let folder = Folder::new();
    let longest = "n".repeat(255);
    downloader(somebody())
        .download(object(), &folder.join(&longest))
        .await
        .unwrap();
    assert_eq!(folder.names(), [longest]);

    let result = downloader(nobody())
        .download(object(), &folder.join(&"n".repeat(256)))
        .await;
    assert!(
        matches!(
            result,
            Err(DownloadError::Destination(
                DestinationError::Unreadable { .. }
            ))
        ),
        "{result:?}"
    );
}

#[tokio::test]
async fn directories_that_were_there_stay_when_a_download_fails() {
    let folder = Folder::new();
    fs::create_dir(folder.join("kept")).unwrap();
    let mut short = whole(CONTENT, 3);
    *short.body_mut() = crate::fake::FakeBody::new([]);
    downloader(Fake::answering([short]))
        .retries(0)
        .download(object(), &folder.join("kept/made/file"))
        .await
        .unwrap_err();
    assert_eq!(folder.names(), ["kept"]);
    assert!(!folder.join("kept/made").exists());
}

#[tokio::test]
async fn f6_a_directory_is_refused_before_anything_is_sent() {
    let folder = Folder::new();
    let result = downloader(nobody()).download(object(), folder.path()).await;
    assert!(
        matches!(
            result,
            Err(DownloadError::Destination(
                DestinationError::Directory { .. }
            ))
        ),
        "{result:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn f6_a_device_is_refused_before_anything_is_sent() {
    let result = downloader(nobody())
        .download(object(), "/dev/null".as_ref())
        .await;
    assert!(
        matches!(
            result,
            Err(DownloadError::Destination(DestinationError::Special { .. }))
        ),
        "{result:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn f6_a_link_is_replaced_and_never_written_through() {
    let folder = Folder::new();
    let (target, link) = (folder.join("target"), folder.join("link"));
    fs::write(&target, b"precious").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    downloader(somebody())
        .download(object(), &link)
        .await
        .unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"precious");
    assert!(fs::symlink_metadata(&link).unwrap().is_file());
    assert_eq!(fs::read(&link).unwrap(), CONTENT);
}

#[tokio::test]
async fn f7_no_clobber_skips_a_file_that_is_there() {
    let folder = Folder::new();
    let dest = folder.join("file");
    fs::write(&dest, b"old").unwrap();
    let report: Report = downloader(nobody())
        .no_clobber(true)
        .download(object(), &dest)
        .await
        .unwrap();
    assert!(report.skipped);
    assert_eq!(fs::read(&dest).unwrap(), b"old");
}

#[tokio::test]
async fn f8_no_clobber_leaves_a_file_that_came_meanwhile() {
    let folder = Folder::new();
    let dest = folder.join("file");
    let meanwhile = dest.clone();
    let report = downloader(somebody())
        .no_clobber(true)
        // The first word of progress comes between the first look and the publication.
        .progress(move |_| fs::write(&meanwhile, b"other").unwrap())
        .download(object(), &dest)
        .await
        .unwrap();
    assert!(report.skipped);
    assert_eq!(fs::read(&dest).unwrap(), b"other");
    assert_eq!(folder.names(), ["file"]);
}

#[tokio::test]
async fn f8_a_directory_that_came_meanwhile_is_not_replaced() {
    let folder = Folder::new();
    let dest = folder.join("file");
    let meanwhile = dest.clone();
    let result = downloader(somebody())
        .progress(move |_| fs::create_dir_all(&meanwhile).unwrap())
        .download(object(), &dest)
        .await;
    assert!(
        matches!(
            result,
            Err(DownloadError::Destination(
                DestinationError::Directory { .. }
            ))
        ),
        "{result:?}"
    );
    assert!(dest.is_dir());
    assert_eq!(folder.names(), ["file"]);
}

#[tokio::test]
async fn f9_a_directory_that_is_removed_meanwhile_is_not_made_again() {
    let folder = Folder::new();
    let dir = folder.join("dir");
    fs::create_dir(&dir).unwrap();
    let meanwhile = dir.clone();
    let result = downloader(somebody())
        .progress(move |_| fs::remove_dir_all(&meanwhile).unwrap())
        .download(object(), &dir.join("file"))
        .await;
    assert!(
        matches!(
            result,
            Err(DownloadError::Local {
                action: LocalAction::Create,
                ..
            })
        ),
        "{result:?}"
    );
    assert!(folder.names().is_empty());
}

#[tokio::test]
async fn f5_a_place_below_a_file_fails_before_anything_is_sent() {
    let folder = Folder::new();
    fs::write(folder.join("file"), b"old").unwrap();
    let result = downloader(nobody())
        .download(object(), &folder.join("file/below"))
        .await;
    assert!(
        matches!(
            result,
            Err(DownloadError::Local {
                action: LocalAction::Create,
                ..
            } | DownloadError::Destination(DestinationError::Unreadable { .. }))
        ),
        "{result:?}"
    );
}

/// `/proc` takes no files from anybody, root included.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn f5_a_place_that_takes_no_file_fails_without_a_byte_fetched() {
    let answer = Fake::answering([whole(CONTENT, 3)]);
    let result = downloader(answer)
        .download(object(), "/proc/cos-transfer-test".as_ref())
        .await;
    assert!(
        matches!(
            result,
            Err(DownloadError::Local {
                action: LocalAction::Create,
                ..
            })
        ),
        "{result:?}"
    );
}

/// A file system of one page, so that the disk is full at once.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn f2_a_full_disk_leaves_nothing() {
    let content = crate::support::content(5_000_000);
    let folder = Folder::new();
    let Some(_mounted) = Tmpfs::mount(folder.path(), "size=1m") else {
        eprintln!("SKIPPED f2_a_full_disk_leaves_nothing: mounting a tmpfs is not allowed here");
        return;
    };
    let result = downloader(Fake::answering([whole(&content, 100_000)]))
        .download(object(), &folder.join("file"))
        .await;
    let Err(DownloadError::Local { action, source, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(action, LocalAction::Write);
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
    assert!(folder.names().is_empty());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn f5_a_read_only_file_system_fails_before_anything_is_sent() {
    let folder = Folder::new();
    let Some(_mounted) = Tmpfs::mount(folder.path(), "ro,size=1m") else {
        eprintln!("SKIPPED f5_a_read_only_file_system: mounting a tmpfs is not allowed here");
        return;
    };
    let result = downloader(nobody())
        .download(object(), &folder.join("new/file"))
        .await;
    let Err(DownloadError::Local { action, source, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(action, LocalAction::Create);
    assert_eq!(source.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
}

/// A mounted tmpfs, unmounted when it is dropped.
#[cfg(target_os = "linux")]
struct Tmpfs(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl Tmpfs {
    fn mount(at: &std::path::Path, options: &str) -> Option<Self> {
        let status = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(at)
            .stderr(std::process::Stdio::null())
            .status()
            .ok()?;
        status.success().then(|| Self(at.to_owned()))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}

/// The umask belongs to the whole process, so the modes are looked at in a process of their own:
/// this test binary, run again.
#[cfg(unix)]
#[tokio::test]
async fn a_file_has_the_mode_that_the_umask_leaves_it() {
    use std::os::unix::fs::PermissionsExt as _;

    const INNER: &str = "COS_TRANSFER_TEST_DEST";
    if let Some(dest) = std::env::var_os(INNER) {
        let dest = std::path::PathBuf::from(dest);
        let dir = dest.parent().unwrap().to_owned();
        let modes = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = std::sync::Arc::clone(&modes);
        downloader(somebody())
            .progress(move |_| {
                for entry in fs::read_dir(&dir).unwrap() {
                    let entry = entry.unwrap();
                    if entry.file_name().as_encoded_bytes().ends_with(b".cospart") {
                        seen.lock()
                            .unwrap()
                            .push(entry.metadata().unwrap().permissions().mode());
                    }
                }
            })
            .download(object(), &dest)
            .await
            .unwrap();
        let modes = modes.lock().unwrap();
        assert!(!modes.is_empty());
        assert!(modes.iter().all(|mode| mode & 0o777 == 0o600), "{modes:?}");
        return;
    }

    let folder = Folder::new();
    let dest = folder.join("file");
    let test = "destination::a_file_has_the_mode_that_the_umask_leaves_it";
    let status = std::process::Command::new("sh")
        .args(["-c", "umask 027; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(INNER, &dest)
        .status()
        .unwrap();
    assert!(status.success());
    let mode = fs::metadata(&dest).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640, "{mode:o}");
}
