# Sourced by demo.sh, the story's fifth part: bob and carol decide.
# Sets request, second, in_prod, later: approved requests, for nginx-1, nginx-2, all of prod, and nginx-1 in an hour.

review() {
  approves
  denies
  two_agree
  for_later
}

# bob approves what he has seen.
bob_approves() { # NAME
  as=bob
  must postern request review --approve "$1" --reason 'go ahead' --digest "$(digest "$1")"
  sees 'is APPROVED'
}

approves() {
  title "5. bob sees what he is to approve: what it means, what it allows, what it matches now"
  log_in bob
  request=$(pending)
  must postern request ls --reviewable
  sees "$request .*PENDING"
  must postern request show "$request"
  sees 'runs commands inside pods nginx-1'
  sees "^  nginx-1 .*$ids/$namespace/nginx-1"
  title "Nobody reviews their own; a review is bound to what was seen"
  as=alice
  denied postern request review --approve "$request" --digest "$(digest "$request")"
  sees 'nobody reviews a request of their own'
  as=bob
  step 1 postern request review --approve "$request" --digest "sha256:$(printf '%064d' 0)"
  sees 'look at it again'
  bob_approves "$request"
  as=alice
  it_ends 0
  sees 'bob approved: go ahead'
  sees 'PENDING → APPROVED'
}

denies() {
  title "What goes too far is denied by carol, with a reason; a smaller one is approved"
  as=alice
  meanwhile postern request create --resource "$ids/$namespace/nginx-2" --resource "$ids/$namespace/db-0" --reason 'all of it'
  second=$(pending)
  log_in carol
  must postern request review --deny "$second" --reason 'nginx-2 will do' --digest "$(digest "$second")"
  as=alice
  it_ends 3
  sees 'carol denied it: nginx-2 will do'
  must postern request create --resource "$ids/$namespace/nginx-2" --reason 'nginx-2, then' --nowait -o name
  second=$(made)
  bob_approves "$second"
}

two_agree() {
  title "A whole namespace: for prod two have to agree, who are on call"
  as=alice
  must postern request create --resource "/postern.example.com/namespace/mycluster/$prod" --reason 'bug 14' --max-duration 8h --nowait -o name
  in_prod=$(made)
  as=carol
  must bash -c "postern request show $in_prod | tail -n 4"
  sees 'You cannot review it: .*only where contains(reviewer.traits\["duty"\], "on-call")'
  as=admin
  must postern users update carol --set-traits duty=on-call
  as=bob
  must postern request review --approve "$in_prod" --digest "$(digest "$in_prod")"
  sees 'is PENDING'
  as=alice
  must bash -c "postern request show $in_prod | grep -A9 ^Reviews"
  sees 'bob: Approve'
  sees 'four eyes: 2 to approve'
  as=bob
  denied postern request review --approve "$in_prod" --digest "$(digest "$in_prod")"
  sees 'you have reviewed it already'
  as=carol
  must postern request review --approve "$in_prod" --reason 'for bug 14' --digest "$(digest "$in_prod")"
  sees 'is APPROVED'
}

for_later() {
  title "One that is approved for later"
  local in_an_hour
  in_an_hour=$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)
  as=alice
  must postern request create --resource "$ids/$namespace/nginx-1" --reason 'tonight' --assume-start-time "$in_an_hour" --nowait -o name
  later=$(made)
  bob_approves "$later"
  as=alice
  denied postern request assume "$later"
  sees "${in_an_hour:0:16}"
}
