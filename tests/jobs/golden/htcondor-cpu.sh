#!/usr/bin/env bash

MY.DaskWorkerName = "htcondor--$F(MY.JobId)--"
batch_name = bd-trial-1a2b3c4d-24c7-cpu-3
RequestCpus = MY.DaskWorkerCores
RequestMemory = floor(MY.DaskWorkerMemory / 1048576)
RequestDisk = floor(MY.DaskWorkerDisk / 1024)
MY.JobId = "$(ClusterId).$(ProcId)"
MY.DaskWorkerCores = 4
MY.DaskWorkerMemory = 10000269312
MY.DaskWorkerDisk = 10000000000
Output = /runs/trial-1a2b3c4d/logs/bd-trial-1a2b3c4d-24c7-cpu-3.$(ClusterId).out
Error = /runs/trial-1a2b3c4d/logs/bd-trial-1a2b3c4d-24c7-cpu-3.$(ClusterId).err
accounting_group = mat

Arguments = "-c 'eval ""$(DOLLAR)(printf ''%s\n'' ''exec >>/runs/trial-1a2b3c4d/logs/bd-trial-1a2b3c4d-24c7-cpu-3.log 2>&1'' ''export PATH=/env/bin:/usr/bin'' ''export BIGDATA_CACHE=/big/cache'' ''module load python  # the site''""''""''s'' ''if [ -d /scratch ]'' ''then export TMPDIR=""/scratch/$USER""'' fi ''export BIGDATA_JOB_ENDS=""${SLURM_JOB_END_TIME:-$(DOLLAR)(($(DOLLAR)(date +%s)+5400))}""'' ''[ -n ""${CUDA_VISIBLE_DEVICES+set}"" ] && export APPTAINERENV_CUDA_VISIBLE_DEVICES=""$CUDA_VISIBLE_DEVICES""'' ''[ -n ""${TMPDIR+set}"" ] && export APPTAINERENV_TMPDIR=""$TMPDIR""'' ''[ -n ""${BIGDATA_JOB_ENDS+set}"" ] && export APPTAINERENV_BIGDATA_JOB_ENDS=""$BIGDATA_JOB_ENDS""'' ''[ -n ""${BIGDATA_CACHE+set}"" ] && export APPTAINERENV_BIGDATA_CACHE=""$BIGDATA_CACHE""'' ''[ -n ""${BIGDATA_NO_KERNEL+set}"" ] && export APPTAINERENV_BIGDATA_NO_KERNEL=""$BIGDATA_NO_KERNEL""'' ''[ -d ""$TMPDIR"" ] && export APPTAINER_BIND=""${APPTAINER_BIND:+$APPTAINER_BIND,}$TMPDIR""'' ''export APPTAINERENV_PYTHONNOUSERSITE=1'' ''exec apptainer exec --cleanenv --bind /scratch --bind /runs/trial-1a2b3c4d --bind /big/cache /sites/bigdata.sif python3 -s -P -m bigdata.jobs.worker ''""''""''{""scheduler"": ""tls://10.0.0.1:8786"", ""name"": ""cpu-3"", ""lane"": ""cpu"", ""n"": 4, ""memory"": 2449668352, ""threads"": 1, ""certificates"": ""/runs/trial-1a2b3c4d/tls"", ""more_memory"": true, ""interface"": ""ib0""}''""''""'''')""'"
Executable = /bin/bash

Queue
