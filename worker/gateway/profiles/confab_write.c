#include "worker/gateway/profiles/confab_write.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/records.h"
#include "worker/edge/confab_json.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/session.h"
#include "worker/gateway/subscription.h"

static void
write_count(struct buffer *out, const struct presence *presence)
{
	confab_add_text(
		out, "{\"cmd\":\"count\",\"data\":{\"room\":", presence->room);
	confab_add_number(out, ",\"users\":", presence->users);
	confab_add_number(out, ",\"connections\":", presence->connections);
	buffer_add_string(out, "}}");
}

void
confab_write_presence(struct buffer *out, const struct presence *presence)
{
	if (presence->user.length == 0) {
		write_count(out, presence);
		return;
	}
	buffer_add_string(out,
		presence->entered ? "{\"cmd\":\"enter\"" : "{\"cmd\":\"exit\"");
	confab_add_text(out, ",\"data\":{\"room\":", presence->room);
	confab_add_text(out, ",\"user\":", presence->user);
	confab_add_number(out, ",\"platform\":", presence->platform);
	confab_add_number(out, ",\"users\":", presence->users);
	buffer_add_string(out, "}}");
}

void
confab_write_read(struct buffer *out, const struct read_push *push)
{
	buffer_add_string(out, "{\"cmd\":\"read\",\"data\":{");
	if (push->room.length > 0)
		confab_add_text(out, "\"room\":", push->room);
	else
		confab_add_text(out, "\"with\":", push->with);
	confab_add_text(out, ",\"user\":", push->user);
	confab_add_number(out, ",\"offset\":", push->offset);
	buffer_add_string(out, "}}");
}

void
confab_write_kick(struct buffer *out, const struct kick *kick)
{
	confab_add_text(
		out, "{\"cmd\":\"kick\",\"data\":{\"reason\":", kick->reason);
	if (kick->room.length > 0)
		confab_add_text(out, ",\"room\":", kick->room);
	buffer_add_string(out, "}}");
}

void
confab_write_lost(struct buffer *out, const struct lost_push *push)
{
	buffer_add_string(out, "{\"cmd\":\"moved\",\"data\":{");
	if (push->room.length > 0)
		confab_add_text(out, "\"room\":", push->room);
	else
		buffer_add_string(out, "\"inbox\":true");
	confab_add_epoch(out, ",\"epoch\":", push->epoch);
	confab_add_number(out, ",\"offset\":", push->offset);
	buffer_add_string(out, "}}");
}

void
confab_write_drain(struct buffer *out, uint64_t in_ms)
{
	confab_add_number(
		out, "{\"cmd\":\"drain\",\"data\":{\"in_ms\":", in_ms);
	buffer_add_string(out, "}}");
}

/* By which other hosts know the place that the answer is of. */
static void
write_place_id(struct buffer *out, const struct joined *joined)
{
	char id[MESSAGE_ID_LENGTH + 1];

	if (joined->id_time == 0)
		return;
	message_id_write(id, joined->id_time, joined->id_origin);
	confab_add_text(out, ",\"id\":", text_of(id));
}

/* What was missed of a stream, when that was asked for. */
static void
write_recovery(
	struct buffer *out, const struct joined *joined, struct text user)
{
	if (joined->recovery == RECOVERY_NONE)
		return;
	buffer_add_string(out, joined->recovery == RECOVERY_WHOLE
				       ? ",\"recovered\":true"
				       : ",\"recovered\":false");
	if (joined->recovery == RECOVERY_WHOLE && joined->is_of_other)
		buffer_add_string(out, ",\"overlap\":true");
	buffer_add_string(out, ",\"messages\":[");
	confab_add_messages(out, joined->messages, joined->count, user);
	buffer_add_byte(out, ']');
}

