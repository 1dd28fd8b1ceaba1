/*
 * What /metrics and /v1/stats say of other hosts, from the links in the arena.
 */
#ifndef WORKER_API_METRICS_LINKS_H
#define WORKER_API_METRICS_LINKS_H

struct arena;
struct buffer;

/* In the text format of Prometheus; nothing for a host that stands alone. */
void metrics_write_links(struct buffer *out, const struct arena *arena);

/* An array in JSON. */
void metrics_write_peers(struct buffer *out, const struct arena *arena);

#endif
