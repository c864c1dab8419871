"""The golden grid: clients' languages × upstreams' languages × what can be asked and answered, whole and streamed, in one process."""
