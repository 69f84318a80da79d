# Sourced by demo.sh, the story's parts 2 to 4: alice has nothing, searches, and asks.
# Sets ids, the beginning of resource IDs of pods; request, the one that waits at the end.

ask() {
  ids=/postern.example.com/pod/mycluster
  has_nothing
  searches
  edited_role
  asks
}

has_nothing() {
  title "2. alice logs in, has nothing, and is told how to ask"
  log_in alice
  must postern kube login --set-context-namespace "$namespace"
  refused kubectl get pods
  sees "postern request create --resource '$ids/$namespace/\*'"
  must postern kube ls
  sees mycluster
}

searches() {
  title "3. She searches for what she needs"
  must postern request search --kind pod --kube-cluster mycluster --kube-namespace "$namespace"
  sees "$ids/$namespace/db-0"
  sees "postern request create --resource $ids/$namespace/db-0 --resource $ids/$namespace/nginx-1"
  title "By name, by label, and every kind; only what she may ask for is found"
  must postern request search --kind pod --kube-cluster mycluster --all-kube-namespaces --search nginx-1
  sees "^nginx-1 .*$ids/$prod/nginx-1"
  sees_no db-0
  must postern request search --kind pod --kube-cluster mycluster --kube-namespace "$namespace" --labels app=nginx
  sees "^nginx-2 .*app=nginx"
  sees_no db-0
  must postern request search --kind namespace --kube-cluster mycluster
  sees "/postern.example.com/namespace/mycluster/$prod"
  must postern request search --kind kube_cluster
  sees /postern.example.com/kube_cluster/mycluster
  if [ -z "$given" ]; then
    must postern request search --kind widgets.e.com --kube-cluster mycluster --kube-namespace "$prod"
    sees "/postern.example.com/widgets.e.com/mycluster/$prod/w1"
  fi
  denied postern request search --kind secret --kube-cluster mycluster --kube-namespace "$namespace"
}

edited_role() {
  title "1 again. A role that is edited counts for the next request: deployments it should have been, not jobs"
  local search=(postern request search --kind deployment --kube-cluster mycluster --kube-namespace "$namespace")
  denied "${search[@]}"
  as=admin
  must env EDITOR='sed -i s/job/deployment/' postern edit role/k8s-access
  must bash -c 'postern get role/k8s-access -o yaml | tail -n 15'
  sees 'kind: deployment'
  as=alice
  must "${search[@]}"
  sees "/postern.example.com/deployment/mycluster/$namespace/web"
  sees "deployment/web .*$ids/$namespace/web-\*" # pods' names die with a rollout
}

asks() {
  local in_an_hour
  in_an_hour=$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)
  title "4. What it would be, without asking for it: several resources, a glob, who is to review it, from when, how long"
  must postern request create --resource "$ids/$namespace/nginx-1" --resource "$ids/$namespace/db-*" --roles k8s-access \
    --reviewers bob,carol --reason 'bug 12' --max-duration 2h --assume-start-time "$in_an_hour" --dry-run
  sees 'Reviewers: .*bob, carol'
  sees "Usable from: $in_an_hour"
  sees 'Nothing was filed'
  title "She asks, and waits; Ctrl-C leaves it pending, and says so. What is not needed any more is withdrawn"
  typing=('Ctrl-C leaves the request pending.' '^C')
  step 130 postern request create --resource "$ids/$namespace/nginx-1" --reason 'bug 12'
  sees 'stays pending'
  must postern request ls --mine
  sees PENDING
  must postern rm "request/$(newest)"
  title "She asks again, for an hour, and waits"
  meanwhile postern request create --resource "$ids/$namespace/nginx-1" --reason 'bug 12' --max-duration 1h
}