static void
write_login(struct buffer *out, const struct answer *answer)
{
	const struct login_answer *login = &answer->login;

	confab_add_text(out, "\"client\":", text_of(login->client));
	confab_add_text(out, ",\"user\":", login->user);
	confab_add_number(out, ",\"platform\":", login->platform);
	confab_add_text(out, ",\"tenant\":", login->tenant);
	confab_add_number(out, ",\"host\":", login->host);
	confab_add_number(out, ",\"time\":", login->unix_ms);
	if (login->ping_ms % 1000)
		buffer_add_format(
			out, ",\"ping\":%.3f", (double)login->ping_ms / 1000);
	else
		confab_add_number(out, ",\"ping\":", login->ping_ms / 1000);
	confab_add_epoch(out, ",\"inbox\":{\"epoch\":", login->inbox->epoch);
	confab_add_number(out, ",\"offset\":", login->inbox->offset);
	write_place_id(out, login->inbox);
	buffer_add_byte(out, '}');
	if (login->expires_ms)
		confab_add_number(out, ",\"expires\":", login->expires_ms);
	write_recovery(out, login->inbox, login->user);
}

static void
write_nothing(struct buffer *out, const struct answer *answer)
{
	(void)out;
	(void)answer;
}

static void
write_time(struct buffer *out, const struct answer *answer)
{
	confab_add_number(out, "\"time\":", answer->unix_ms);
}

static void
write_join(struct buffer *out, const struct joined *joined, struct text user)
{
	confab_add_text(out, "\"room\":", joined->room);
	confab_add_epoch(out, ",\"epoch\":", joined->epoch);
	confab_add_number(out, ",\"offset\":", joined->offset);
	confab_add_number(out, ",\"users\":", joined->users);
	confab_add_number(out, ",\"connections\":", joined->connections);
	confab_add_number(out, ",\"read\":", joined->read);
	write_place_id(out, joined);
	write_recovery(out, joined, user);
}

static void
write_leave(struct buffer *out, const struct answer *answer)
{
	confab_add_text(out, "\"room\":", answer->room);
}

static void
write_say(struct buffer *out, const struct answer *answer)
{
	const struct said *said = answer->say.said;

	confab_add_id(out, said->id_time, said->id_origin);
	if (said->offset == 0) {
		confab_add_number(out, ",\"reached\":", answer->say.reached);
		return;
	}
	confab_add_epoch(out, ",\"epoch\":", said->epoch);
	confab_add_number(out, ",\"offset\":", said->offset);
}

/* Newest first; next is the before of the next request. */
static void
write_found(struct buffer *out, const struct page *page, struct text user)
{
	confab_add_epoch(out, "\"epoch\":", page->epoch);
	buffer_add_string(
		out, page->more ? ",\"more\":true" : ",\"more\":false");
	if (page->more)
		confab_add_number(out, ",\"next\":", page->first);
	buffer_add_string(out, ",\"messages\":[");
	confab_add_messages(out, page->messages, page->count, user);
	buffer_add_byte(out, ']');
}

static void
write_members(struct buffer *out, const struct answer *answer)
{
	confab_add_members(out, answer->members);
}

static void
write_rooms(struct buffer *out, const struct answer *answer)
{
	const struct rooms_answer *rooms = &answer->rooms;

	buffer_add_string(out, "\"rooms\":[");
	for (size_t i = 0; i < rooms->count; i++) {
		const struct room_line *line = &rooms->lines[i];

		confab_add_text(
			out, i > 0 ? ",{\"room\":" : "{\"room\":", line->room);
		confab_add_epoch(out, ",\"epoch\":", line->epoch);
		confab_add_number(out, ",\"offset\":", line->offset);
		if (rooms->is_listed) {
			confab_add_number(out, ",\"users\":", line->users);
			confab_add_number(out, ",\"time\":", line->time);
		} else {
			confab_add_number(out, ",\"read\":", line->read);
		}
		buffer_add_byte(out, '}');
	}
	buffer_add_byte(out, ']');
	if (rooms->next.length > 0)
		confab_add_text(out, ",\"next\":", rooms->next);
}

