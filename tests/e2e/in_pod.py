"""postern as a pod sees the world: kubelet's files at their place, its environment.

    make_pod(cluster, "postern-0", "in-pod")               # of a service account of the namespace postern
    inside = InPod(folder, authority, clusters=[KubeCluster("mycluster", …)], documents=ROLES)
    inside.be_pod("postern-0", "in-pod", cluster)
"""

import shutil
import subprocess

from cluster import Cluster
from harness import Postern, replace_file

NAMESPACE = "postern"
PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"


def can_unshare() -> bool:
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /run"], capture_output=True, check=False
    )
    return done.returncode == 0


def make_pod(cluster: Cluster, name: str, service_account: str) -> None:
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"serviceAccountName": service_account, "nodeName": "n1",
                 "containers": [{"name": "postern", "image": "postern"}]},
    }  # fmt: skip
    cluster.create(f"/api/v1/namespaces/{NAMESPACE}/pods", pod)


class InPod(Postern):
    """In a mount namespace of its own, so that nothing of this machine is touched."""

    def be_pod(self, name: str, service_account: str, cluster: Cluster) -> None:
        """From now on the files of this pod; `since`: when that was, in the cluster's audit log."""
        self._cluster = cluster
        self._secrets = self.folder / "serviceaccount"
        self._secrets.mkdir(exist_ok=True)
        shutil.copyfile(cluster.ca_file, self._secrets / "ca.crt")
        (self._secrets / "namespace").write_text(NAMESPACE)
        self.since = cluster.audit_mark()
        done = cluster.kubectl(
            "create", "token", service_account, "-n", NAMESPACE, "--bound-object-kind=Pod",
            f"--bound-object-name={name}",
        )  # fmt: skip
        replace_file(self._secrets / "token", str(done.stdout))
        self.config["kubeClusters"] = [{"name": "mycluster", "inCluster": True}]
        self.write_config()

    def described(self, name: str) -> str:
        """What `kubectl describe` says of this pod."""
        return str(self._cluster.kubectl("describe", "pod", name, "-n", NAMESPACE).stdout)

    def spawn(self) -> None:
        script = (
            f'mount -t tmpfs none /run && mkdir -p "{PLACE}" && '
            f'mount --bind "$0" "{PLACE}" && exec "$@"'
        )
        host, port = self._cluster.server.removeprefix("https://").split(":")
        environment = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
        prefix = ["unshare", "-m", "sh", "-c", script, str(self._secrets)]
        self.start_process(environment, prefix)
