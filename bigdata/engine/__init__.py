"""Tasks on Dask: the controller hands out what is ready, workers run it, and what comes back is recorded.

`graph` knows which task may run next, `controller` is the loop, `hands` says what it needs of workers and of the pools
that they come from. `execute` is one task on a worker. Workers are those of this process (`inside`), of this machine
(`local`), of a cluster that the user has (`foreign`), or of batch jobs (the room `bigdata.jobs`).
"""
