"""Command lines of the control plane: etcd, kube-apiserver, kube-controller-manager, scheduler."""

from dataclasses import dataclass, field
from pathlib import Path

from pki import Authority, KeyPair, signing_keys

SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
"""


@dataclass
class Layout:
    """Where everything of one cluster lies and listens; what the command lines are made from."""

    folder: Path
    """The cluster's own folder; `pki`, `logs`, `etcd` and the kubeconfigs lie in it."""
    address: str
    """The address at which clients reach the API server."""
    bind_address: str
    """The address that the API server binds."""
    ports: dict[str, int]
    """By name: api, etcd, etcd-peer, controller-manager, scheduler, kwok, web."""
    compaction_seconds: int = 300
    real_node: bool = False
    """Pods then reach the API server as the service `kubernetes`."""
    api_server_flags: list[str] = field(default_factory=list)

    @property
    def pki_folder(self) -> Path:
        return self.folder / "pki"

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.log"

    @property
    def server(self) -> str:
        return f"https://{self.address}:{self.ports['api']}"


@dataclass(frozen=True)
class Pki:
    """The keys of one cluster. `ca` signs servers, components and users alike."""

    ca: Authority
    front_proxy_ca: Authority
    api_server: KeyPair
    kubelet_client: KeyPair
    front_proxy: KeyPair
    service_accounts: KeyPair


def make_pki(layout: Layout) -> Pki:
    """Makes every key that the control plane needs, in the layout's pki folder."""
    folder = layout.pki_folder
    folder.mkdir(mode=0o700)
    ca = Authority(folder, "ca", "postern-test-ca")
    front_proxy_ca = Authority(folder, "front-proxy-ca", "postern-test-front-proxy-ca")
    hosts = ["127.0.0.1", "localhost", layout.address, API_SERVICE_ADDRESS]
    hosts += ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    return Pki(
        ca=ca,
        front_proxy_ca=front_proxy_ca,
        api_server=ca.issue("apiserver", "kube-apiserver", (), tuple(dict.fromkeys(hosts))),
        kubelet_client=ca.issue(
            "kubelet-client", "kube-apiserver-kubelet-client", ("system:masters",)
        ),
        front_proxy=front_proxy_ca.issue("front-proxy", "front-proxy-client"),
        service_accounts=signing_keys(folder, "sa"),
    )


def etcd(program: Path, layout: Layout) -> list[str]:
    client = f"http://127.0.0.1:{layout.ports['etcd']}"
    peer = f"http://127.0.0.1:{layout.ports['etcd-peer']}"
    return [
        str(program),
        "--name=test",
        f"--data-dir={layout.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=test={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def kube_apiserver(program: Path, layout: Layout, pki: Pki) -> list[str]:
    policy = layout.folder / "audit-policy.yaml"
    policy.write_text(AUDIT_POLICY, encoding="utf-8")
    node_flags = ["--endpoint-reconciler-type=none"]
    if layout.real_node:
        node_flags = ["--enable-admission-plugins=NodeRestriction"]
    return [
        str(program),
        f"--etcd-servers=http://127.0.0.1:{layout.ports['etcd']}",
        f"--etcd-compaction-interval={layout.compaction_seconds}s",
        f"--bind-address={layout.bind_address}",
        f"--advertise-address={layout.address}",
        f"--secure-port={layout.ports['api']}",
        f"--cert-dir={layout.pki_folder}",
        f"--tls-cert-file={pki.api_server.cert_file}",
        f"--tls-private-key-file={pki.api_server.key_file}",
        f"--client-ca-file={pki.ca.cert_file}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki.service_accounts.cert_file}",
        f"--service-account-signing-key-file={pki.service_accounts.key_file}",
        f"--requestheader-client-ca-file={pki.front_proxy_ca.cert_file}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki.front_proxy.cert_file}",
        f"--proxy-client-key-file={pki.front_proxy.key_file}",
        "--enable-aggregator-routing=true",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=4096",
        f"--kubelet-client-certificate={pki.kubelet_client.cert_file}",
        f"--kubelet-client-key={pki.kubelet_client.key_file}",
        f"--kubelet-certificate-authority={pki.ca.cert_file}",
        "--kubelet-preferred-address-types=InternalIP",
        "--event-ttl=24h",
        *node_flags,
        *layout.api_server_flags,
    ]


def kube_controller_manager(program: Path, layout: Layout, pki: Pki, kubeconfig: Path) -> list[str]:
    return [
        str(program),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports['controller-manager']}",
        f"--cert-dir={layout.pki_folder / 'controller-manager'}",
        f"--service-account-private-key-file={pki.service_accounts.key_file}",
        f"--root-ca-file={pki.ca.cert_file}",
        f"--cluster-signing-cert-file={pki.ca.cert_file}",
        f"--cluster-signing-key-file={pki.ca.key_file}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]


def kube_scheduler(program: Path, layout: Layout, kubeconfig: Path) -> list[str]:
    return [
        str(program),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports['scheduler']}",
        f"--cert-dir={layout.pki_folder / 'scheduler'}",
        "--leader-elect=false",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]
