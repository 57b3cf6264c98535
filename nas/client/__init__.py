"""The service from Python, as if it were here.

    from nas.client import Client

    job = Client("http://127.0.0.1:8000").submit(space="cell", sampler="model", dataset="digits")
    print(job.wait().best)

`AsyncClient` is the same with `await`.
"""

from nas.client.async_job import AsyncJob
from nas.client.asynchronous import AsyncClient
from nas.client.job import Job
from nas.client.synchronous import Client

__all__ = ["AsyncClient", "AsyncJob", "Client", "Job"]
