#!/usr/bin/env bash

MY.DaskWorkerName = "htcondor--$F(MY.JobId)--"
batch_name = bd-trial-1a2b3c4d-24c7-gpu-3
RequestCpus = MY.DaskWorkerCores
RequestMemory = floor(MY.DaskWorkerMemory / 1048576)
RequestDisk = floor(MY.DaskWorkerDisk / 1024)
MY.JobId = "$(ClusterId).$(ProcId)"
MY.DaskWorkerCores = 8
MY.DaskWorkerMemory = 68719476736
MY.DaskWorkerDisk = 21474836480
Output = /runs/trial-1a2b3c4d/logs/bd-trial-1a2b3c4d-24c7-gpu-3.$(ClusterId).out
Error = /runs/trial-1a2b3c4d/logs/bd-trial-1a2b3c4d-24c7-gpu-3.$(ClusterId).err
accounting_group = mat
request_gpus = 1

Arguments = "-c 'eval ""$(DOLLAR)(printf ''%s\n'' ''exec >>/runs/trial-1a2b3c4d/logs/bd-trial-1a2b3c4d-24c7-gpu-3.log 2>&1'' ''export PATH=/env/bin:/usr/bin'' ''export BIGDATA_CACHE=/big/cache'' ''module load python  # the site''""''""''s'' ''if [ -d /scratch ]'' ''then export TMPDIR=""/scratch/$USER""'' fi ''module load cuda'' ''export BIGDATA_JOB_ENDS=""${SLURM_JOB_END_TIME:-$(DOLLAR)(($(DOLLAR)(date +%s)+129600))}""'' ''[ -n ""${CUDA_VISIBLE_DEVICES+set}"" ] && export APPTAINERENV_CUDA_VISIBLE_DEVICES=""$CUDA_VISIBLE_DEVICES""'' ''[ -n ""${TMPDIR+set}"" ] && export APPTAINERENV_TMPDIR=""$TMPDIR""'' ''[ -n ""${BIGDATA_JOB_ENDS+set}"" ] && export APPTAINERENV_BIGDATA_JOB_ENDS=""$BIGDATA_JOB_ENDS""'' ''[ -n ""${BIGDATA_CACHE+set}"" ] && export APPTAINERENV_BIGDATA_CACHE=""$BIGDATA_CACHE""'' ''[ -n ""${BIGDATA_NO_KERNEL+set}"" ] && export APPTAINERENV_BIGDATA_NO_KERNEL=""$BIGDATA_NO_KERNEL""'' ''[ -d ""$TMPDIR"" ] && export APPTAINER_BIND=""${APPTAINER_BIND:+$APPTAINER_BIND,}$TMPDIR""'' ''export APPTAINERENV_PYTHONNOUSERSITE=1'' ''exec apptainer exec --cleanenv --nv --bind /scratch --bind /runs/trial-1a2b3c4d --bind /big/cache /sites/bigdata.sif python3 -s -P -m bigdata.jobs.worker ''""''""''{""scheduler"": ""tls://10.0.0.1:8786"", ""name"": ""gpu-3"", ""lane"": ""gpu"", ""n"": 1, ""memory"": 68518150144, ""threads"": 8, ""certificates"": ""/runs/trial-1a2b3c4d/tls"", ""gpus"": 1, ""interface"": ""ib0""}''""''""'''')""'"
Executable = /bin/bash

Queue
