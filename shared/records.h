/*
 * The records of records.def as structs, with pack and unpack for each:
 *
 *	void join_pack(struct buffer *out, const struct join *join);
 *	bool join_unpack(struct unpack *in, struct join *join);
 *
 * Texts of an unpacked record are borrowed from the bytes it was read from;
 * unpack answers false when the bytes are not such a record. One that ends at a
 * MORE was written before the fields behind it were: they are 0 and empty.
 */
#ifndef SHARED_RECORDS_H
#define SHARED_RECORDS_H

#include "shared/pack.h"

enum message_flag {
	MESSAGE_ECHO = 1,       /* the sender's own connection gets it too */
	MESSAGE_EDIT = 2,       /* gives the body of an earlier one anew */
	MESSAGE_DELETE = 4,     /* takes an earlier one away */
	MESSAGE_EDITED = 8,     /* its body is not the first one */
	MESSAGE_DELETED = 16,   /* its body is null */
	MESSAGE_MARK = 32,      /* is none, but tells how far somebody read */
	MESSAGE_MODERATED = 64, /* a change by somebody who may change all */
	MESSAGE_ROOM_KEY = 128, /* its key is one of this room alone */
	MESSAGE_BAN = 256,      /* is none, but gives or lifts a ban */
	MESSAGE_TRIM = 512, /* is none, but takes all before of_offset away */
	MESSAGE_SHARED_KEY = 1024, /* its key is one of the tenant */
	MESSAGE_SYSTEM = 2048,     /* is none, but registers its tenant */
	MESSAGE_ENROL = 4096,      /* is none, but its sender is of the room */
	MESSAGE_HAUL = 8192,       /* is none, but sets the point of a source */
};

/* The point of a hole, see haul_place in records.def, that is done. */
#define HAUL_ARCHIVE_END ((uint64_t)INT64_MAX)

/* Notes are kept in the journal with the messages, and are none. */
#define MESSAGE_NOTES                                                          \
	(MESSAGE_MARK | MESSAGE_BAN | MESSAGE_TRIM | MESSAGE_SYSTEM |          \
		MESSAGE_ENROL | MESSAGE_HAUL)

/* Changes stand in their stream like messages, but are none to be read. */
#define MESSAGE_CHANGES (MESSAGE_EDIT | MESSAGE_DELETE)

/* May this change change what that user has said? */
static inline bool
message_may_change(uint64_t change_flags, struct text changer, struct text user)
{
	return change_flags & MESSAGE_MODERATED || text_equal(changer, user);
}

/* So much the messages of one says are at most, each with its body. */
#define SAYS_BYTES_MAX (4U << 20)

enum join_flag {
	JOIN_EVENTS = 1,    /* wants enter and exit pushes */
	JOIN_PRESENCE = 2,  /* is counted and listed */
	JOIN_ANNOUNCED = 4, /* was a member before this ledger lived */
	JOIN_RECOVER = 8,   /* wants what came after from_offset */
	JOIN_INBOX = 16,    /* no room: the user's inbox, at a login */
	JOIN_ATTEND = 32,   /* with JOIN_INBOX: to be told of as online */
	JOIN_UNREAD = 64,   /* with JOIN_RECOVER: what came after his mark */
};

enum joined_recovery {
	RECOVERY_NONE,  /* was not asked for */
	RECOVERY_LOST,  /* cannot be */
	RECOVERY_WHOLE, /* here is all that was missed */
};

enum lookup_mode {
	LOOKUP_NEWEST,    /* the last ones; anchor unused */
	LOOKUP_BEFORE,    /* offset < anchor, the nearest ones */
	LOOKUP_AFTER,     /* offset > anchor, the nearest ones */
	LOOKUP_BEFORE_ID, /* as BEFORE, of the message with this id */
	LOOKUP_AFTER_ID,
	LOOKUP_FROM_TIME, /* the first ones said at or after id_time */
	LOOKUP_ID,        /* the message with this id alone */
};

enum hook_what {
	HOOK_CONNECT = 1, /* may this user log in? */
	HOOK_SAY,         /* may this be said in the room? */
	HOOK_EDIT,        /* may a message there become this? */
};

enum hooked_verdict {
	HOOKED_ALLOWED,
	HOOKED_REFUSED,
	HOOKED_DOWN, /* there is no answer, or none that makes sense */
};

/* Rooms that a backend may name with a login. */
#define HOOKED_ROOMS_MAX 100

enum kick_why {
	KICK_NOT,
	KICK_BY_OPERATOR,
	KICK_REPLACED,  /* by another login */
	KICK_REFUSED,   /* an older login stays */
	KICK_TOO_MANY,  /* so many older ones stay */
	KICK_TAKEN_OUT, /* of a room, by a backend: it is a leave */
	KICK_TENANT_FULL,
	KICK_BANNED,
	KICK_EXPIRED, /* the token */
};

enum wish_what {
	WISH_KICK_USER = 1, /* his connections of this platform */
	WISH_KICK_CLIENT,
	WISH_KICK_MEMBER, /* the user out of the room */
	WISH_SAY_ROOM,
	WISH_SAY_USER,
	WISH_EDIT, /* the message `of`, in a room */
	WISH_DELETE,
	WISH_TRACE,
	WISH_TRACE_END,
};

enum ban_what {
	BAN_SET = 1,
	BAN_LIFT,
	BAN_LOOK, /* to a gateway: look who of all is banned */
};

/* First byte of what a stream is named by; the last two are no streams but only
 * ways of a message. */
enum stream_kind {
	STREAM_ROOM = 'r',
	STREAM_INBOX = 'i',
	STREAM_CLIENT = 'c',
	STREAM_TENANT = 't',
};

#define RECORDS "shared/records.def"
#include "shared/records_declare.def"
#undef RECORDS

/* The clock of this host when the message got its place, by which a stream
 * grows; the id of one that was said elsewhere is older. */
static inline uint64_t
message_clock(const struct message *message)
{
	return message->placed ? message->placed : message->id_time;
}

#endif
