#!/usr/bin/env bash
# Several machines of a Slurm cluster, which see this folder under the same path: Ray joins them,
# and one worker on each trains.
#
#   sbatch --nodes 4 slurm.sh table readings.csv --target fault
#SBATCH --job-name=pipelines
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
# A job that was put back starts with the same command, which goes on where it was.
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
srun ray symmetric-run --address "$first:6379" --min-nodes "$SLURM_JOB_NUM_NODES" \
  --num-cpus "$SLURM_CPUS_PER_TASK" -- \
  python -m pipelines launch --workers "$SLURM_NTASKS" --on ray "$@"
