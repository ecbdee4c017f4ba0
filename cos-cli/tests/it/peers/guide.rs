//! The guide's files do what they say: what Kubernetes, Slurm and Ray would run is run here, one
//! index after the other, against the local endpoint.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use cos_emulator::{Emulator, MemoryBucket, Object};
use tokio::process::Command;

use super::{program, python_with};
use crate::common::{BINARY, BUCKET, Place, serve};

const PREFIXES: &str = "data/2025/\ndata/2026/\n";

/// A bucket with objects below two prefixes, and beside them.
async fn endpoint() -> Emulator {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..60 {
        let key = format!("data/202{}/{number:02}/part-{number}", 5 + number % 2);
        bucket.put(key, Object::new(format!("content {number}")));
    }
    bucket.put("data/readme.txt", Object::new("beside the folders"));
    serve(bucket).await
}

fn guide(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/guide")
        .join(name)
}

/// A place with `cos` in the folder `bin`, and the prefixes in a file.
fn place(emulator: &Emulator) -> Place {
    let place = Place::with_keys(emulator);
    fs::create_dir(place.path("bin")).unwrap();
    symlink(BINARY, place.path("bin/cos")).unwrap();
    fs::write(place.path("prefixes.txt"), PREFIXES).unwrap();
    place
}

/// A program that finds `cos`.
fn command(place: &Place, program: &Path) -> Command {
    let mut command = place.program(program.to_str().unwrap());
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    command.env("PATH", path);
    command
}

async fn succeed(mut command: Command) -> String {
    let output = command.output().await.unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Everything is at `data` in the place, each object was fetched once, and nothing else is left.
fn assert_all_is_there(place: &Place, emulator: &Emulator) {
    for number in 0..60 {
        let path = format!("data/data/202{}/{number:02}/part-{number}", 5 + number % 2);
        assert_eq!(place.read(&path), format!("content {number}").into_bytes());
    }
    assert_eq!(
        crate::common::names(&place.path("data/data")),
        ["2025", "2026"]
    );
    assert_eq!(
        crate::common::names(&place.path("data/data/2025")).len(),
        30
    );
    let fetched = emulator
        .log()
        .iter()
        .filter(|exchange| !exchange.key().is_empty())
        .count();
    assert_eq!(fetched, 60);
}

#[tokio::test]
async fn the_indices_of_the_kubernetes_job_fetch_everything_once() {
    let (Some(python), Some(sh)) = (python_with("yaml"), program(&["/bin/sh"])) else {
        return;
    };
    let emulator = endpoint().await;
    let place = place(&emulator);
    let script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))";
    let mut to_json = command(&place, &python);
    to_json
        .args(["-c", script])
        .stdin(fs::File::open(guide("kubernetes.yaml")).unwrap());
    let documents: serde_json::Value = serde_json::from_str(&succeed(to_json).await).unwrap();
    let (config, job) = (&documents[0]["data"], &documents[1]["spec"]);
    let container = &job["template"]["spec"]["containers"][0];
    let prefixes = config["prefixes"].as_str().unwrap();
    assert_eq!(prefixes, PREFIXES);
    let shards: usize = config["SHARDS"].as_str().unwrap().parse().unwrap();
    let indices = usize::try_from(job["completions"].as_u64().unwrap()).unwrap();
    assert_eq!(indices, shards * prefixes.lines().count());
    assert_eq!(container["command"], serde_json::json!(["/bin/sh", "-euc"]));
    for index in 0..indices {
        let mut pod = command(&place, &sh);
        pod.arg("-euc")
            .arg(container["args"][0].as_str().unwrap())
            .env("JOB_COMPLETION_INDEX", index.to_string())
            .env("SHARDS", shards.to_string())
            .env("BUCKET", config["BUCKET"].as_str().unwrap())
            .env("PREFIXES", "prefixes.txt")
            .env("DIRECTORY", "data");
        succeed(pod).await;
    }
    assert_all_is_there(&place, &emulator);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_tasks_of_the_slurm_array_fetch_everything_once() {
    let Some(bash) = program(&["/bin/bash", "/usr/bin/bash"]) else {
        return;
    };
    let emulator = endpoint().await;
    let place = place(&emulator);
    let script = fs::read_to_string(guide("slurm.sh")).unwrap();
    let array = script
        .lines()
        .find_map(|line| line.strip_prefix("#SBATCH --array=0-"))
        .unwrap();
    let last: usize = array.split('%').next().unwrap().parse().unwrap();
    let task = |index: usize| {
        let mut task = command(&place, &bash);
        task.arg(guide("slurm.sh"))
            .env("SLURM_ARRAY_TASK_ID", index.to_string());
        task
    };
    for index in 0..=last {
        succeed(task(index)).await;
    }
    assert_all_is_there(&place, &emulator);
    // An index beyond the prefixes is a mistake of the array's range.
    let beyond = task(last + 1).output().await.unwrap();
    assert_eq!(beyond.status.code(), Some(2));
    emulator.shutdown().await.unwrap();
}

/// As much of Ray as the script uses: tasks that are run when somebody asks for their outcome.
const RAY: &str = "
class Task:
    def __init__(self, function): self.function = function
    def remote(self, *arguments): return lambda: self.function(*arguments)
def remote(**options): return Task
def init(): pass
def wait(tasks): return tasks[:1], tasks[1:]
def get(task): return task()
";

#[tokio::test]
async fn the_tasks_of_the_ray_script_fetch_everything_once() {
    let Some(python) = program(&["/usr/bin/python3", "/usr/local/bin/python3"]) else {
        return;
    };
    let emulator = endpoint().await;
    let place = place(&emulator);
    fs::create_dir(place.path("modules")).unwrap();
    fs::write(place.path("modules/ray.py"), RAY).unwrap();
    let run = |bucket: &str| {
        let mut run = command(&place, &python);
        run.arg(guide("ray_sync.py"))
            .args([bucket, "prefixes.txt", "data", "--shards", "3"])
            .env("PYTHONPATH", place.path("modules"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        run
    };
    let told = succeed(run(BUCKET)).await;
    let objects: u64 = told
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|outcome| outcome["objects"].as_u64().unwrap())
        .sum();
    assert_eq!((told.lines().count(), objects), (6, 60), "{told}");
    assert_all_is_there(&place, &emulator);
    // What fails makes the script fail.
    let failed = run("nosuchbucket-1250000000").output().await.unwrap();
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    emulator.shutdown().await.unwrap();
}
