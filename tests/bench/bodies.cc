#include "tests/bench/bodies.h"

#include <string_view>

namespace postern::bench {
namespace {

std::string replaced(std::string text, std::string_view from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string metadata(std::size_t index) {
  const std::string number = std::to_string(100000 + index);
  const char* const ns = index % 100 == 50 ? "kept" : "hidden";
  return R"("metadata":{"name":"pod-)" + number +
         R"(","generateName":"web-6f7d8c9b5-","namespace":")" + ns +
         R"(","uid":"0f3a5c1e-9a77-4b0c-8d0e-1b2c3d)" + number + R"(","resourceVersion":"48)" +
         number +
         R"(","creationTimestamp":"2024-05-01T12:00:00Z","labels":{"app":"web","app.kubernetes.io/instance":"web-prod","app.kubernetes.io/managed-by":"Helm","app.kubernetes.io/name":"web","pod-template-hash":"6f7d8c9b5","team":"payments"},"annotations":{"checksum/config":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","kubectl.kubernetes.io/restartedAt":"2024-04-30T09:12:44Z","prometheus.io/port":"9102","prometheus.io/scrape":"true","sidecar.istio.io/status":"{\"initContainers\":[\"istio-init\"],\"containers\":[\"istio-proxy\"],\"volumes\":[\"workload-socket\",\"istio-envoy\"],\"imagePullSecrets\":null,\"revision\":\"default\"}"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-6f7d8c9b5","uid":"7a1c6a9e-0a44-4b3c-9f1e-2d3c4b5a6978","controller":true,"blockOwnerDeletion":true}],"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2024-05-01T12:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:checksum/config":{},"f:kubectl.kubernetes.io/restartedAt":{},"f:prometheus.io/port":{},"f:prometheus.io/scrape":{}},"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:app.kubernetes.io/instance":{},"f:app.kubernetes.io/managed-by":{},"f:app.kubernetes.io/name":{},"f:pod-template-hash":{},"f:team":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"7a1c6a9e-0a44-4b3c-9f1e-2d3c4b5a6978\"}":{}}},"f:spec":{"f:affinity":{},"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:args":{},"f:env":{".":{},"k:{\"name\":\"DATABASE_URL\"}":{".":{},"f:name":{},"f:valueFrom":{".":{},"f:secretKeyRef":{}}},"k:{\"name\":\"LOG_LEVEL\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:imagePullPolicy":{},"f:livenessProbe":{".":{},"f:failureThreshold":{},"f:httpGet":{".":{},"f:path":{},"f:port":{},"f:scheme":{}},"f:periodSeconds":{},"f:successThreshold":{},"f:timeoutSeconds":{}},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{},"f:protocol":{}}},"f:resources":{".":{},"f:limits":{".":{},"f:cpu":{},"f:memory":{}},"f:requests":{".":{},"f:cpu":{},"f:memory":{}}},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{},"f:volumeMounts":{".":{},"k:{\"mountPath\":\"/etc/web\"}":{".":{},"f:mountPath":{},"f:name":{},"f:readOnly":{}}}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{},"f:volumes":{".":{},"k:{\"name\":\"config\"}":{".":{},"f:configMap":{".":{},"f:defaultMode":{},"f:name":{}},"f:name":{}}}}}},{"manager":"kubelet","operation":"Update","apiVersion":"v1","time":"2024-05-01T12:00:08Z","fieldsType":"FieldsV1","fieldsV1":{"f:status":{"f:conditions":{"k:{\"type\":\"ContainersReady\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Initialized\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Ready\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}}},"f:containerStatuses":{},"f:hostIP":{},"f:phase":{},"f:podIP":{},"f:podIPs":{".":{},"k:{\"ip\":\"10.244.3.17\"}":{".":{},"f:ip":{}}},"f:startTime":{}}},"subresource":"status"}]})";
}

