/*
 * Whom a word concerns is found in the index, by which the gateways that have
 * him are told; each looks again for itself. A wish that does not find its way
 * to a gateway is refused, and may be wished again: a kick meets only those who
 * are still there.
 */
#include "master/words_acts.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "master/answer.h"
#include "master/arguments.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/log.h"
#include "shared/message.h"
#include "shared/records.h"

#define REASON_BYTES_MAX 256
#define SAID_BYTES_MAX 2048

/* Which of several gateways says something: one that is awake. */
#define YOUNG_BEAT_MS 1000

#define KICK_USAGE                                                             \
	"kick [tenant T] user U [platform P] [REASON], kick client C "         \
	"[REASON] or kick [tenant T] room R user U [REASON]"
#define SAY_USAGE "say [tenant T] room R TEXT or say [tenant T] user U TEXT"
#define EDIT_USAGE "edit [tenant T] room R ID TEXT: the id of a message there"
#define DELETE_USAGE "delete [tenant T] room R ID: the id of a message there"

static bool
read_platform(struct text text, uint64_t *only_platform)
{
	uint64_t platform = 0;

	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		platform = platform * 10 + (uint64_t)(text.at[i] - '0');
		if (platform > UINT32_MAX)
			return false;
	}
	*only_platform = platform + 1;
	return text.length > 0;
}

/* What is wrong with it, or NULL. */
static const char *
fault_of(const struct words_context *context, const struct wish *wish,
	size_t words_min, size_t words_max)
{
	if (!config_tenant(context->config, wish->tenant))
		return "no tenant is called so";
	if (wish->room.at && !text_is_name(wish->room, 1, ROOM_BYTES_MAX))
		return "a room is 1 to 128 bytes of UTF-8 without control "
		       "characters";
	if (wish->user.at && !text_is_name(wish->user, 1, USER_BYTES_MAX))
		return "a user is 1 to 64 bytes of UTF-8 without control "
		       "characters";
	if (!text_is_name(wish->words, words_min, words_max))
		return words_min > 0 ? "the text is 1 to 2048 bytes of UTF-8 "
				       "without control characters"
				     : "the reason is up to 256 bytes of UTF-8 "
				       "without control characters";
	return NULL;
}

static bool
is_meant(const struct wish *wish, const struct index_entry *entry)
{
	return wish->only_platform == 0 ||
	       wish->only_platform == (uint64_t)entry->platform + 1;
}

/* How many connections of the user there are on this slot. */
static uint64_t
count_user(const struct words_context *context, const struct wish *wish,
	unsigned slot)
{
	struct buffer found = { 0 };
	size_t room_for = 8, count;
	struct index_entry *entries;
	uint64_t meant = 0;

	for (;; room_for = count) {
		entries = (void *)buffer_reserve(
			&found, room_for * sizeof(*entries));
		count = index_find_user(context->arena, slot, wish->tenant,
			wish->user, entries, room_for);
		if (count <= room_for)
			break;
	}
	for (size_t i = 0; i < count; i++)
		meant += is_meant(wish, &entries[i]);
	buffer_fini(&found);
	return meant;
}

/* Which members of a room are there is known to its gateways alone, so all
 * connections of the user count where the room has members. */
static uint64_t
count_kicked(const struct words_context *context, const struct wish *wish,
	unsigned slot)
{
	if (wish->what == WISH_KICK_MEMBER &&
		!index_has_room(context->arena, slot, wish->tenant, wish->room))
		return 0;
	return count_user(context, wish, slot);
}

static void
answer_connections(struct answer *answer, const char *state, uint64_t count)
{
	answer_begin_list(answer);
	answer_text(answer, "state", state);
	answer_number(answer, "connections", count);
	answer_end_list(answer);
}

static void
tell_kicked(struct answer *answer, uint64_t count)
{
	log_info("asked by the status socket to send away %" PRIu64
		 " connections",
		count);
	answer_connections(answer, "kicked", count);
}

static bool
say_wish(const struct words_context *context, const struct wish *wish,
	unsigned slot)
{
	struct buffer packed = { 0 };
	bool is_heard;

	wish_pack(&packed, wish);
	is_heard = context->wish(context->self, slot, buffer_text(&packed));
	buffer_fini(&packed);
	return is_heard;
}

static bool
is_gateway(const struct words_context *context, unsigned slot)
{
	return arena_shape(context->arena)->roles[slot] == ROLE_GATEWAY;
}

/* Its connections are in the index: those of a gateway, or, of the relay, those
 * of other hosts. */
static bool
has_clients(const struct words_context *context, unsigned slot)
{
	return is_gateway(context, slot) ||
	       arena_shape(context->arena)->roles[slot] == ROLE_RELAY;
}

static void
kick_user(const struct words_context *context, const struct wish *wish,
	struct answer *answer)
{
	unsigned slots = arena_shape(context->arena)->slots, deaf = 0;
	uint64_t kicked = 0;

	for (unsigned slot = 0; slot < slots; slot++) {
		uint64_t here = has_clients(context, slot)
					? count_kicked(context, wish, slot)
					: 0;

		kicked += here;
		if (here > 0 && !say_wish(context, wish, slot))
			deaf++;
	}
	if (deaf > 0)
		answer_refuse(answer,
			"%u of the processes that have them cannot hear it "
			"now, ask again",
			deaf);
	else if (kicked == 0)
		answer_refuse(answer, "there is no such connection");
	else
		tell_kicked(answer, kicked);
}

static void
kick_client(const struct words_context *context, struct text id,
	struct wish *wish, struct answer *answer)
{
	struct index_entry entry;
	unsigned slot;

