/*
 * The ledger's fixture with users and direct messages between them.
 */
#ifndef TESTS_UNIT_MAIL_FIXTURE_H
#define TESTS_UNIT_MAIL_FIXTURE_H

#include "tests/unit/ledger_fixture.h"

#include "shared/mail.h"

static inline void
add_user(unsigned slot, const char *user)
{
	struct index_entry entry = { .tenant_length = 1,
		.user_length = (uint8_t)strlen(user) };

	entry.tenant[0] = 't';
	memcpy(entry.user, user, entry.user_length);
	assert_true(index_add(fake.arena, slot, &entry));
}

/* Users, with a space between them, as sides without offsets. */
static inline void
pack_sides(struct buffer *others, const char *users)
{
	while (*users != 0) {
		size_t length = strcspn(users, " ");

		mail_add_side(
			others, &(struct mail_side){ { users, length }, 0 });
		users += length + (users[length] == ' ');
	}
}

static inline void
show_mail_with(uint64_t request, const char *from, const char *to,
	const char *body, const char *key)
{
	struct buffer others = { 0 };

	pack_sides(&others, to);
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = text_of(from),
		.from = text_of(from), .body = text_of(body),
		.key = text_of(key), .others = buffer_text(&others),
		.request = request, .connection = 100 + request);
	buffer_fini(&others);
}

static inline void
show_mail(uint64_t request, const char *from, const char *to, const char *body)
{
	show_mail_with(request, from, to, body, "");
}

#endif
