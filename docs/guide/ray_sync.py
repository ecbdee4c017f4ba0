"""A COS directory, downloaded by the tasks of a Ray cluster onto a file system that its nodes share.

Before: `cos` on every node, and there a profile in ~/.config/cos/config.toml with region and credentials (mode 600).
        Not in `runtime_env`: what stands there is shown in the dashboard.
Then:   python ray_sync.py examplebucket-1250000000 prefixes.txt /shared/data --shards 8
"""

import argparse
import json
import pathlib
import subprocess
import sys

import ray

# Exit codes of cos that come again: usage, nothing there, credentials, the disk.
FINAL = {2, 3, 4, 9}


class Unfinished(Exception):
    """Something passing. The task is run again and fetches only what is still missing."""


@ray.remote(num_cpus=1, max_retries=5, retry_exceptions=[Unfinished])
def share(bucket, prefix, directory, shard, shards):
    """Takes one share of a prefix, and returns what became of it. Errors go to the worker's log."""
    place = f"cos://{bucket}/{prefix}"
    command = ["cos", "sync", place, f"{directory}/{prefix}", "--shard", f"{shard}/{shards}"]
    command += ["--connections", "32", "--json"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    last = "{}"
    # A line for each object, and at the end the summary.
    for last in run.stdout:
        pass
    if run.wait() not in FINAL | {0}:
        raise Unfinished(f"{place} {shard}/{shards} ended with {run.returncode}")
    return {"place": place, "shard": shard, "exit": run.returncode, **json.loads(last)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("bucket")
    arguments.add_argument("prefixes", type=pathlib.Path, help="a file with one prefix a line")
    arguments.add_argument("directory", help="the same path on every node")
    arguments.add_argument("--shards", type=int, default=8, help="shares of each prefix")
    given = arguments.parse_args()
    ray.init()
    prefixes = given.prefixes.read_text().splitlines()
    waiting = [
        share.remote(given.bucket, prefix, given.directory, shard, given.shards)
        for prefix in prefixes
        for shard in range(given.shards)
    ]
    failed = 0
    while waiting:
        done, waiting = ray.wait(waiting)
        for task in done:
            try:
                outcome = ray.get(task)
            except Exception as error:  # Ray wraps what the task raised, once its retries are used up.
                outcome = {"exit": 1, "error": str(error)}
            failed += outcome["exit"] != 0
            print(json.dumps(outcome), flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
