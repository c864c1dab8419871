"""Who waits for a model, and who is admitted next: classes in strict order, in a class tenants by what they were served, of a tenant the
earliest deadline.

    queues.py       all queues of the gateway, and the permits of targets: what the journey asks
    place.py        one call in a queue, and then under a permit
    fair_queue.py   one queue: bounds, classes, predictions
    floors.py       which class is next: the highest, with a floor for those below
    band.py         which tenant of a class is next: the one that was served least (virtual counters)
    flow.py         which of a tenant's tickets is next
    ticket.py       one request that waits
    room.py         how busy engines are by their own word
    drain.py        how fast a queue drains, and how likely one is shed where it is too slow
    lazy_heap.py    a heap from which anything can be taken

All of it is synchronous, with injected time and chance: a simulation runs the same classes.
"""
