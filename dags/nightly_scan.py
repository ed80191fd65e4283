"""The nightly scan as an Airflow DAG: crawl in shards, screen what is unread, open cases, leave a digest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import Param, dag, get_current_context, task

from nightrounds.platforms import nightly_platforms

DOC = """
### Nightly scan

Reads the public posts of every watched account, looks for what the social media policy cares about, and opens cases.

* **begin** opens the run; **plan_…** lists the accounts of a platform in shards; **crawl_…** reads one shard each;
  **screen** reads every post that some detector has not read yet; **digest** closes the run with its counts.
* Only ids and counts travel between tasks. Posts, names and tokens never do.
* Credentials: connections `nightrounds_x`, `nightrounds_facebook`, … (password: the token; extra: other options), or the
  environment (`NIGHTROUNDS_PLATFORMS__X__BEARER_TOKEN`).
* State: `NIGHTROUNDS_HOME`, `NIGHTROUNDS_DATABASE_URL`, `NIGHTROUNDS_KEYS`.
* Pools `nightrounds_<platform>` bound how many shards of a platform run at once: `airflow pools import dags/pools.json`.

**When it fails.** A task may be cleared and run again at any time: nothing is lost or doubled. `digest` runs even when some
shard failed, and its coverage says which account was not read, why, and who must act. A dead token is not retried; it shows
as `blocked` until its owner renews it. `nightrounds doctor` on the worker tells what is wrong with the installation.
"""


def _settings() -> Any:
    from nightrounds.airflow_connections import settings_from_airflow

    return settings_from_airflow()


@dag(
    schedule="0 3 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,  # a crawl goes on from its stored cursor: a missed night is made up for by the next one
    max_active_runs=1,
    doc_md=DOC,
    tags=["night rounds", "compliance"],
    default_args={
        "owner": "compliance-engineering",
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
    },
    params={
        "platform": Param(None, type=["null", "string"], title="Platform", description="Only this one, such as x."),
        "account": Param(None, type=["null", "string"], title="Account", description="Only the account with this handle."),
        "since": Param(None, type=["null", "string"], format="date-time", title="Since", description="Read again from here."),
    },
)
def nightly_scan() -> None:
    @task(execution_timeout=timedelta(minutes=10))
    def begin() -> int:
        """Open the run."""
        from nightrounds import nightly

        return nightly.begin(_settings(), key=str(get_current_context()["run_id"]))

    @task(execution_timeout=timedelta(minutes=10))
    def plan(platform: str) -> list[list[str]]:
        """The platform's accounts, in shards of ids."""
        from nightrounds import nightly

        params = get_current_context()["params"]
        if params["platform"] not in (None, platform):
            return []
        return nightly.shards_of(_settings(), platform, handle=params["account"])

    @task(execution_timeout=timedelta(hours=3), max_active_tis_per_dag=16)
    def crawl(scan_id: int, account_ids: list[str]) -> dict[str, int]:
        """Crawl one shard."""
        from nightrounds import nightly
        from nightrounds.times import parse_time

        since = parse_time(get_current_context()["params"]["since"])
        return nightly.crawl_shard(_settings(), scan_id, account_ids, since=since)

    @task(trigger_rule="all_done", execution_timeout=timedelta(hours=6))
    def screen() -> dict[str, int]:
        """Read what is unread and open cases."""
        from nightrounds import nightly

        return nightly.screen(_settings())

    @task(trigger_rule="all_done", execution_timeout=timedelta(minutes=10))
    def digest(scan_id: int, screened: dict[str, int]) -> dict[str, Any]:
        """Close the run; its return value is the digest: counts and ids."""
        from nightrounds import nightly

        narrowed = get_current_context()["params"]["account"] is not None
        return nightly.finish(_settings(), scan_id, screened=screened["posts"], narrowed=narrowed)

    scan_id = begin()
    reading = screen()
    for platform in nightly_platforms():
        shards = plan.override(task_id=f"plan_{platform}")(platform)
        crawled = (
            crawl.override(task_id=f"crawl_{platform}", pool=f"nightrounds_{platform}")
            .partial(scan_id=scan_id)
            .expand(account_ids=shards)
        )
        scan_id >> shards
        crawled >> reading
    digest(scan_id, reading)


nightly_scan()
