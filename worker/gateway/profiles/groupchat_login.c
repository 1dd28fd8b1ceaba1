/*
 * Logins of the profile `groupchat`, in three steps: the core's own, the roll,
 * and the rooms on it. Each brings what its user has missed, which comes before
 * the reply. The tag tells which step was asked for; until the last answer no
 * frame is read.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/login.h"
#include "worker/gateway/login_request.h"
#include "worker/gateway/profiles/groupchat_inside.h"
#include "worker/gateway/receipts.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

/* The session's note; texts follow each other in bytes. */
struct groupchat_binding {
	unsigned left;         /* what has not been answered */
	enum gochat_code code; /* of the login */
	size_t to_length, group_length, seq_length;
	char bytes[];
};

struct groupchat_target
groupchat_bound(const struct session *session)
{
	const struct groupchat_binding *binding = session->note;

	return (struct groupchat_target){
		.to = { binding->bytes, binding->to_length },
		.group = { binding->bytes + binding->to_length,
			binding->group_length },
	};
}

/* Of the login. */
static struct text
seq_of(const struct groupchat_binding *binding)
{
	return (struct text){ binding->bytes + binding->to_length +
				      binding->group_length,
		binding->seq_length };
}

static void
bind(struct session *session, const struct groupchat_target *target,
	struct text seq)
{
	size_t bytes = target->to.length + target->group.length + seq.length;
	struct groupchat_binding *binding =
		base_alloc_zeroed(1, sizeof(*binding) + bytes);
	char *at = binding->bytes;

	binding->left = 1; /* not all is asked */
	binding->code = GOCHAT_OK;
	binding->to_length = target->to.length;
	binding->group_length = target->group.length;
	binding->seq_length = seq.length;
	memcpy(at, target->to.at, target->to.length);
	at += target->to.length;
	memcpy(at, target->group.at, target->group.length);
	at += target->group.length;
	memcpy(at, seq.at, seq.length);
	free(session->note);
	session->note = binding;
}

static bool
read_login(const json_t *data, struct login_request *login,
	struct groupchat_target *target)
{
	return (!data || json_is_object(data)) &&
	       gojson_text(data, "userId", &login->user) &&
	       gochat_read_app(data, "appId", &login->platform) &&
	       gojson_text(data, "token", &login->token) &&
	       groupchat_read_target(data, target);
}

static enum gochat_code
judge_login(const struct login_request *login,
	const struct groupchat_target *target)
{
	if (!text_is_name(login->user, 1, GROUPCHAT_USER_BYTES_MAX) ||
		text_equal(login->user, TEXT_LITERAL("null")))
		return GOCHAT_BAD_USER;
	if (!groupchat_is_app(login->platform))
		return GOCHAT_FORBIDDEN;
	if (groupchat_names_group(target->group) &&
		!groupchat_is_group(target->group))
		return GOCHAT_BAD_DATA;
	return GOCHAT_OK;
}

bool
groupchat_is_in(const struct session *session)
{
	const struct groupchat_binding *binding = session->note;

	return session->identity && binding && binding->code == GOCHAT_OK;
}

/* Nothing would be otherwise by it. */
static bool
is_logged_in_so(const struct session *session,
	const struct login_request *login,
	const struct groupchat_target *target)
{
	struct groupchat_target bound;

	if (!groupchat_is_in(session))
		return false;
	bound = groupchat_bound(session);
	return text_equal(session_user(session), login->user) &&
	       session->platform == login->platform &&
	       text_equal(bound.to, target->to) &&
	       text_equal(bound.group, target->group);
}

static void
log_in(struct session *session, const struct gochat_request *request,
	const struct login_request *login,
	const struct groupchat_target *target)
{
	static const char tag = TAG_LOGIN;

	if (is_logged_in_so(session, login, target)) {
		lane_beat(&session->lane);
		groupchat_reply_to(session, request, GOCHAT_OK);
		return;
	}
	if (session->identity) {
		receipts_note(session);
		login_end(session, TEXT_LITERAL(""));
		if (session->identity)
			return; /* kept, and read again */
	}
	bind(session, target, request->seq);
	login_run(session, (struct text){ &tag, 1 }, login);
}

void
groupchat_do_login(
	struct session *session, const struct gochat_request *request)
{
	struct login_request login = {
		.tenant = TEXT_LITERAL("default"),
		.has_platform = true,
		.wants_unread = true,
	};
	struct groupchat_target target;
	enum gochat_code code = GOCHAT_BAD_DATA;

