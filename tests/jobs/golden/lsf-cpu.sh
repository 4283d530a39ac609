#!/usr/bin/env bash

#BSUB -J bd-trial-1a2b3c4d-24c7-cpu-3
#BSUB -q batch
#BSUB -P "mat"
#BSUB -n 4
#BSUB -R "span[hosts=1]"
#BSUB -M 10000270
#BSUB -W 01:31
#BSUB -o /runs/trial-1a2b3c4d/logs/bd-trial-1a2b3c4d-24c7-cpu-3-%J.out

exec >>/runs/trial-1a2b3c4d/logs/bd-trial-1a2b3c4d-24c7-cpu-3.log 2>&1
export PATH=/env/bin:/usr/bin
export BIGDATA_CACHE=/big/cache
module load python  # the site's
if [ -d /scratch ]
then export TMPDIR="/scratch/$USER"
fi
export BIGDATA_JOB_ENDS="${SLURM_JOB_END_TIME:-$(($(date +%s)+5400))}"
exec /env/bin/python -P -m bigdata.jobs.worker '{"scheduler": "tls://10.0.0.1:8786", "name": "cpu-3", "lane": "cpu", "n": 4, "memory": 2449668352, "threads": 1, "certificates": "/runs/trial-1a2b3c4d/tls", "more_memory": true, "interface": "ib0"}'
