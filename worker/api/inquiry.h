/*
 * Inquiries: what gateways ask a backend before they do what a client wants:
 * may he log in, may this be said. The answer goes back as a letter; when there
 * is none within hook_seconds of the tenant, or none that makes sense, the
 * gateway hears that, and decides as the tenant is configured.
 */
#ifndef WORKER_API_INQUIRY_H
#define WORKER_API_INQUIRY_H

struct courier;
struct inquiries;
struct letter;
struct worker;

struct inquiries *inquiries_new(struct worker *worker, struct courier *courier);

/* Those that are open are never answered. */
void inquiries_free(struct inquiries **inquiries);

/* A HOOK. */
void inquiries_take(struct inquiries *inquiries, const struct letter *letter);

#endif
