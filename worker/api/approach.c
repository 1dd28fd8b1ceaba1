#include "worker/api/approach.h"

#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "shared/address.h"
#include "shared/buffer.h"
#include "shared/manners.h"
#include "shared/network.h"
#include "shared/proxy_line.h"
#include "worker/edge/crowd.h"

/* All zero: there is none. */
static void
find_peer(uint8_t address[16], int fd)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t length = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &length) < 0)
		peer.ss_family = AF_UNSPEC;
	address_to_bytes(&peer, address);
}

void
approach_join(struct approach *approach, const struct manners *manners, int fd)
{
	struct porch *porch = approach->porch;
	uint8_t address[16];

	if (!porch || porch->crowd_max == 0)
		return;
	if (approach->has_client)
		memcpy(address, approach->address, sizeof(address));
	else
		find_peer(address, fd);
	if (network_is_address(address) &&
		!(manners && manners_trust(manners, address)))
		approach->crowd = crowd_enter(&porch->crowds, address);
}

bool
approach_is_crowded(const struct approach *approach)
{
	return approach->crowd &&
	       crowd_count(approach->crowd) > approach->porch->crowd_max;
}

void
approach_leave(struct approach *approach)
{
	if (approach->crowd)
		crowd_leave(&approach->porch->crowds, &approach->crowd);
}

static bool
is_from_proxy(const struct manners *manners, int fd)
{
	uint8_t address[16];

	find_peer(address, fd);
	return manners && manners_take_proxy(manners, address);
}

enum approach_step
approach_take_line(struct approach *approach, const struct manners *manners,
	int fd, struct buffer *bytes)
{
	struct proxy_line line;
	enum proxy_line_end end = proxy_line_read(buffer_text(bytes), &line);

	if (end == PROXY_LINE_MORE)
		return APPROACH_MORE;
	if (end == PROXY_LINE_BAD || !is_from_proxy(manners, fd))
		return APPROACH_BAD;
	approach->wants_proxy = false;
	approach->has_client = line.has_address;
	approach->port = line.port;
	memcpy(approach->address, line.address, sizeof(approach->address));
	buffer_drop_front(bytes, line.length);
	approach_join(approach, manners, fd);
	return APPROACH_PASSED;
}

/* Once in a turn counts for all that is read in it. */
bool
approach_may_shake(struct approach *approach, struct event_base *base)
{
	struct timeval turn;

	if (!approach->porch)
		return true;
	event_base_gettimeofday_cached(base, &turn);
	if (timercmp(&turn, &approach->turn, ==))
		return true;
	if (!shakes_take(&approach->porch->shakes, &turn))
		return false;
	approach->turn = turn;
	return true;
}
