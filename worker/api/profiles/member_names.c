#include "worker/api/profiles/member_names.h"

#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/gojson.h"
#include "shared/message.h"
#include "shared/records.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/scene.h"
#include "worker/edge/ledgers.h"

#define PAGE 1000

struct names_errand {
	struct errand errand; /* first */
	const struct member_names_hooks *hooks;
	struct text tenant;
	char room[ROOM_BYTES_MAX];
	size_t room_length;
	char last[USER_BYTES_MAX]; /* of the names so far */
	size_t last_length;
	size_t count;
	struct buffer names; /* JSON */
};

static struct names_errand *
names_of(struct errand *errand)
{
	return (struct names_errand *)errand;
}

static void
ask_for_page(struct names_errand *names)
{
	struct errand *errand = &names->errand;
	struct edge *edge = &errand->errands->edge;
	const struct members_wanted wanted = {
		.request = errand->request,
		.tenant = names->tenant,
		.room = { names->room, names->room_length },
		.after = { names->last, names->last_length },
		.limit = PAGE,
	};
	unsigned ledger = ledgers_of_room(edge, wanted.tenant, wanted.room);

	members_wanted_pack(edge_letter(edge, LETTER_MEMBERS_WANTED), &wanted);
	errand_keep(errand, ledger);
	errand_offer(errand, ledger);
}

/* One that comes twice, because a new ledger was asked again, adds nobody. */
static void
add_name(struct names_errand *names, struct text user)
{
	const struct text last = { names->last, names->last_length };

	if (user.length > USER_BYTES_MAX || text_compare(user, last) <= 0)
		return;
	if (names->count++ > 0)
		buffer_add_byte(&names->names, ',');
	gojson_write_string(&names->names, user);
	memcpy(names->last, user.at, user.length);
	names->last_length = user.length;
}

static void
add_page(struct names_errand *names, const struct members_page *page)
{
	struct unpack in = unpack_of(page->members);

	for (uint64_t i = 0; i < page->count && !in.failed; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct member member;

		if (member_unpack(&one, &member))
			add_name(names, member.user);
	}
}

static void
refuse(struct errand *errand, struct text why)
{
	names_of(errand)->hooks->refuse(errand->exchange, why);
	errand_end(errand);
}

static void
on_late(struct errand *errand)
{
	refuse(errand, TEXT_LITERAL(ERRAND_LATE));
}

/* Where a page brings nobody new, another one is on its way. */
static void
on_page(struct names_errand *names, const struct members_page *page)
{
	size_t before = names->count;

	add_page(names, page);
	if (!page->more || names->count >= MEMBER_NAMES_MAX) {
		names->hooks->reply(names->errand.exchange, names->count,
			buffer_text(&names->names));
		errand_end(&names->errand);
	} else if (names->count > before) {
		ask_for_page(names);
	}
}

static void
on_letter(struct errand *errand, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct refused refused = { 0 };
	struct members_page page;

	if (letter->kind == LETTER_MEMBERS_PAGE &&
		members_page_unpack(&in, &page))
		on_page(names_of(errand), &page);
	else if (letter->kind == LETTER_REFUSED &&
		 refused_unpack(&in, &refused))
		refuse(errand, refused.error);
}

static void
on_end(struct errand *errand)
{
	buffer_fini(&names_of(errand)->names);
}

void
member_names_ask(struct exchange *exchange, struct text tenant,
	struct text room, const struct member_names_hooks *hooks)
{
	static const struct errand_hooks errand_hooks = {
		.on_letter = on_letter,
		.on_late = on_late,
		.on_end = on_end,
	};
	struct names_errand *names = errand_begin(exchange->scene->errands,
		exchange, sizeof(*names), &errand_hooks);

	if (!names)
		return;
	must(room.length <= sizeof(names->room));
	names->hooks = hooks;
	names->tenant = tenant;
	memcpy(names->room, room.at, room.length);
	names->room_length = room.length;
	ask_for_page(names);
}
