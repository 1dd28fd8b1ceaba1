#include "worker/gateway/fronts.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/manners.h"
#include "worker/gateway/door.h"

void
fronts_note(struct fronts *fronts, const struct config *config,
	const struct tickets *tickets)
{
	fronts->count = config->listener_count;
	fronts->names =
		base_alloc_zeroed(fronts->count + 1, sizeof(*fronts->names));
	for (size_t i = 0; i < fronts->count; i++)
		fronts->names[i] = base_strdup(config->listeners[i].name);
	fronts->manners = manners_new(config, tickets);
}

void
fronts_fini(struct fronts *fronts)
{
	for (size_t i = 0; i < fronts->count; i++)
		free(fronts->names[i]);
	free(fronts->names);
	manners_free(&fronts->manners, fronts->count);
	*fronts = (struct fronts){ 0 };
}

const struct manners *
fronts_manners(const struct fronts *fronts, unsigned number)
{
	return number < fronts->count ? &fronts->manners[number] : NULL;
}

static unsigned
number_now(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->listener_count; i++)
		if (strcmp(config->listeners[i].name, name) == 0)
			return (unsigned)i;
	return DOOR_NO_LISTENER;
}

void
fronts_renew(struct fronts *fronts, const struct config *config,
	const struct tickets *tickets, struct door *door)
{
	unsigned *numbers = base_alloc((fronts->count + 1) * sizeof(*numbers));

	for (size_t i = 0; i < fronts->count; i++)
		numbers[i] = number_now(config, fronts->names[i]);
	door_renumber(door, numbers, fronts->count);
	free(numbers);
	fronts_fini(fronts);
	fronts_note(fronts, config, tickets);
}
