/*
 * A session: one connection of a client, from its handshake to its end, with
 * the lane below it and the profile that speaks with it. One user after the
 * other may log in on it; requests and memberships need that.
 *
 * The rule for profiles: exactly one answer per request, by session_answer(),
 * at once or when a letter brings it. Requests take effect in the order in
 * which they came: what concerns a room whose join is not answered yet is kept
 * with the membership and read again after it; everything else goes on. Where
 * one user gives way to another (login, logout) the session waits: all frames
 * are kept until everything asked before is answered, so nothing of one user is
 * ever answered to another. It also waits while the message of a change is
 * looked up, so that what comes behind the change finds it done. A session that
 * has too much in flight is held, so its input waits in its socket.
 */
#ifndef WORKER_GATEWAY_SESSION_H
#define WORKER_GATEWAY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/pace.h"
#include "shared/text.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/lane.h"

struct gateway;
struct grant;
struct kept;
struct membership;
struct pending;
struct profile;
struct subscription;

/* The longest tag of a request: command and seq. */
#define SESSION_TAG_MAX 2048

/* Who is logged in; tenant, user and info follow each other in bytes. */
struct identity {
	uint8_t tenant_length, user_length;
	uint16_t info_length; /* 0: none */
	char bytes[];
};

struct session {
	struct lane lane; /* first: a lane is a session */
	struct gateway *gateway;
	const struct profile *profile;
	struct identity *identity; /* NULL: not logged in */
	struct membership *memberships;
	struct pending *pendings;
	struct kept *kept; /* frames that came while it waits */
	uint64_t inbox_epoch, inbox_offset; /* of the last message seen there */
	uint64_t inbox_delivered;           /* up to where there is a receipt */
	struct subscription *subscription;  /* NULL: to all types */
	struct grant *grant; /* of its token; NULL: it came without one */
	void *note;          /* of the profile; freed with the session */
	struct session *next_due, *previous_due; /* of gateway->due */
	struct pace pace; /* of what limits.messages_per_second counts */
	uint64_t since_ms;
	uint32_t place; /* in the index, once logged in */
	uint32_t serial;
	uint32_t platform;
	uint16_t membership_count;
	uint16_t pending_count;    /* all */
	uint16_t lookup_count;     /* those whose answers may be large */
	uint16_t say_count;        /* messages among them, not yet refused */
	uint16_t change_count;     /* changes whose message is looked up */
	uint16_t kept_count;       /* frames that wait to be read */
	uint32_t kept_bytes;       /* of these frames */
	uint16_t port;             /* of the client, host order */
	uint32_t heartbeat_ms;     /* of its listener */
	uint8_t login_policy;      /* of its listener */
	uint8_t bad_in_a_row;      /* for the profile: frames without sense */
	uint8_t bad_tokens;        /* in a row */
	uint8_t kick_why;          /* of one that is entering; 0: it may */
	bool is_replaced : 1;      /* it had a user, whom a newer one has now */
	bool is_waiting : 1;       /* for all that was asked to be answered */
	bool waits_for_change : 1; /* for that alone */
	bool is_due : 1;           /* in gateway->due: waiting is over */
	bool is_counted : 1;       /* among the callers of its address */
	bool is_rereading : 1;     /* a frame that was kept */
	bool is_entering : 1;      /* the login is not answered yet */
	bool is_noted : 1;         /* in the log, see guestbook.h */
	bool is_sent_away : 1;     /* by an operator: it is not lost */
	bool is_ending : 1;        /* the connection is gone */
	bool is_attended : 1;  /* the ledger of the inbox hears of its end */
	bool is_in_tenant : 1; /* counted there, see tenants.h */
	uint8_t end_why : 4;   /* one more than why it ends; 0: it stays */
	uint8_t address[16];
};

/* Once logged in; empty before. */
struct text session_tenant(const struct session *session);
struct text session_user(const struct session *session);
struct text session_info(const struct session *session);

/* Of who is logged in; what rooms were told before stays until they are told
 * again. */
void session_set_info(struct session *session, struct text info);

/* What becomes of other logins of its user: an enum login_policy; and is that
 * told to those who give way? */
unsigned session_login_policy(const struct session *session);
bool session_gives_way_silently(const struct session *session);

/* The connection is gone: may its user come back before others see an exit? */
bool session_has_grace(const struct session *session);

/* Names the connection in letters; 0 before the login. */
uint64_t session_connection(const struct session *session);

/* The other way; NULL when it is gone. */
struct session *session_of(const struct gateway *gateway, uint64_t connection);

/* Profiles: sends a payload as one frame. */
void session_send(struct session *session, struct text payload);

/* Profiles: closes at the end of the turn, behind all that was sent, and reads
 * nothing more; also from within an answer. */
void session_end(struct session *session, enum close_why why);

/* A backend has made the user join or leave a room. */
void session_tell_moved(struct session *session, const struct answer *answer);

/* The connection will be closed so much later. */
void session_tell_drain(struct session *session, uint64_t in_ms);

void session_answer(
	struct session *session, struct text tag, const struct answer *answer);
void session_refuse(struct session *session, struct text tag,
	enum answer_code code, const char *error);

/* A frame has come: it is read, or kept while the session waits. */
void session_take(struct session *session, struct text text);

/* Until all that was asked is answered, no frame is read that comes behind the
 * one that is being read; that one too is kept and read again if it says so by
 * session_keep() with session->kept. */
void session_wait(struct session *session);

/* The same until the change that was asked for is on its way. */
void session_wait_for_change(struct session *session);

/* Each turn: sessions whose waiting is over read what was kept, and those that
 * are to end do. */
void session_resume_due(struct gateway *gateway);

/* The connection is gone: nothing that was kept is read. */
void session_stop_waiting(struct session *session);

/* Keeps the frame that is being read in a list, until that is read again or
 * dropped. */
void session_keep(struct session *session, struct kept **list);
void session_read_kept(struct session *session, struct kept *list);
void session_drop_kept(struct session *session, struct kept *list);

/* Is one more message not too many? False: after retry_ms it is not. What was
 * kept has been counted before. */
bool session_may_go_on(struct session *session, uint64_t *retry_ms);

/* What was just said goes to so many; each ten of them count as one more. */
void session_charge(struct session *session, uint64_t recipients);

/* Something is more or less in flight: holds the lane or lets it go on. */
void session_weigh(struct session *session);

#endif
