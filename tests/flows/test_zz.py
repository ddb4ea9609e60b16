import threading, collections, time
from tests.docking import *
from tests.footage import film
def test_w(standing, any_dock):
    found = collections.Counter(); slow=[]
    def work(n):
        for i in range(12):
            c = film(2*PART+5); u = any_dock.begin(len(c), sha256=digest(c)); any_dock.go_on(u, c, 0, chunk=20000 if i%2 else None)
            t=time.time(); r = any_dock.receipt(u); found[(r["state"], r["reason"])] += 1; slow.append(round(time.time()-t,1))
    ts=[threading.Thread(target=work,args=(n,)) for n in range(6)]
    [t.start() for t in ts]; [t.join() for t in ts]
    print("FOUND", found, sorted(slow)[-5:])
