/*
 * The answers to those who want to know how the server fares: /metrics,
 * /v1/stats and /v1/traffic. All of it is read from the arena, nobody is asked.
 *
 * The first two are about all tenants together, so a key of one tenant does not
 * open them.
 */
#ifndef WORKER_API_FIGURES_H
#define WORKER_API_FIGURES_H

struct exchange;

void figures_answer_metrics(struct exchange *exchange);
void figures_answer_stats(struct exchange *exchange);

/* tenant: only of that one, which is the only one for a key of one tenant;
 * limit: so many rooms at most. */
void figures_answer_traffic(struct exchange *exchange);

#endif
