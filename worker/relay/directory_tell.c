/*
 * What this host is told of sessions of others: ledgers who is in which room,
 * gateways of logins of users whom they have, too, and who asks for a user.
 */
#include "shared/arena.h"
#include "shared/fence.h"
#include "shared/index.h"
#include "shared/letter.h"
#include "worker/edge/entries.h"
#include "worker/edge/ledgers.h"
#include "worker/relay/directory.h"
#include "worker/relay/directory_inside.h"

/* What a client takes without its rooms, at most. */
#define CLIENT_BYTES 160

static unsigned
ledger_of(const struct directory *directory, const struct remote *remote,
	const struct stay *stay)
{
	return ledgers_of_room(
		directory->edge, remote_tenant(remote), stay_name(stay));
}

static void
pack_stay(struct directory *directory, const struct remote *remote,
	const struct stay *stay, uint64_t flags)
{
	join_pack(edge_letter(directory->edge, LETTER_JOIN),
		&(struct join){
			.connection = remote->connection,
			.tenant = remote_tenant(remote),
			.room = stay_name(stay),
			.user = remote_user(remote),
			.platform = remote->platform,
			.since = stay->since,
			.info = buffer_text(&remote->info),
			.flags = stay->flags | flags,
		});
}

/* Ledgers know those who want presence. */
void
directory_tell_join(struct directory *directory, const struct remote *remote,
	const struct stay *stay)
{
	if (!(stay->flags & JOIN_PRESENCE))
		return;
	pack_stay(directory, remote, stay, 0);
	ledgers_send(directory->edge, ledger_of(directory, remote, stay));
}

void
directory_tell_leave(struct directory *directory, const struct remote *remote,
	const struct stay *stay, const struct leave *leave)
{
	if (!(stay->flags & JOIN_PRESENCE))
		return;
	leave_pack(edge_letter(directory->edge, LETTER_LEAVE),
		&(struct leave){
			.connection = remote->connection,
			.tenant = remote_tenant(remote),
			.room = stay_name(stay),
			.user = remote_user(remote),
			.platform = remote->platform,
			.lost = leave->lost,
			.info = leave->info,
		});
	ledgers_send(directory->edge, ledger_of(directory, remote, stay));
}

void
directory_tell_arrival(struct directory *directory, const struct remote *remote,
	uint64_t order)
{
	struct edge *edge = directory->edge;
	struct edge_gateways all = edge_gateways(edge);

	fence_say_then_look();
	for (unsigned slot = all.first; slot < all.end; slot++) {
		if (!index_has_user(edge->arena, slot, remote_tenant(remote),
			    remote_user(remote)))
			continue;
		arrival_pack(edge_letter(edge, LETTER_ARRIVE),
			&(struct arrival){
				.secret = remote->key.secret,
				.tenant = remote_tenant(remote),
				.user = remote_user(remote),
				.platform = remote->platform,
				.since = remote->since,
				.order = order,
				.host = remote->key.host,
			});
		edge_send(edge, slot);
	}
}

/* Ledgers that ask */

void
directory_announce(struct directory *directory, unsigned slot, uint64_t life)
{
	int ledger = ledgers_of_slot(directory->edge, slot);

	if (ledger >= 0)
		directory->inquiries[ledger] =
			(struct inquiry){ .is_asking = true, .life = life };
}

static bool
offer_announced(struct directory *directory, unsigned ledger, uint64_t life)
{
	announced_pack(edge_letter(directory->edge, LETTER_ANNOUNCED),
		&(struct announced){ .life = life });
	return ledgers_offer(directory->edge, ledger) == OFFER_TAKEN;
}

void
directory_settle(struct directory *directory)
{
	for (unsigned i = 0; i < ledgers_count(directory->edge); i++) {
		announced_pack(edge_letter(directory->edge, LETTER_ANNOUNCED),
			&(struct announced){ 0 });
		ledgers_send(directory->edge, i);
	}
}

/* The first room waits for space in the ring, the others of the session may
 * wait outside it. */
static bool
announce_remote(struct directory *directory, const struct remote *remote,
	unsigned ledger)
{
	bool is_first = true;

	for (uint32_t i = 0; i < remote->stay_count; i++) {
		const struct stay *stay = remote->stays[i];

		if (!(stay->flags & JOIN_PRESENCE) ||
			ledger_of(directory, remote, stay) != ledger)
			continue;
		pack_stay(directory, remote, stay, JOIN_ANNOUNCED);
		if (!is_first)
			ledgers_send(directory->edge, ledger);
		else if (ledgers_offer(directory->edge, ledger) != OFFER_TAKEN)
			return false;
		is_first = false;
	}
	return true;
}

/* True when the ledger has heard everything. */
static bool
answer(struct directory *directory, unsigned ledger, struct inquiry *inquiry)
{
	for (; inquiry->next < directory->number_count; inquiry->next++) {
		const struct remote *remote =
			directory->numbered[inquiry->next];

		if (remote != NULL &&
			!announce_remote(directory, remote, ledger))
			return false;
	}
	return offer_announced(directory, ledger, inquiry->life);
}

bool
directory_go_on(struct directory *directory)
{
	bool is_asking = directory_end_some(directory);

	for (unsigned i = 0; i < ledgers_count(directory->edge); i++) {
		struct inquiry *inquiry = &directory->inquiries[i];

		if (inquiry->is_asking)
			inquiry->is_asking = !answer(directory, i, inquiry);
		is_asking |= inquiry->is_asking;
	}
	return is_asking;
}

/* Who asks for a user */

static void
pack_rooms(const struct remote *remote, size_t bytes_max, struct buffer *rooms,
	bool *has_more)
{
	for (uint32_t i = 0; i < remote->stay_count; i++) {
		if (rooms->length > bytes_max)
			*has_more = true;
		else
			pack_text(rooms, stay_name(remote->stays[i]));
	}
}

static void
pack_client(
	const struct remote *remote, size_t bytes_max, struct buffer *clients)
{
	struct buffer rooms = { 0 }, packed = { 0 };
	bool has_more = false;

	pack_rooms(remote, bytes_max, &rooms, &has_more);
	client_pack(&packed, &(struct client){
				     .place = remote->home_place,
				     .secret = remote->key.secret,
				     .platform = remote->platform,
				     .since = remote->since,
				     .address = { (const char *)remote->address,
					     sizeof(remote->address) },
				     .port = remote->port,
				     .rooms = buffer_text(&rooms),
				     .more = has_more,
				     .host = remote->key.host,
				     .slot = remote->home_slot,
			     });
	pack_text(clients, buffer_text(&packed));
	buffer_fini(&rooms);
	buffer_fini(&packed);
}

void
directory_who(struct directory *directory, struct text tenant, struct text user,
	size_t bytes_max, struct buffer *clients)
{
	struct edge *edge = directory->edge;
	size_t count;
	const struct index_entry *found =
		entries_of_user(edge, edge->slot, tenant, user, &count);

	for (size_t i = 0; i < count; i++) {
		const struct remote *remote = directory->seated[found[i].place];

		if (clients->length + CLIENT_BYTES > bytes_max)
			return;
		if (remote != NULL)
			pack_client(remote, bytes_max / count, clients);
	}
}
