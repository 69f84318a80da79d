"""Configuration files of what runs on the real node; each function writes one and returns it."""

import json
from pathlib import Path
from typing import Any

from oci_image import PAUSE_IMAGE
from pki import KeyPair

CNI_PLUGINS = Path("/usr/lib/cni")
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")


def _write(path: Path, content: object) -> Path:
    """YAML files of Kubernetes may as well be JSON."""
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def _cni_network(subnet: str) -> dict[str, Any]:
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": subnet}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    plugins = [
        {"type": "ptp", "ipMasq": False, "ipam": addresses},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return {"cniVersion": "0.4.0", "name": "postern", "plugins": plugins}


def containerd(folder: Path, pod_subnet: str) -> Path:
    """containerd with a pod network of its own.

    Scores of the out-of-memory killer are kept, as not every machine allows to lower them; the
    native snapshotter works on every file system.
    """
    cni = folder / "cni"
    cni.mkdir()
    _write(cni / "10-postern.conflist", _cni_network(pod_subnet))
    path = folder / "containerd.toml"
    path.write_text(
        f"""version = 2
root = "{folder / "containerd"}"
state = "{CONTAINERD_SOCKET.parent}"
[grpc]
address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{CNI_PLUGINS}"
conf_dir = "{cni}"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder / "opt"}"
""",
        encoding="utf-8",
    )
    return path


def kubelet(folder: Path, client_ca_file: Path, serving: KeyPair, cgroup: str) -> Path:
    """kubelet below its own cgroup, with nothing written for the whole machine."""
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "authentication": {
            "x509": {"clientCAFile": str(client_ca_file)},
            "webhook": {"enabled": True},
            "anonymous": {"enabled": False},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(serving.cert_file),
        "tlsPrivateKeyFile": str(serving.key_file),
        "podLogsDir": str(folder / "pod-logs"),
        "volumePluginDir": str(folder / "volume-plugins"),
        "resolvConf": "",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "enforceNodeAllocatable": [],
        "makeIPTablesUtilChains": False,
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "nodeStatusUpdateFrequency": "5s",
        "syncFrequency": "5s",
    }
    return _write(folder / "kubelet.json", config)


def kube_proxy(folder: Path, kubeconfig: Path, node_name: str, pod_subnet: str) -> Path:
    """kube-proxy on nftables; zeros keep it from connection tracking's settings."""
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "hostnameOverride": node_name,
        "clusterCIDR": pod_subnet,
        "oomScoreAdj": 0,
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    }
    return _write(folder / "kube-proxy.json", config)
