#!/bin/bash
# A COS directory, downloaded by the tasks of a Slurm array onto the cluster's shared file system.
#
# Before: prefixes.txt, one prefix a line; a profile in ~/.config/cos/config.toml with region and credentials (mode 600).
# Then:   sbatch slurm.sh
# After:  sacct -j JOB -o JobID,State,ExitCode; run those that failed again by `sbatch --array=3,11 slurm.sh`.
#
# To change: the lines up to the empty one below. Indices = lines of prefixes.txt x SHARDS: here 2 x 8 = 16, 0 to 15.
#SBATCH --job-name=cos-sync
#SBATCH --array=0-15%8
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --output=cos-sync-%A-%a.log
set -euo pipefail
BUCKET=${BUCKET:-examplebucket-1250000000}
DIRECTORY=${DIRECTORY:-$PWD/data}
PREFIXES=${PREFIXES:-prefixes.txt}
# Not SLURM_ARRAY_TASK_COUNT: when a few tasks are run again, that is another number, and the keys would be dealt anew.
SHARDS=${SHARDS:-8}

prefix=$(sed -n "$((SLURM_ARRAY_TASK_ID / SHARDS + 1))p" "$PREFIXES")
if [ -z "$prefix" ]; then
    echo "$PREFIXES has no line for task $SLURM_ARRAY_TASK_ID" >&2
    exit 2
fi
# exec: the signal that Slurm sends before the time is over reaches cos itself, and what has arrived is kept.
exec cos sync "cos://$BUCKET/$prefix" "$DIRECTORY/$prefix" \
    --shard "$((SLURM_ARRAY_TASK_ID % SHARDS))/$SHARDS" \
    --connections 32 --progress never
