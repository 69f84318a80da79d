"""Attack matrix, group B: queries. Choices: 41 is a list; 44 and 49 are filtered lists or 403
without a call (what the proxy knows to be empty it may refuse); 52 drops the parameter."""

from urllib.parse import quote

import pytest
from attack import POD, Attack, visible

BOTH = {"dev/nginx-1", "dev/nginx-2"}


def selector(text: str) -> str:
    return f"fieldSelector={quote(text, safe='')}"


REFUSED = {
    "B039-watch-twice": "watch=false&watch=true",
    "B040-semicolon": "limit=1;watch=true",
    "B042-200-keys": "&".join(f"k{number}=1" for number in range(200)),
    "B045-two-selectors": f"{selector('metadata.name=nginx-1')}&{selector('metadata.name=db-0')}",
    "B045-limit-twice": "limit=1&limit=500",
    "B045-bad-escape": "labelSelector=%zz",
    "B045-control-character": "labelSelector=a%00b",
    "B045-encoded-line-end": "labelSelector=a%0d%0ab",
}


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED.keys())
def test_refused_without_a_call(attack: Attack, query: str) -> None:
    attack.refused(attack.send("GET", f"{POD}?{query}"), 400)


@pytest.mark.parametrize("value", ["FALSE", "false", "0", "False"])
def test_b038_watch_false_is_a_list(attack: Attack, value: str) -> None:
    assert visible(attack.send("GET", f"{POD}?watch={value}")) == BOTH
    assert attack.forwarded().parameter("watch") in (None, "false", "0")


@pytest.mark.parametrize("query", ["watch", "watch=", "watch=no", "watch=f", "watch=00", "wat%63h=1"])
def test_b038_every_other_value_is_a_watch(attack: Attack, query: str) -> None:
    answer = attack.send("GET", f"{POD}?{query}")
    assert answer.status == 200 and b'"type":"ADDED"' in answer.body
    assert attack.forwarded().parameter("watch") not in (None, "false", "0", "")


def test_b041_unknown_key_with_question_mark_is_dropped(attack: Attack) -> None:
    assert visible(attack.send("GET", f"{POD}??watch=1")) == BOTH
    assert attack.forwarded().query == []


def test_b043_selector_of_an_allowed_name(attack: Attack) -> None:
    query = selector("metadata.name=nginx-1")
    assert visible(attack.send("GET", f"{POD}?{query}")) == {"dev/nginx-1"}
    assert attack.forwarded().parameter("fieldSelector") == "metadata.name=nginx-1"


@pytest.mark.parametrize("text", ["metadata.name=db-0", "metadata.name==db-0",
                                  "metadata.name=nginx-1,metadata.name=db-0"])  # fmt: skip
def test_b044_selector_of_a_hidden_name_shows_nothing(attack: Attack, text: str) -> None:
    answer = attack.send("GET", f"{POD}?{selector(text)}")
    if answer.status == 403:
        attack.untouched()
    else:
        assert visible(answer) == set()


def test_b046_selector_of_all_but_one(attack: Attack) -> None:
    query = selector("metadata.name!=nginx-1")
    assert visible(attack.send("GET", f"{POD}?{query}")) == {"dev/nginx-2"}


def test_b047_escaped_comma_decides_nothing(attack: Attack) -> None:
    query = selector("metadata.name=a\\,b")
    answer = attack.send("GET", f"{POD}?{query}")
    if answer.status in (400, 403):
        attack.untouched()
    else:
        assert visible(answer) == set()
        assert attack.forwarded().parameter("fieldSelector") == "metadata.name=a\\,b"


def test_b048_bad_selector_is_the_api_servers_400(attack: Attack) -> None:
    answer = attack.send("GET", f"{POD}?fieldSelector=garbage")
    assert answer.status == 400 and answer.json()["reason"] == "BadRequest"


def test_b049_selector_of_a_hidden_namespace(attack: Attack) -> None:
    answer = attack.send("GET", f"/api/v1/pods?{selector('metadata.namespace=prod')}")
    if answer.status == 403:
        attack.untouched()
    else:
        assert visible(answer) == set()


def test_b050_watch_of_a_named_object_is_a_get(attack: Attack) -> None:
    answer = attack.send("GET", f"{POD}/nginx-1?watch=true")
    assert answer.status == 200 and answer.json()["metadata"]["name"] == "nginx-1"
    assert attack.forwarded().parameter("watch") is None


def test_b051_unknown_keys_stay_here(attack: Attack) -> None:
    attack.send("GET", f"{POD}?labelSelector=a%3Db&foo=bar")
    assert attack.forwarded().query == [("labelSelector", "a=b")]


def test_b052_unsafe_delete_is_not_passed_on(attack: Attack) -> None:
    parameter = "ignoreStoreReadErrorWithClusterBreakingPotential"
    answer = attack.send("DELETE", f"{POD}/nginx-1?{parameter}=true")
    if answer.status == 403:
        attack.untouched()
    else:
        assert attack.forwarded().parameter(parameter) is None


def test_b053_timeout_is_clamped(attack: Attack) -> None:
    attack.send("GET", f"{POD}?timeoutSeconds=999999999&watch=1")
    assert int(attack.forwarded().parameter("timeoutSeconds") or "0") <= 3600
