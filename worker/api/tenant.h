/*
 * For which tenant a request speaks: that of the caller's key; one who speaks
 * for all names it, and means `default` when he does not.
 */
#ifndef WORKER_API_TENANT_H
#define WORKER_API_TENANT_H

#include "shared/text.h"

struct arguments;
struct exchange;

/* As the arguments name it, which fail when there is no such tenant or it is
 * not the caller's. Lives as long as the exchange. */
struct text tenant_read(
	const struct exchange *exchange, struct arguments *arguments);

#endif
