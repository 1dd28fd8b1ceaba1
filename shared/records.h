/*
 * The records of records.def as structs, with pack and unpack for each:
 *
 *	void join_pack(struct buffer *out, const struct join *join);
 *	bool join_unpack(struct unpack *in, struct join *join);
 *
 * Texts of an unpacked record are borrowed from the bytes it was read from;
 * unpack answers false when the bytes are not such a record.
 */
#ifndef SHARED_RECORDS_H
#define SHARED_RECORDS_H

#include "shared/pack.h"

enum message_flag {
	MESSAGE_ECHO = 1, /* the sender's own connection gets it too */
};

enum join_flag {
	JOIN_EVENTS = 1,    /* wants enter and exit pushes */
	JOIN_PRESENCE = 2,  /* is counted and listed */
	JOIN_ANNOUNCED = 4, /* was a member before this ledger lived */
	JOIN_RECOVER = 8,   /* wants what came after from_offset */
};

enum joined_recovery {
	RECOVERY_NONE,  /* was not asked for */
	RECOVERY_LOST,  /* cannot be */
	RECOVERY_WHOLE, /* here is all that was missed */
};

enum lookup_mode {
	LOOKUP_NEWEST, /* the last ones; anchor unused */
	LOOKUP_BEFORE, /* offset < anchor, the nearest ones */
	LOOKUP_AFTER,  /* offset > anchor, the nearest ones */
};

/* First byte of what a stream is named by. */
enum stream_kind {
	STREAM_ROOM = 'r',
	STREAM_INBOX = 'i',
};

#define NUMBER(field) uint64_t field;
#define TEXT(field) struct text field;
#define RECORD(name, fields)                                                   \
	struct name {                                                          \
		fields                                                         \
	};                                                                     \
	void name##_pack(struct buffer *out, const struct name *it);           \
	bool name##_unpack(struct unpack *in, struct name *it);
#include "shared/records.def"
#undef RECORD
#undef TEXT
#undef NUMBER

#endif
