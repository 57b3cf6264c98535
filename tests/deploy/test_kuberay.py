"""deploy/kuberay against docker-compose.yml and the fields that the RayCluster's types have.

No API server is at hand: required and known fields are those of `RayClusterSpec`, `HeadGroupSpec`
and `WorkerGroupSpec` in KubeRay's ray-operator/apis/ray/v1/raycluster_types.go.
"""

from __future__ import annotations

from typing import Any

import pytest
import ray
import yaml

from deploy.compose_file import COMPOSE_FILE, ROOT, read_services

HEAD_SERVICE = "nas-ray-head-svc:6379"
CLUSTER_FIELDS = {"rayVersion", "headGroupSpec", "workerGroupSpecs"}
HEAD_FIELDS = {"rayStartParams", "template"}
WORKER_FIELDS = HEAD_FIELDS | {"groupName", "replicas", "minReplicas", "maxReplicas"}


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    text = (ROOT / "deploy" / "kuberay" / "nas.yaml").read_text()
    found = {
        f"{each['kind']} {each['metadata']['name']}": each for each in yaml.safe_load_all(text)
    }
    assert len(found) == text.count("\n---\n") + 1
    return found


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return read_services(COMPOSE_FILE, {"POSTGRES_PASSWORD": "secret"})


def pod_specs(documents: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the pod specifications, each by its container's name; a group's by the group's."""
    found = {}
    for document in documents.values():
        spec = document["spec"]
        if document["kind"] == "RayCluster":
            found["ray-head"] = spec["headGroupSpec"]["template"]["spec"]
            for group in spec["workerGroupSpecs"]:
                found[group["groupName"]] = group["template"]["spec"]
        elif "template" in spec:
            pod = spec["template"]["spec"]
            found[pod["containers"][0]["name"]] = pod
    return found


def test_cluster_has_the_fields_of_its_type(documents: dict[str, dict[str, Any]]) -> None:
    cluster = documents["RayCluster nas-ray"]
    assert (cluster["apiVersion"], cluster["kind"]) == ("ray.io/v1", "RayCluster")
    assert set(cluster["spec"]) == CLUSTER_FIELDS
    assert set(cluster["spec"]["headGroupSpec"]) == HEAD_FIELDS
    for group in cluster["spec"]["workerGroupSpecs"]:
        assert set(group) == WORKER_FIELDS
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_cluster_is_of_the_ray_that_is_tested(documents: dict[str, dict[str, Any]]) -> None:
    assert documents["RayCluster nas-ray"]["spec"]["rayVersion"] == ray.__version__


@pytest.mark.parametrize("name", ["migrate", "api", "runner"])
def test_pods_run_the_commands_of_compose(
    documents: dict[str, dict[str, Any]], services: dict[str, dict[str, Any]], name: str
) -> None:
    (container,) = pod_specs(documents)[name]["containers"]
    words = [word.replace(HEAD_SERVICE, "ray-head:6379") for word in container["command"]]
    assert words == services[name]["command"]
    given = {each["name"] for each in container["env"]}
    assert given == set(services[name]["environment"])


@pytest.mark.parametrize(
    ("group", "service"), [(None, "ray-head"), ("cpu", "ray-worker"), ("gpu", "ray-worker-gpu")]
)
def test_ray_starts_with_the_parameters_of_compose(
    documents: dict[str, dict[str, Any]],
    services: dict[str, dict[str, Any]],
    group: str | None,
    service: str,
) -> None:
    spec = documents["RayCluster nas-ray"]["spec"]
    groups = {None: spec["headGroupSpec"]} | {g["groupName"]: g for g in spec["workerGroupSpecs"]}
    flags = {f"--{key}": value for key, value in groups[group]["rayStartParams"].items()}
    words = services[service]["command"]
    for flag, value in flags.items():
        assert words[words.index(flag) + 1] == value
    # The operator adds these by itself; it needs Ray's dashboard as it comes.
    others = {word for word in words if word.startswith("--")} - set(flags)
    assert others <= {"--head", "--block", "--port", "--address", "--include-dashboard"}


def test_pods_are_without_rights_and_share_the_artefacts(
    documents: dict[str, dict[str, Any]],
) -> None:
    pods = pod_specs(documents)
    assert set(pods) == {"migrate", "api", "runner", "ray-head", "cpu", "gpu"}
    for pod in pods.values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == "nas-artifacts"
        assert pod["containers"][0]["volumeMounts"][0]["mountPath"] == "/data"
    assert pods["gpu"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert documents["PersistentVolumeClaim nas-artifacts"]["spec"]["accessModes"] == [
        "ReadWriteMany"
    ]


def test_api_is_looked_after_and_stays_within_the_cluster(
    documents: dict[str, dict[str, Any]],
) -> None:
    (container,) = pod_specs(documents)["api"]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    service = documents["Service nas-api"]["spec"]
    assert service.get("type", "ClusterIP") == "ClusterIP"
    labels = documents["Deployment nas-api"]["spec"]["template"]["metadata"]["labels"]
    assert service["selector"] == labels
