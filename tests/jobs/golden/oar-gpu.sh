#!/usr/bin/env bash

#OAR -n bd-trial-1a2b3c4d-24c7-gpu-3
#OAR -q gpuq
#OAR --project mat-gpu
#OAR -l /nodes=1/gpu=1,walltime=36:00:00
#OAR -O /runs/trial-1a2b3c4d/logs/%jobname%.%jobid%.out
#OAR -E /runs/trial-1a2b3c4d/logs/%jobname%.%jobid%.err
#OAR -t besteffort

exec >>/runs/trial-1a2b3c4d/logs/bd-trial-1a2b3c4d-24c7-gpu-3.log 2>&1
export PATH=/env/bin:/usr/bin
export BIGDATA_CACHE=/big/cache
module load python  # the site's
if [ -d /scratch ]
then export TMPDIR="/scratch/$USER"
fi
module load cuda
export BIGDATA_JOB_ENDS="${SLURM_JOB_END_TIME:-$(($(date +%s)+129600))}"
exec /env/bin/python -P -m bigdata.jobs.worker '{"scheduler": "tls://10.0.0.1:8786", "name": "gpu-3", "lane": "gpu", "n": 1, "memory": 68518150144, "threads": 8, "certificates": "/runs/trial-1a2b3c4d/tls", "gpus": 1, "interface": "ib0"}'
