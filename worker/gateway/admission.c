#include "worker/gateway/admission.h"

#include <sys/socket.h>

#include "shared/address.h"
#include "shared/callers.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"

uint16_t
admission_address(uint8_t address[16], const struct sockaddr_storage *peer)
{
	return address_to_bytes(peer, address);
}

bool
admission_take(struct gateway *gateway, const struct sockaddr_storage *peer)
{
	const struct limits *limits = &gateway->config->limits;
	const struct caller_limits callers = {
		.open = (uint64_t)limits->connections_per_ip,
		.per_second = (uint64_t)limits->connects_per_second_per_ip,
	};
	enum caller_verdict verdict;
	uint8_t address[16];

	admission_address(address, peer);
	verdict = callers_enter(
		gateway->arena, gateway->slot, address, clock_ms(), &callers);
	gateway->is_counted = verdict == CALLER_COUNTED;
	if (verdict == CALLER_TOO_MANY)
		row_count(gateway->row, COUNTER_REFUSED_IP_CONNECTIONS, 1);
	if (verdict == CALLER_TOO_FAST)
		row_count(gateway->row, COUNTER_REFUSED_IP_RATE, 1);
	return verdict == CALLER_COUNTED || verdict == CALLER_UNCOUNTED;
}

void
admission_undo(struct gateway *gateway, const struct sockaddr_storage *peer)
{
	uint8_t address[16];

	if (!gateway->is_counted)
		return;
	gateway->is_counted = false;
	admission_address(address, peer);
	callers_leave(gateway->arena, gateway->slot, address);
}

bool
admission_keep(struct gateway *gateway)
{
	bool is_counted = gateway->is_counted;

	gateway->is_counted = false;
	return is_counted;
}

void
admission_leave(const struct gateway *gateway, const uint8_t address[16])
{
	callers_leave(gateway->arena, gateway->slot, address);
}

void
admission_pass(struct session *session)
{
	session->is_counted = admission_keep(session->gateway);
}

void
admission_end(struct session *session)
{
	const struct gateway *gateway = session->gateway;

	if (session->is_counted)
		callers_leave(gateway->arena, gateway->slot, session->address);
	session->is_counted = false;
}
