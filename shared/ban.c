#include "shared/ban.h"

#include <string.h>

#include "shared/base.h"
#include "shared/network.h"

const char *
ban_kind_name(enum ban_kind kind)
{
	static const char *const names[BAN_KINDS] = {
		[BAN_USER] = "user",
		[BAN_ADDRESS] = "ip",
		[BAN_TOKEN] = "token",
		[BAN_ISSUED] = "issued",
	};

	must(kind < BAN_KINDS);
	return names[kind];
}

static bool
is_network(const struct ban *ban)
{
	uint8_t cut[16];

	if (ban->name.length != sizeof(cut) || ban->bits > NETWORK_BITS)
		return false;
	memcpy(cut, ban->name.at, sizeof(cut));
	network_cut(cut, (unsigned)ban->bits);
	return memcmp(cut, ban->name.at, sizeof(cut)) == 0;
}

static bool
has_sound_name(const struct ban *ban)
{
	switch (ban->kind) {
	case BAN_USER:
		return text_is_name(ban->name, 1, USER_BYTES_MAX);
	case BAN_ADDRESS:
		return is_network(ban);
	case BAN_TOKEN:
		return text_is_name(ban->name, 1, BAN_NAME_BYTES_MAX);
	case BAN_ISSUED:
		return text_is_name(ban->name, 0, USER_BYTES_MAX);
	default:
		return false;
	}
}

bool
ban_is_sound(const struct ban *ban)
{
	bool may_be_of_room = ban->kind == BAN_USER || ban->kind == BAN_ADDRESS;

	return has_sound_name(ban) &&
	       text_is_name(ban->tenant, 0, TENANT_BYTES_MAX) &&
	       text_is_name(
		       ban->room, 0, may_be_of_room ? ROOM_BYTES_MAX : 0) &&
	       text_is_name(ban->reason, 0, BAN_REASON_BYTES_MAX) &&
	       (ban->bits == 0 || ban->kind == BAN_ADDRESS) &&
	       (ban->issued > 0) == (ban->kind == BAN_ISSUED);
}

struct ban
ban_of_entry(const struct ban_entry *entry)
{
	return (struct ban){
		.kind = entry->kind,
		.tenant = { entry->tenant, entry->tenant_length },
		.name = { entry->name, entry->name_length },
		.bits = entry->bits,
		.room = { entry->room, entry->room_length },
		.issued = entry->issued_ms,
		.since = entry->since_ms,
		.until = entry->until_ms,
		.reason = { entry->reason, entry->reason_length },
	};
}

bool
ban_is_same(const struct ban *a, const struct ban *b)
{
	return a->kind == b->kind && a->bits == b->bits &&
	       text_equal(a->name, b->name) &&
	       text_equal(a->tenant, b->tenant) && text_equal(a->room, b->room);
}

static int
compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
compare_texts(struct text a, struct text b)
{
	size_t least = MIN_OF(a.length, b.length);
	int order = least > 0 ? memcmp(a.at, b.at, least) : 0;

	return order != 0 ? order : compare(a.length, b.length);
}

bool
ban_is_later(const struct ban *a, const struct ban *b)
{
	int order = compare(a->since, b->since);

	if (order == 0)
		order = compare(a->what == BAN_SET, b->what == BAN_SET);
	if (order != 0 || a->what != BAN_SET)
		return order > 0;
	order = compare(a->until - 1, b->until - 1); /* 0 is the longest */
	if (order == 0)
		order = compare(a->issued, b->issued);
	if (order == 0)
		order = compare_texts(a->reason, b->reason);
	return order > 0;
}

static bool
is_in_network(const struct ban *ban, const uint8_t *address)
{
	struct network network = { .bits = (uint8_t)ban->bits };

	memcpy(network.address, ban->name.at, sizeof(network.address));
	return address != NULL && network_is_address(address) &&
	       network_has(&network, address);
}

bool
ban_concerns(const struct ban *ban, const struct ban_subject *subject)
{
	if (ban->tenant.length > 0 && !text_equal(ban->tenant, subject->tenant))
		return false;
	switch (ban->kind) {
	case BAN_USER:
		return text_equal(ban->name, subject->user);
	case BAN_ADDRESS:
		return is_in_network(ban, subject->address);
	case BAN_TOKEN:
		return subject->has_token &&
		       text_equal(ban->name, subject->jti);
	case BAN_ISSUED:
		return subject->has_token && subject->issued_ms < ban->issued &&
		       (ban->name.length == 0 ||
			       text_equal(ban->name, subject->user));
	default:
		return false;
	}
}
