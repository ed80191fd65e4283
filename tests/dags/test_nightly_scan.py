"""The nightly DAG, run for real against the sandbox, and what every DAG of ours must have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nightrounds.sandbox.platforms.facebook import GRAPH_TOKEN
from nightrounds.sandbox.platforms.x import X_TOKEN
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.world import load_world

ROOT = Path(__file__).parents[2]

RUN = """
import json, sys
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
dag = bag.dags["nightly_scan"]
runs = []
for _ in range(int(sys.argv[2])):
    run = dag.test()
    runs.append({"state": str(run.state.value if hasattr(run.state, "value") else run.state), "run_id": run.run_id,
                 "tasks": {f"{ti.task_id}[{ti.map_index}]": str(ti.state) for ti in run.get_task_instances()}})
Path(sys.argv[3]).write_text(json.dumps(runs))
"""


def airflow_environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "false",
        # not DEBUG: there Airflow's own in-process supervisor prints the very secret that it asks the log to mask
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    }


@pytest.mark.xdist_group("slow")
def test_the_dag_scans_the_sandbox_and_leaks_nothing(tmp_path):
    """Twice: the second run finds nothing new. Then Airflow's own database and logs are searched for what must not be there."""
    airflow, home = tmp_path / "airflow", tmp_path / "home"
    with Sandbox(night=1) as sandbox:
        env = airflow_environment(airflow)
        env["NIGHTROUNDS_HOME"] = str(home)
        env["NIGHTROUNDS_SHARD_SIZE"] = "4"
        for name, token, url in (("X", X_TOKEN, sandbox.urls["x"]), ("FACEBOOK", GRAPH_TOKEN, sandbox.urls["facebook"])):
            place = {"schema": "http", "host": "127.0.0.1", "port": int(url.rpartition(":")[2])}
            env[f"AIRFLOW_CONN_NIGHTROUNDS_{name}"] = json.dumps({"conn_type": "http", "password": token, **place})
        options = sandbox.platform_options()
        for name in options.keys() - {"x", "facebook"}:
            connection = {"conn_type": "http", "extra": options[name]}
            env[f"AIRFLOW_CONN_NIGHTROUNDS_{name.upper()}"] = json.dumps(connection)
        env["NIGHTROUNDS_PICTURE_STAND_IN"] = sandbox.pictures_url
        accounts = tmp_path / "accounts.csv"
        rows = [f"{a.platform},{a.handle},{a.kind.value},{a.basis.value},Test,2026-11-01" for a in sandbox.accounts()]
        accounts.write_text("platform,handle,kind,basis,recorded_by,recorded_at\n" + "\n".join(rows) + "\n")
        run(env, sys.executable, "-m", "airflow", "db", "migrate")
        run(env, sys.executable, "-c", "from nightrounds.cli import main; main()", "accounts", "import", str(accounts))
        output = run(env, sys.executable, "-c", RUN, str(ROOT / "dags"), "2", str(tmp_path / "runs.json"))

    first, second = json.loads((tmp_path / "runs.json").read_text())
    assert first["state"] == second["state"] == "success"
    assert {name.partition("[")[0] for name in first["tasks"]} >= {"begin", "screen", "digest", "crawl_x", "crawl_facebook"}
    assert sum(name.startswith("crawl_x[") for name in first["tasks"]) > 1  # mapped in shards
    check_home(env)
    leaks(airflow, output, tokens={X_TOKEN, GRAPH_TOKEN, *secrets_in(options)})


def run(env: dict[str, str], *command: str) -> bytes:
    done = subprocess.run(command, env=env, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:].decode(errors="replace")
    return done.stdout + done.stderr


def check_home(env: dict[str, str]) -> None:
    from core.settings import Settings
    from nightrounds.context import open_context
    from storage import crawls, findings, posts

    with open_context(Settings(home=Path(env["NIGHTROUNDS_HOME"]))) as context, context.store.read() as tx:
        last = crawls.get_run(tx)
        assert last.state == "finished"
        coverage = crawls.coverage_of(tx, last.id)
        assert len(coverage) == len(load_world().accounts)
        assert sum(c.new for c in coverage) == 0
        assert posts.count(tx) >= 200
        assert findings.list_findings(tx)


def secrets_in(options: Any, *, named: str = "") -> set[str]:
    """The tokens, keys and secrets among the sandbox's options."""
    if isinstance(options, dict):
        return {secret for name, inner in options.items() for secret in secrets_in(inner, named=f"{named} {name}")}
    is_secret = any(word in named for word in ("token", "secret", "key"))
    return {options} if is_secret and isinstance(options, str) and len(options) >= 12 else set()


def leaks(airflow: Path, output: bytes, *, tokens: set[str]) -> None:
    world = load_world()
    assert len(tokens) > 6
    canaries = tokens | {piece for _, post in world.each_post() for piece in post.text.split("\n") if len(piece) >= 24}
    assert len(canaries) > 200
    places = {"output": output} | {str(p): p.read_bytes() for p in airflow.rglob("*") if p.is_file()}
    assert any(name.endswith(".db") for name in places)
    for name, content in places.items():
        assert [c for c in canaries if c.encode() in content] == [], name


def test_every_dag_says_what_it_is_and_who_owns_it(tmp_path):
    code = f"""
from airflow.dag_processing.dagbag import DagBag
bag = DagBag({str(ROOT / "dags")!r})
assert not bag.import_errors, bag.import_errors
assert bag.dags
for dag in bag.dags.values():
    assert dag.doc_md and "When it fails" in dag.doc_md
    assert dag.tags
    for task in dag.tasks:
        assert task.owner not in ("airflow", ""), task.task_id
        assert task.retries >= 1
        assert task.execution_timeout
"""
    env = airflow_environment(tmp_path / "airflow")
    run(env, sys.executable, "-m", "airflow", "db", "migrate")
    run(env, sys.executable, "-c", code)


def test_pools_are_those_that_the_dag_names():
    from nightrounds.platforms import nightly_platforms

    pools = json.loads((ROOT / "dags" / "pools.json").read_text())
    assert set(pools) == {f"nightrounds_{platform}" for platform in nightly_platforms()}