	if (!index_find_client(context->arena,
		    (unsigned)context->config->host_id, id, &slot, &entry)) {
		answer_refuse(answer, "there is no such client");
		return;
	}
	wish->place = entry.place;
	wish->secret = entry.secret;
	if (say_wish(context, wish, slot))
		tell_kicked(answer, 1);
	else
		answer_refuse(
			answer, "its gateway cannot hear it now, ask again");
}

/* A client says itself whose it is. */
static bool
read_kick(struct text *rest, struct wish *wish, struct text *client)
{
	bool is_of_tenant = arguments_take_tenant(rest, &wish->tenant);

	if (!is_of_tenant && arguments_take_word(rest, "client")) {
		wish->what = WISH_KICK_CLIENT;
		*client = arguments_take(rest);
		wish->words = arguments_take_rest(rest);
		return true;
	}
	wish->what = WISH_KICK_USER;
	if (arguments_take_word(rest, "room")) {
		wish->what = WISH_KICK_MEMBER;
		wish->room = arguments_take(rest);
	}
	if (!arguments_take_word(rest, "user"))
		return false;
	wish->user = arguments_take(rest);
	if (wish->what == WISH_KICK_USER &&
		arguments_take_word(rest, "platform") &&
		!read_platform(arguments_take(rest), &wish->only_platform))
		return false;
	wish->words = arguments_take_rest(rest);
	return true;
}

void
words_kick(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	struct wish wish = { 0 };
	struct text client = { 0 };
	const char *fault;

	if (!read_kick(&argument, &wish, &client)) {
		answer_refuse(answer, KICK_USAGE);
		return;
	}
	fault = fault_of(context, &wish, 0, REASON_BYTES_MAX);
	if (fault)
		answer_refuse(answer, "%s", fault);
	else if (wish.what == WISH_KICK_CLIENT)
		kick_client(context, client, &wish, answer);
	else
		kick_user(context, &wish, answer);
}

static bool
is_awake(const struct words_context *context, unsigned slot)
{
	const struct row *row = arena_row(context->arena, slot);

	return atomic_load(&row->state) == CHILD_SERVING &&
	       atomic_load(&row->heartbeat_ms) + YOUNG_BEAT_MS > clock_ms();
}

/* Who would get it now. */
static uint64_t
count_listeners(const struct words_context *context, const struct wish *wish,
	unsigned slot)
{
	if (wish->what == WISH_SAY_USER)
		return count_user(context, wish, slot);
	return index_room_connections(
		context->arena, slot, wish->tenant, wish->room);
}

static void
hand_on(const struct words_context *context, const struct wish *wish,
	struct answer *answer)
{
	unsigned slots = arena_shape(context->arena)->slots;
	uint64_t listeners = 0;
	bool is_said = false;

	for (unsigned slot = 0; slot < slots; slot++) {
		if (!has_clients(context, slot))
			continue;
		listeners += count_listeners(context, wish, slot);
		is_said = is_said || (is_gateway(context, slot) &&
					     is_awake(context, slot) &&
					     say_wish(context, wish, slot));
	}
	if (is_said)
		answer_connections(answer, "handed on", listeners);
	else
		answer_refuse(answer, "no gateway can hear it now, ask again");
}

void
words_say(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	struct wish wish = { 0 };
	const char *fault;

	arguments_take_tenant(&argument, &wish.tenant);
	if (arguments_take_word(&argument, "room")) {
		wish.what = WISH_SAY_ROOM;
		wish.room = arguments_take(&argument);
	} else if (arguments_take_word(&argument, "user")) {
		wish.what = WISH_SAY_USER;
		wish.user = arguments_take(&argument);
	} else {
		answer_refuse(answer, SAY_USAGE);
		return;
	}
	wish.words = arguments_take_rest(&argument);
	fault = fault_of(context, &wish, 1, SAID_BYTES_MAX);
	if (fault)
		answer_refuse(answer, "%s", fault);
	else
		hand_on(context, &wish, answer);
}

/* room R ID [TEXT]; false when it is not. */
static bool
read_change(struct text *rest, struct wish *wish)
{
	if (!arguments_take_word(rest, "room"))
		return false;
	wish->room = arguments_take(rest);
	return message_id_read(
		arguments_take(rest), &wish->of_time, &wish->of_origin);
}

static void
change(const struct words_context *context, struct text argument,
	enum wish_what what, struct answer *answer)
{
	bool is_edit = what == WISH_EDIT;
	struct wish wish = { .what = what };
	const char *fault;

	arguments_take_tenant(&argument, &wish.tenant);
	if (!read_change(&argument, &wish)) {
		answer_refuse(answer, is_edit ? EDIT_USAGE : DELETE_USAGE);
		return;
	}
	wish.words = arguments_take_rest(&argument);
	fault = fault_of(
		context, &wish, is_edit ? 1 : 0, is_edit ? SAID_BYTES_MAX : 0);
	if (!fault && !config_room_class(context->config, wish.room)->history)
		fault = "nothing is remembered in this room";
	if (fault)
		answer_refuse(answer, "%s", fault);
	else
		hand_on(context, &wish, answer);
}

void
words_edit(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	change(context, argument, WISH_EDIT, answer);
}

void
words_delete(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	change(context, argument, WISH_DELETE, answer);
}

void
words_set_log(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	char level[16], why[128] = "must be a word of the option log_level";

	snprintf(level, sizeof(level), "%.*s",
		(int)MIN_OF(argument.length, sizeof(level)), argument.at);
	if (!context->set_log(context->self, level, why, sizeof(why))) {
		answer_refuse(answer, "set log LEVEL: %s", why);
		return;
	}
	answer_begin_list(answer);
	answer_text(answer, "log_level", level);
	answer_end_list(answer);
}