static void
write_read(struct buffer *out, const struct answer *answer)
{
	confab_add_number(out, "\"offset\":", answer->read.offset);
	if (answer->read.is_of_two)
		confab_add_number(
			out, ",\"with_offset\":", answer->read.with_offset);
}

static void
write_online(struct buffer *out, const struct answer *answer)
{
	struct unpack in = unpack_of(answer->online);
	const char *before = "";

	buffer_add_string(out, "\"online\":{");
	while (in.at < in.end && !in.failed) {
		confab_add_text(out, before, unpack_text(&in));
		before = ":[";
		for (uint64_t i = unpack_number(&in); i > 0; i--) {
			confab_add_number(out, before, unpack_number(&in));
			before = ",";
		}
		before = "],";
	}
	buffer_add_string(out, answer->online.length > 0 ? "]}" : "}");
}

static void
write_token(struct buffer *out, const struct answer *answer)
{
	confab_add_number(out, "\"expires\":", answer->expires_ms);
}

static void
write_types(struct buffer *out, const struct answer *answer)
{
	const struct subscription *subscription = answer->subscription;
	size_t count = subscription_count(subscription);
	const char *before = "";

	buffer_add_string(out, "\"types\":[");
	for (size_t i = 0; i < count; i++) {
		confab_add_text(
			out, before, subscription_type(subscription, i));
		before = ",";
	}
	buffer_add_string(out, subscription ? "]" : "],\"all\":true");
}

static void
write_data(struct buffer *out, struct text user, const struct answer *answer)
{
	static void (*const writers[ANSWER_KIND_COUNT])(
		struct buffer *, const struct answer *) = {
		[ANSWER_DONE] = write_nothing,
		[ANSWER_LOGIN] = write_login,
		[ANSWER_TIME] = write_time,
		[ANSWER_LEAVE] = write_leave,
		[ANSWER_SAY] = write_say,
		[ANSWER_MEMBERS] = write_members,
		[ANSWER_ROOMS] = write_rooms,
		[ANSWER_TYPES] = write_types,
		[ANSWER_TOKEN] = write_token,
		[ANSWER_READ] = write_read,
		[ANSWER_ONLINE] = write_online,
	};

	if (answer->kind == ANSWER_PAGE) {
		confab_add_page(out, answer->page, user);
		return;
	}
	if (answer->kind == ANSWER_FOUND) {
		write_found(out, answer->page, user);
		return;
	}
	if (answer->kind == ANSWER_JOIN) {
		write_join(out, answer->joined, user);
		return;
	}
	must(writers[answer->kind] != NULL);
	writers[answer->kind](out, answer);
}

void
confab_write_moved(struct buffer *out, const struct session *session,
	const struct answer *answer)
{
	buffer_add_string(out, answer->kind == ANSWER_JOIN
				       ? "{\"cmd\":\"join\",\"data\":{"
				       : "{\"cmd\":\"leave\",\"data\":{");
	write_data(out, session_user(session), answer);
	buffer_add_string(out, "}}");
}

void
confab_write_answer(struct buffer *out, struct text verb, struct text seq,
	struct text user, const struct answer *answer)
{
	buffer_add_byte(out, '{');
	if (seq.length > 0) {
		buffer_add_string(out, "\"seq\":");
		buffer_add_text(out, seq);
		buffer_add_byte(out, ',');
	}
	confab_add_text(out, "\"cmd\":", verb);
	if (answer->kind == ANSWER_REFUSAL) {
		confab_add_number(out, ",\"code\":", answer->refusal.code);
		confab_add_text(out, ",\"error\":", answer->refusal.error);
		if (answer->refusal.retry_ms > 0) {
			confab_add_number(out, ",\"data\":{\"retry_ms\":",
				answer->refusal.retry_ms);
			buffer_add_byte(out, '}');
		}
	} else {
		buffer_add_string(out, ",\"code\":200,\"data\":{");
		write_data(out, user, answer);
		buffer_add_byte(out, '}');
	}
	buffer_add_byte(out, '}');
}