constexpr std::string_view kContainer =
    R"({"name":"NAME","image":"registry.example.com/payments/NAME@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae","args":["--listen=:8080","--config=/etc/web/config.yaml","--log-format=json"],"ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],"env":[{"name":"DATABASE_URL","valueFrom":{"secretKeyRef":{"name":"web-database","key":"url"}}},{"name":"LOG_LEVEL","value":"info"},{"name":"POD_NAME","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}}],"resources":{"limits":{"cpu":"1","memory":"512Mi"},"requests":{"cpu":"250m","memory":"256Mi"}},"volumeMounts":[{"name":"config","readOnly":true,"mountPath":"/etc/web"},{"name":"kube-api-access-x7k2p","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],"livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"readinessProbe":{"httpGet":{"path":"/readyz","port":8080,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent","securityContext":{"capabilities":{"drop":["ALL"]},"runAsNonRoot":true,"readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false}})";

constexpr std::string_view kContainerStatus =
    R"({"name":"NAME","state":{"running":{"startedAt":"2024-05-01T12:00:06Z"}},"lastState":{},"ready":true,"restartCount":0,"image":"registry.example.com/payments/NAME:1.42.0","imageID":"registry.example.com/payments/NAME@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae","containerID":"containerd://b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c","started":true})";

std::string spec_and_status() {
  const std::string containers = replaced(std::string(kContainer), "NAME", "web") + "," +
                                 replaced(std::string(kContainer), "NAME", "proxy");
  const std::string statuses = replaced(std::string(kContainerStatus), "NAME", "web") + "," +
                               replaced(std::string(kContainerStatus), "NAME", "proxy");
  std::string conditions;
  for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    if (!conditions.empty()) conditions += ",";
    conditions +=
        R"({"type":")" + std::string(type) +
        R"(","status":"True","lastProbeTime":null,"lastTransitionTime":"2024-05-01T12:00:08Z"})";
  }
  return R"("spec":{"volumes":[{"name":"config","configMap":{"name":"web-config","defaultMode":420}},{"name":"kube-api-access-x7k2p","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],"containers":[)" +
         containers +
         R"(],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"web","serviceAccount":"web","nodeName":"ip-10-0-3-17.eu-central-1.compute.internal","securityContext":{"runAsUser":10001,"fsGroup":10001},"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,"podAffinityTerm":{"labelSelector":{"matchLabels":{"app":"web"}},"topologyKey":"kubernetes.io/hostname"}}]}},"schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},"status":{"phase":"Running","conditions":[)" +
         conditions +
         R"(],"hostIP":"10.0.3.17","podIP":"10.244.3.17","podIPs":[{"ip":"10.244.3.17"}],"startTime":"2024-05-01T12:00:00Z","containerStatuses":[)" +
         statuses + R"(],"qosClass":"Burstable"})";
}

std::string row(std::size_t index) {
  const std::string name = "pod-" + std::to_string(100000 + index);
  return R"({"cells":[")" + name +
         R"(","2/2","Running",0,"3d4h","10.244.3.17","ip-10-0-3-17.eu-central-1.compute.internal","\u003cnone\u003e","\u003cnone\u003e"],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",)" +
         metadata(index) + "}}";
}

template <class Element>
std::string joined(std::string head, std::size_t bytes, std::string_view separator,
                   std::string_view tail, const Element& element) {
  std::string body = std::move(head);
  body.reserve(bytes + 16384);
  for (std::size_t i = 0; body.size() < bytes; ++i) {
    if (i != 0) body += separator;
    body += element(i);
  }
  return body.append(tail);
}

}  // namespace

std::string pod(std::size_t index, bool with_kind) {
  static const std::string rest = spec_and_status();
  return (with_kind ? R"({"kind":"Pod","apiVersion":"v1",)" : "{") + metadata(index) + "," + rest +
         "}";
}

std::string pod_list(std::size_t bytes) {
  return joined(
      R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"48123456"},"items":[)",
      bytes, ",", "]}\n", [](std::size_t i) { return pod(i, false); });
}

std::string pod_table(std::size_t bytes) {
  return joined(
      R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"48123456"},"columnDefinitions":[{"name":"Name","type":"string","format":"name","description":"Name must be unique within a namespace.","priority":0}],"rows":[)",
      bytes, ",", "]}\n", row);
}

std::string pod_watch(std::size_t bytes) {
  return joined("", bytes, "\n", "\n",
                [](std::size_t i) { return R"({"type":"ADDED","object":)" + pod(i, true) + "}"; });
}

std::string list_of(const std::string& item, std::size_t bytes) {
  return joined(R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)", bytes, ",",
                "]}\n", [&item](std::size_t) { return item; });
}

std::string table_of(const std::string& row, std::size_t bytes) {
  return joined(R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"rows":[)", bytes,
                ",", "]}\n", [&row](std::size_t) { return row; });
}

std::string watch_of(const std::string& event, std::size_t bytes) {
  return joined("", bytes, "", "", [&event](std::size_t) { return event; });
}

std::string object_of(const std::string& member, std::size_t bytes) {
  return joined(R"({"kind":"Event",)", bytes, "", R"("metadata":{"name":"n1","namespace":"d"}})",
                [&member](std::size_t) { return member; });
}

}  // namespace postern::bench
