/*
 * What the files of the profile `groupchat` share: to whom a connection
 * speaks, and replies. Private to this profile.
 */
#ifndef WORKER_GATEWAY_PROFILES_GROUPCHAT_INSIDE_H
#define WORKER_GATEWAY_PROFILES_GROUPCHAT_INSIDE_H

#include <stdbool.h>

#include "shared/groupchat.h"
#include "shared/text.h"
#include "worker/gateway/profiles/gochat.h"

struct answer;
struct joined;
struct session;

/* The first byte of a tag. */
#define TAG_LOGIN 'l'
#define TAG_BOUND 'b' /* into the room that the login names */
#define TAG_OTHER 'o' /* into another one on the roll */
#define TAG_SAY 's'   /* and its seq */
#define TAG_PAGE 'p'  /* and what groupchat_missed.c wants to know */

/* To whom something is said, as a client says it. */
struct groupchat_target {
	struct text to, group;
};

/* As the login had it, which there was; borrowed from the session's note. */
struct groupchat_target groupchat_bound(const struct session *session);

/* Is it a group, and not the word for none? */
bool groupchat_names_group(struct text group);

bool groupchat_read_target(const json_t *data, struct groupchat_target *target);

void groupchat_reply(struct session *session, struct text seq,
	struct text action, enum gochat_code code);
void groupchat_reply_to(struct session *session,
	const struct gochat_request *request, enum gochat_code code);

/* Has its login succeeded, and does it still hold? */
bool groupchat_is_in(const struct session *session);

/* groupchat_login.c; an answer to one of the steps, by its tag. */
void groupchat_do_login(
	struct session *session, const struct gochat_request *request);
void groupchat_on_login(
	struct session *session, char step, const struct answer *answer);

/* One thing more, or less, to wait for before the login is answered. */
void groupchat_await(struct session *session);
void groupchat_settle(struct session *session);

/* groupchat_missed.c: pushes what its user has missed, or begins to look it up;
 * of the inbox without a room. */
void groupchat_push_missed(
	struct session *session, struct text room, const struct joined *joined);
void groupchat_on_page(
	struct session *session, struct text tag, const struct answer *answer);

/* groupchat_say.c */
void groupchat_do_sendmsg(
	struct session *session, const struct gochat_request *request);
void groupchat_on_said(
	struct session *session, struct text seq, const struct answer *answer);

#endif
