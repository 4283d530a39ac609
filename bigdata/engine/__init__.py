"""Tasks on Dask: the controller hands out what is ready, workers run it, and what comes back is recorded.

`controller` is the loop over `handing`, which gives tasks to workers, and `returns`, which takes back what became of
them; both keep the `books`, whose `graph` knows which task may run next. `hands` says what is needed of workers and of
the pools that they come from, and what may happen to them. `execute` is one task on a worker. Workers are those of this
process (`inside`), of this machine (`local`), of a cluster that the user has (`foreign`), or of batch jobs (the room
`bigdata.jobs`).
"""
