from tests.watching import House
def test_it(house: House) -> None:
    g = house.grant()
    r = house.watch(g, "0-99")
    assert r.content == house.plain[:100]
    for body in [{"reason":"aaaaaaaaaaaaaa\ud800"},{"reason":"a\0bbbbbbbbbbbbbb"},{"reason":"kort"},{"purpose":"x"*100, "reason":""},{"foo":1}, {"purpose": "nonsense"}]:
        r = house.ask(**body); print(body, r.status_code, r.text, r.headers)
    p = house.desk("p.bakker")
    for q in [{"after":10**30},{"since":"0001-01-01T00:00:00+14:00"},{"event":"a.b"}, {"after":2**62}]:
        r = p.post("/audit-entries/_search", {"municipality":"voorbeeldstad","purpose":"toezicht-inzagelog",**q}); print(q, r.status_code, r.text[:300])
    r = house.decide(house.ask().json()["id"], validUntil="9999-12-31T23:59:59-14:00"); print(r.status_code, r.text)
    r = house.watch(g, "-99999999"); print(r.status_code, r.headers, r.text[:200])
    r = house.watch(g, "99999999-"); print(r.status_code, r.headers, r.text[:200])
    import requests
    r = requests.post(house.url+"/api/v1/requests", data=b"\xff\xfe{", headers={"Authorization": "Bearer "+house.provider.token("s.devries"), "Content-Type":"application/json"}); print(r.status_code, r.text)
    r = requests.post(house.url+"/api/v1/requests", data=b"{", headers={"Authorization": "Bearer "+house.provider.token("s.devries"), "Content-Type":"application/json"}); print(r.status_code, r.text)
    r = requests.post(house.url+"/api/v1/requests/", json={}, headers={"Authorization": "Bearer "+house.provider.token("s.devries")}, allow_redirects=False); print(r.status_code, r.headers, r.text)
    assert 0
