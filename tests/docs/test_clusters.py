"""The files of docs/clusters/: by their schema, and their command run as far as a file that is not
there.
"""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli.app import app

yaml = pytest.importorskip("yaml", reason="PyYAML is missing: pip install 'pipelines[ray]'")
FOLDER = Path("docs/clusters")
JOB = yaml.safe_load((FOLDER / "job.yaml").read_text())
RAY_JOB = yaml.safe_load((FOLDER / "rayjob.yaml").read_text())
PYTHON = ["python", "-m", "pipelines"]


def pod_templates():
    cluster = RAY_JOB["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        yield group["template"]


def fault_of(manifest):
    """What Kubernetes' own schema does not know, or ""."""
    reason = "it is missing: pip install kubernetes-validate"
    kubernetes = pytest.importorskip("kubernetes_validate", reason=reason)
    try:
        kubernetes.validate(manifest, kubernetes.latest_version(), strict=True)
    except kubernetes.ValidationError as error:
        return error.message
    return ""


def test_job_is_valid():
    assert fault_of(JOB) == ""


def test_pods_of_the_ray_job_are_valid():
    for template in pod_templates():
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}}
        assert fault_of({**pod, "spec": template["spec"]}) == ""


def test_a_slip_is_found():
    spec = {**JOB["spec"], "backofLimit": 3}
    assert "backofLimit" in fault_of({**JOB, "spec": spec})


def assert_asks_for_the_readings(text):
    """The command was understood; only its file is not there."""
    assert "readings.csv" in text
    assert "launch" not in text
    assert "No such option" not in text


@pytest.mark.parametrize("kind", ["job", "ray job"])
def test_words_are_a_command(kind, tmp_path, monkeypatch):
    container = JOB["spec"]["template"]["spec"]["containers"][0]
    words = container["command"] + container["args"]
    if kind == "ray job":
        shell = shlex.split(RAY_JOB["spec"]["entrypoint"])
        assert shell[:2] == ["sh", "-c"]
        words = shlex.split(shell[2].partition("&& ")[2])
    assert words[:3] == PYTHON
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, words[3:])
    assert done.exit_code
    assert_asks_for_the_readings(str(done.exception) + done.output)


def test_slurm_script_names_the_workers_and_the_command(tmp_path):
    """With commands that print their words in place of Slurm's and Ray's own."""
    for name, body in {
        "scontrol": "printf 'node1\\nnode2\\n'",
        "srun": 'printf "%s\\n" "$@"',
    }.items():
        stub = tmp_path / name
        stub.write_text(f"#!/bin/sh\n{body}\n")
        stub.chmod(0o755)
    variables = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "SLURM_JOB_NODELIST": "node[1-2]",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_NTASKS": "2",
        "SLURM_CPUS_PER_TASK": "4",
    }
    command = ["bash", str(FOLDER / "slurm.sh"), "table", "my readings.csv", "--target", "fault"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    words = done.stdout.splitlines()
    before, after = words[: words.index("--")], words[words.index("--") + 1 :]
    assert before[:4] == ["ray", "symmetric-run", "--address", "node1:6379"]
    assert after[:3] == PYTHON
    launch = ["launch", "--workers", "2", "--on", "ray"]
    assert after[3:] == [*launch, "table", "my readings.csv", "--target", "fault"]