	if (request->seq.length <= GOCHAT_SEQ_BYTES_MAX &&
		read_login(request->data, &login, &target))
		code = judge_login(&login, &target);
	if (code == GOCHAT_OK)
		log_in(session, request, &login, &target);
	else
		groupchat_reply_to(session, request, code);
}

/* Who is known to the core and was not let into his group is not logged in as
 * far as he is told. (No answer may close a lane: others still hold what it is
 * the answer to.) */
static void
end_login(struct session *session)
{
	const struct groupchat_binding *binding = session->note;

	if (binding->code == GOCHAT_OK)
		lane_beat(&session->lane);
	groupchat_reply(
		session, seq_of(binding), TEXT_LITERAL("login"), binding->code);
}

void
groupchat_await(struct session *session)
{
	((struct groupchat_binding *)session->note)->left++;
}

void
groupchat_settle(struct session *session)
{
	struct groupchat_binding *binding = session->note;

	must(binding->left > 0);
	if (--binding->left == 0)
		end_login(session);
}

static void
enrol(struct session *session)
{
	static const char tag = TAG_LOGIN;
	const struct groupchat_target target = groupchat_bound(session);
	char room[ROOM_BYTES_MAX + 1] = "";

	if (groupchat_names_group(target.group))
		groupchat_room(room, target.group);
	talk_enrol(session, (struct text){ &tag, 1 }, text_of(room));
}

/* Who is new there has missed nothing. */
static void
join(struct session *session, char step, struct text room, bool is_new)
{
	const struct join_request request = {
		.room = room,
		.events = true,
		.presence = step == TAG_BOUND,
		.wants_unread = !is_new,
	};

	groupchat_await(session);
	talk_join(session, (struct text){ &step, 1 }, &request);
}

/* A group of his beside the one that he names. */
static void
join_other(struct session *session, struct text room, struct text bound)
{
	if (groupchat_group(room).length > 0 && !text_equal(room, bound))
		join(session, TAG_OTHER, room, false);
}

/* The room that is named comes first: a connection may be in so many only. */
static void
join_rooms(struct session *session, const struct roll *roll)
{
	const struct groupchat_target target = groupchat_bound(session);
	struct unpack in = unpack_of(roll->names);
	char first[ROOM_BYTES_MAX + 1], bound[ROOM_BYTES_MAX + 1] = "";
	bool is_first = groupchat_is_first_user(session_user(session));

	groupchat_room(first, GROUPCHAT_GROUP);
	if (groupchat_names_group(target.group)) {
		groupchat_room(bound, target.group);
		join(session, TAG_BOUND, text_of(bound),
			roll->is_new &&
				!(is_first && strcmp(first, bound) == 0));
	}
	if (is_first)
		join_other(session, text_of(first), text_of(bound));
	for (uint64_t i = 0; i < roll->count; i++) {
		struct text room = unpack_text(&in);

		if (!is_first || !text_equal(room, text_of(first)))
			join_other(session, room, text_of(bound));
	}
	groupchat_settle(session);
}

static void
fail(struct session *session, const struct refusal *refusal)
{
	((struct groupchat_binding *)session->note)->code =
		gochat_code_of(refusal);
}

/* ANSWER_DONE: a newer login of the user was faster. */
static void
take_step(struct session *session, const struct answer *answer)
{
	if (answer->kind == ANSWER_LOGIN) {
		groupchat_push_missed(
			session, TEXT_LITERAL(""), answer->login.inbox);
		enrol(session);
	} else if (answer->kind == ANSWER_ROLL) {
		join_rooms(session, answer->roll);
	} else {
		if (answer->kind == ANSWER_REFUSAL)
			fail(session, &answer->refusal);
		groupchat_settle(session);
	}
}

void
groupchat_on_login(
	struct session *session, char step, const struct answer *answer)
{
	must(session->note != NULL);
	if (step == TAG_LOGIN) {
		take_step(session, answer);
		return;
	}
	if (answer->kind == ANSWER_JOIN)
		groupchat_push_missed(
			session, answer->joined->room, answer->joined);
	else if (step == TAG_BOUND && answer->kind == ANSWER_REFUSAL)
		fail(session, &answer->refusal);
	groupchat_settle(session);
}
